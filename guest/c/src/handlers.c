/* Called by the host: bodies, functions and listeners. */
#include <stdlib.h>

#include <satama/json.h>

#include "workflow.h"

enum { ENDING_COMPLETED = 0, ENDING_FAILED, ENDING_CANCELLED, ENDING_CONTINUED };

/* The bindings free what they are given with `free`, and nothing that is empty. */
static satama_view give(satama_view view)
{
    satama_view given = {NULL, view.len};
    if (view.len == 0) return given;
    char *copy = malloc(view.len);
    if (copy == NULL) abort();
    memcpy(copy, view.ptr, view.len);
    given.ptr = copy;
    return given;
}

static void take(satama_view view)
{
    if (view.len > 0) free((void *)(uintptr_t)view.ptr);
}

static void take_maybe(satama_maybe maybe)
{
    if (maybe.has) take(maybe.value);
}

static satama_failure give_failure(satama_arena *arena, satama_failure failure)
{
    failure = satama_failure_cut(arena, failure);
    failure.code = give(failure.code);
    failure.message = give(failure.message);
    if (failure.details.has) failure.details.value = give(failure.details.value);
    return failure;
}

/* Of a name that this component does not have. */
static satama_error unknown(satama_arena *arena, const char *what, satama_view name)
{
    satama_view quoted = satama_json_of_text(arena, name);
    satama_view code = satama_format(arena, "unknown-%s", what);
    satama_view message =
        satama_format(arena, "there is no %s %.*s here", what, SATAMA_ARG(quoted));
    return satama_fatal(arena, satama_c_string(arena, code), message);
}

static satama_error run_body(satama_arena *arena, const satama_workflow *table, size_t count,
                             satama_view workflow, satama_view input, satama_output *output)
{
    for (size_t at = 0; at < count; at++) {
        if (satama_is(workflow, table[at].name)) return table[at].body(arena, input, output);
    }
    return unknown(arena, "workflow", workflow);
}

void satama_run_workflow(const satama_workflow *table, size_t count, void *workflow, void *input,
                         void *ending)
{
    SATAMA_ARENA(arena);
    satama_view views[2];
    memcpy(&views[0], workflow, sizeof views[0]);
    memcpy(&views[1], input, sizeof views[1]);
    satama_output output = {{NULL, 0}, false};
    satama_wire_ending wire = {.kind = ENDING_CANCELLED};
    satama_error error = run_body(&arena, table, count, views[0], views[1], &output);
    if (error.code == SATAMA_OK) {
        wire.kind = output.continue_as_new ? ENDING_CONTINUED : ENDING_COMPLETED;
        wire.json = give(satama_json_or_null(output.json));
    } else if (!satama_is(satama_error_code(&error), "cancelled")) {
        wire.kind = ENDING_FAILED;
        wire.failure = give_failure(&arena, satama_failure_of(&arena, &error));
    }
    /* Also the failure of a child that was cancelled with this run, before this was told, is a
     * cancel. If nobody cancelled this run, the host makes it a failure again. */
    memcpy(ending, &wire, sizeof wire);
    take(views[0]);
    take(views[1]);
}

static satama_error call_handler(satama_arena *arena, const satama_function *table, size_t count,
                                 satama_view function, const satama_context *context,
                                 satama_view input, satama_view *output)
{
    for (size_t at = 0; at < count; at++) {
        if (satama_is(function, table[at].name)) {
            return table[at].handler(arena, context, input, output);
        }
    }
    return unknown(arena, "function", function);
}

bool satama_call_function(const satama_function *table, size_t count, void *function, void *input,
                          void *context, void *result, void *failure)
{
    SATAMA_ARENA(arena);
    satama_view views[2];
    satama_wire_context wire;
    memcpy(&views[0], function, sizeof views[0]);
    memcpy(&views[1], input, sizeof views[1]);
    memcpy(&wire, context, sizeof wire);
    satama_context given = {wire.run,
                            wire.workflow,
                            wire.step,
                            {wire.attempt.number, wire.attempt.key, satama_text("")},
                            wire.user};
    satama_view output = {NULL, 0};
    satama_error error =
        call_handler(&arena, table, count, views[0], &given, views[1], &output);
    if (error.code == SATAMA_OK) {
        satama_view json = give(satama_json_or_null(output));
        memcpy(result, &json, sizeof json);
    } else {
        satama_failure made = give_failure(&arena, satama_failure_of(&arena, &error));
        memcpy(failure, &made, sizeof made);
    }
    take(views[0]);
    take(views[1]);
    take(wire.run);
    take(wire.workflow);
    take(wire.step);
    take(wire.attempt.key);
    take_maybe(wire.user);
    return error.code == SATAMA_OK;
}

void satama_hear(void (*handle)(satama_arena *arena, const satama_event *event), void *event)
{
    SATAMA_ARENA(arena);
    satama_event heard;
    memcpy(&heard, event, sizeof heard);
    handle(&arena, &heard);
    take(heard.hub);
    take(heard.topic);
    take(heard.message.data);
    take_maybe(heard.position);
}
