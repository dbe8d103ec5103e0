/* What a component exports: its workflows, its functions, and what listens to topics.
 *
 * The world of the component says which: `export satama:services/workflow-handler@0.1.0;` and so
 * on. The macros define what the bindings of that world (plugin.h, which is included before) call.
 * All that a handler is given, and what it returns, lives in the arena that it gets, which is freed
 * after it. */
#ifndef SATAMA_HANDLERS_H
#define SATAMA_HANDLERS_H

#include <satama/workflow.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a body ends with. */
typedef struct satama_output {
    /* JSON; null, if it is not set. */
    satama_view json;
    /* Whether the run goes on from its start with this as its input, and an empty history. */
    bool continue_as_new;
} satama_output;

/* The body of a workflow. SATAMA_CANCELLED ends the run as cancelled, any other error as failed. */
typedef satama_error (*satama_body)(satama_arena *arena, satama_view input, satama_output *output);

/* A workflow under its name. */
typedef struct satama_workflow {
    const char *name;
    satama_body body;
} satama_workflow;

/* For which step a function is called. */
typedef struct satama_context {
    satama_view run;
    satama_view workflow;
    satama_view step;
    satama_attempt attempt;
    satama_maybe user;
} satama_context;

/* A function, which workflows call as a step. Its result is JSON; null, if it is not set. */
typedef satama_error (*satama_handler)(satama_arena *arena, const satama_context *context,
                                       satama_view input, satama_view *output);

/* A function under its name. */
typedef struct satama_function {
    const char *name;
    satama_handler handler;
} satama_function;

/* A message to a component that listens. */
typedef struct satama_event {
    satama_view hub;
    satama_view topic;
    satama_message message;
    /* Where it is in the topic's history, if it is kept. */
    satama_maybe position;
    /* Messages before this one may have been lost to this host. */
    bool missed;
} satama_event;

/* Exports workflows: an array of `satama_workflow`. A run of another name fails as
 * `unknown-workflow`. */
#define SATAMA_WORKFLOWS(table) \
    void exports_satama_services_workflow_handler_run( \
        exports_satama_services_workflow_handler_json_t *workflow, \
        exports_satama_services_workflow_handler_json_t *input, \
        exports_satama_services_workflow_handler_ending_t *ending) \
    { \
        SATAMA_SAME_SIZE(*ending, satama_wire_ending); \
        satama_run_workflow((table), sizeof(table) / sizeof((table)[0]), workflow, input, ending); \
    } \
    SATAMA_END

/* Exports functions: an array of `satama_function`. A call of another name fails as
 * `unknown-function`. */
#define SATAMA_FUNCTIONS(table) \
    bool exports_satama_services_function_handler_call( \
        exports_satama_services_function_handler_json_t *function, \
        exports_satama_services_function_handler_json_t *input, \
        exports_satama_services_function_handler_context_t *context, \
        exports_satama_services_function_handler_json_t *result, \
        exports_satama_services_function_handler_failure_t *failure) \
    { \
        SATAMA_SAME_SIZE(*context, satama_wire_context); \
        return satama_call_function((table), sizeof(table) / sizeof((table)[0]), function, input, \
                                    context, result, failure); \
    } \
    SATAMA_END

/* Exports what listens: a `void handle(satama_arena *arena, const satama_event *event)`. */
#define SATAMA_LISTENER(handle) \
    void exports_satama_services_hub_handler_handle( \
        exports_satama_services_hub_handler_event_t *event) \
    { \
        SATAMA_SAME_SIZE(*event, satama_event); \
        satama_hear((handle), event); \
    } \
    SATAMA_END

/* The rest is for these macros alone. The bindings name a string type after the world; so what they
 * hand over is taken as what it is in memory: the canonical ABI says what that is. */
typedef struct satama_wire_attempt {
    uint32_t number;
    satama_view key;
} satama_wire_attempt;

typedef struct satama_wire_context {
    satama_view run;
    satama_view workflow;
    satama_view step;
    satama_wire_attempt attempt;
    satama_maybe user;
} satama_wire_context;

typedef struct satama_wire_ending {
    uint8_t kind;
    union {
        satama_view json;
        satama_failure failure;
    };
} satama_wire_ending;

#define SATAMA_SAME_SIZE(value, type) \
    typedef char satama_same_size[sizeof(value) == sizeof(type) ? 1 : -1]; \
    (void)sizeof(satama_same_size)

/* Takes the semicolon after a macro. */
#define SATAMA_END struct satama_wire_ending

void satama_run_workflow(const satama_workflow *table, size_t count, void *workflow, void *input,
                         void *ending);
bool satama_call_function(const satama_function *table, size_t count, void *function, void *input,
                          void *context, void *result, void *failure);
void satama_hear(void (*handle)(satama_arena *arena, const satama_event *event), void *event);

#ifdef __cplusplus
}
#endif

#endif
