/* Durable workflows, from inside: steps, functions, timers, signals, approvals, children. See
 * wit/workflow.wit, and <satama/handlers.h> for how bodies and functions are exported.
 *
 * A body is called again from its start whenever its run goes on, and given what is recorded; so it
 * must ask for the same again. Inputs and results are JSON. */
#ifndef SATAMA_WORKFLOW_H
#define SATAMA_WORKFLOW_H

#include <satama/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What this run is. */
typedef struct satama_facts {
    satama_view run;
    satama_view workflow;
    /* How often it was continued as new. */
    uint32_t generation;
    satama_maybe user;
    satama_maybe parent;
    /* In milliseconds since 1970. */
    uint64_t started_at_ms;
    uint32_t history_events;
    /* Whether the history is long enough to continue as new. */
    bool continue_soon;
} satama_facts;

/* How the wait before another attempt grows. */
enum { SATAMA_BACKOFF_DEFAULT = 0, SATAMA_BACKOFF_FIXED, SATAMA_BACKOFF_EXPONENTIAL };

/* The wait before another attempt. All zeros is the default: exponential from a second to a minute,
 * a fifth of it left to chance. */
typedef struct satama_backoff {
    uint8_t kind;
    /* The wait before the second attempt, in milliseconds. */
    uint64_t delay_ms;
    /* The longest wait, in milliseconds. */
    uint64_t delay_max_ms;
    /* How much of a wait may be left out at random, in percent; at most 100. */
    uint8_t jitter_percent;
} satama_backoff;

/* A step to be. All but the name may be zeros: then it is tried once. */
typedef struct satama_step {
    satama_view name;
    /* Try it again up to so many times, so once more than this in all. */
    uint32_t retries;
    satama_backoff backoff;
    /* End an attempt that takes longer, in milliseconds. It has failed as `timeout` then. */
    satama_maybe_u64 timeout_ms;
    /* Mark it as one that undoes an earlier one. A saga does so by itself. */
    bool undo;
} satama_step;

/* One attempt of a step. */
typedef struct satama_attempt {
    /* Counts from one. */
    uint32_t number;
    /* The same for every attempt of this step of this run, and for no other: a UUID. */
    satama_view key;
    /* In a saga, the same for what undoes the step as well: a UUID. Elsewhere empty. */
    satama_view token;
} satama_attempt;

/* Something that was asked for. Given up if its arena is freed before a wait has answered: a timer
 * or an approval ends, and a signal goes to who asks next. */
typedef struct satama_pending satama_pending;

/* What a step does. Its result is JSON, which is copied once this returns; null, if it sets none. An
 * error is a failure, as `satama_failure_of` makes it. */
typedef satama_error (*satama_work)(satama_arena *arena, void *context,
                                    const satama_attempt *attempt, satama_view *result);

/* A step of this name, tried once. */
satama_step satama_step_named(const char *name);

/* The same wait each time, and nothing of it left out. */
satama_backoff satama_backoff_fixed(uint64_t delay_ms);

/* Twice as long each time, up to `delay_max_ms`; a fifth of it is left to chance. */
satama_backoff satama_backoff_exponential(uint64_t delay_ms, uint64_t delay_max_ms);

/* Does something to the world, once recorded never again. It may still run more than once, if a
 * host is lost between its effect and the record. */
satama_error satama_step_run(satama_arena *arena, const satama_step *step, satama_work work,
                             void *context, satama_view *result);

/* Has a function run as the step, and waits for its result. */
satama_error satama_step_call(satama_arena *arena, const satama_step *step, const char *function,
                              satama_view input, satama_view *result);

/* Has a function run as the step, at the same time as what comes next. */
satama_error satama_step_spawn(satama_arena *arena, const satama_step *step, const char *function,
                               satama_view input, satama_pending **pending);

/* The same three for a step of a name, tried once; of functions, of their own name. */
satama_error satama_do(satama_arena *arena, const char *name, satama_work work, void *context,
                       satama_view *result);
satama_error satama_call(satama_arena *arena, const char *function, satama_view input,
                         satama_view *result);
satama_error satama_spawn(satama_arena *arena, const char *function, satama_view input,
                          satama_pending **pending);

/* Waits for it. After SATAMA_CANCELLED it can be waited for again. */
satama_error satama_wait(satama_arena *arena, satama_pending *pending, satama_view *result);

/* What came of one of several. */
typedef struct satama_outcome {
    /* The result, if there is no failure. */
    satama_view result;
    /* NULL, if there is a result. */
    const satama_failure *failure;
} satama_outcome;

/* Waits for all of these. `results` has room for each; of those that failed, the failure that is
 * first in the list. */
satama_error satama_all(satama_arena *arena, satama_pending *const *pending, size_t count,
                        satama_view *results);

/* Waits for all of these, and says of each what came of it. */
satama_error satama_settled(satama_arena *arena, satama_pending *const *pending, size_t count,
                            satama_outcome *outcomes);

/* Waits for any of these: which of them has come to an end first, as its place in the list. What
 * came of it, `satama_wait` tells, at once. */
satama_error satama_any(satama_arena *arena, satama_pending *const *pending, size_t count,
                        size_t *first);

/* Waits for so long. It does not matter which hosts are up until then. */
satama_error satama_sleep(satama_arena *arena, uint64_t duration_ms);

/* Waits until a time, in milliseconds since 1970. */
satama_error satama_sleep_until(satama_arena *arena, uint64_t at_ms);

/* A timer that goes off so long after it is recorded, or at a time. */
satama_error satama_timer(satama_arena *arena, const char *name, uint64_t duration_ms,
                          satama_pending **timer);
satama_error satama_timer_at(satama_arena *arena, const char *name, uint64_t at_ms,
                             satama_pending **timer);

/* The next signal of a name, which may have come already. Each is given once. */
satama_error satama_signal(satama_arena *arena, const char *name, satama_pending **signal);

/* Waits for the next signal of a name, but no longer than this; none if it did not come. */
satama_error satama_signal_within(satama_arena *arena, const char *name, uint64_t duration_ms,
                                  satama_maybe *payload);

/* What became of an approval. */
enum { SATAMA_REFUSED = 0, SATAMA_APPROVED, SATAMA_EXPIRED };

typedef struct satama_decision {
    /* One of SATAMA_REFUSED and so on. Whatever is not an approval is none. */
    uint8_t kind;
    /* Who decided, if that was said. */
    satama_maybe by;
    /* What they said to it, as JSON. */
    satama_view data;
} satama_decision;

/* Asks for an approval and waits for it, but no longer than `within_ms`. `data` is shown to whoever
 * decides. */
satama_error satama_approval(satama_arena *arena, const char *name, satama_view data,
                             satama_maybe_u64 within_ms, satama_decision *decision);

/* Asks for an approval, and does not wait. */
satama_error satama_ask(satama_arena *arena, const char *name, satama_view data,
                        satama_maybe_u64 within_ms, satama_pending **approval);

/* Waits for an approval that was asked for. */
satama_error satama_decided(satama_arena *arena, satama_pending *approval,
                            satama_decision *decision);

/* Stops until someone resumes the run. */
satama_error satama_suspend(satama_arena *arena, satama_view reason);

/* How a child is started. All zeros is as good. */
typedef struct satama_child_options {
    /* How long it may take, in milliseconds, all its generations together. */
    satama_maybe_u64 timeout_ms;
    /* From 0 to 9; its parent's if none. */
    satama_maybe_u8 priority;
} satama_child_options;

/* Starts a run of a workflow as a child of this one, under a name. It is cancelled when this run
 * ends. */
satama_error satama_child(satama_arena *arena, const char *name, const char *workflow,
                          satama_view input, satama_child_options options, satama_pending **child);

/* A part of the run's state, as JSON. Works in a function too, for the run that it is a step of. */
satama_error satama_state(satama_arena *arena, satama_view name, satama_maybe *value);

/* Sets a part of the run's state, which is seen from outside. Works in a function too. */
satama_error satama_set_state(satama_arena *arena, satama_view name, satama_view value);

/* This run, as the body has seen it so far. */
satama_error satama_info(satama_arena *arena, satama_facts *facts);

/* The time of the last event that the body has seen, in milliseconds since 1970. */
satama_error satama_now(satama_arena *arena, uint64_t *now_ms);

/* The next random number of this run, below 2^53. Not for secrets. */
satama_error satama_random(satama_arena *arena, uint64_t *number);

/* The next random id of this run: a UUID of version 4. */
satama_error satama_uuid(satama_arena *arena, satama_view *uuid);

#ifdef __cplusplus
}
#endif

#endif
