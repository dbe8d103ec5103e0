/* Undoing what was done, when what comes after it fails or the run is cancelled. */
#ifndef SATAMA_SAGA_H
#define SATAMA_SAGA_H

#include <satama/workflow.h>

#ifdef __cplusplus
extern "C" {
#endif

struct satama_compensation;

/* Steps that can be undone, newest first:
 *
 *     satama_saga saga = satama_saga_begin(arena);
 *     return satama_saga_end(&saga, order(&saga, &cart));
 *
 * where `order` returns the first error of its steps. A step may have had an effect though it has
 * no result: it failed after some attempts, or the run was cancelled while it was tried. So it is
 * undone too, and its `satama_effect` says which. */
typedef struct satama_saga {
    satama_arena *arena;
    struct satama_compensation *newest;
    /* How to undo: the name does not matter. Nine times again, unless this is changed. */
    satama_step undo;
} satama_saga;

/* What there is to undo. */
enum {
    /* The step is done, with `result`. */
    SATAMA_EFFECT_DONE = 0,
    /* The step has failed, with `failure`. It may have had an effect all the same. */
    SATAMA_EFFECT_FAILED,
    /* The step may have had an effect: the run was cancelled before its end was recorded. */
    SATAMA_EFFECT_UNKNOWN
};

typedef struct satama_effect {
    /* One of SATAMA_EFFECT_DONE and so on. */
    uint8_t kind;
    satama_view result;
    const satama_failure *failure;
} satama_effect;

/* Undoes a step. The attempt's token is the one that the step had. `effect` is NULL of what was
 * deferred. */
typedef satama_error (*satama_undo)(satama_arena *arena, void *context, const satama_effect *effect,
                                    const satama_attempt *attempt);

/* Makes the input of a function from the step's token, as JSON that lives in `arena`. */
typedef satama_error (*satama_saga_input)(satama_arena *arena, void *context, satama_view token,
                                          satama_view *input);

/* A saga without steps. All of it lives in the arena. */
satama_saga satama_saga_begin(satama_arena *arena);

/* Runs `work` as a step that `undo` undoes. `context` is given to both, and has to live until the
 * saga has ended. */
satama_error satama_saga_step(satama_saga *saga, const satama_step *step, satama_work work,
                              satama_undo undo, void *context, satama_view *result);

/* Has a function run as a step, and waits for its result; `undo` undoes it. If the run is cancelled
 * meanwhile, the function is waited for before it is undone. */
satama_error satama_saga_call(satama_saga *saga, const satama_step *step, const char *function,
                              satama_saga_input input, satama_undo undo, void *context,
                              satama_view *result);

/* Has `undo` run, as the step called `name`, when the steps before it are undone. */
void satama_saga_defer(satama_saga *saga, const char *name, satama_undo undo, void *context);

/* Undoes all steps, newest first, each as a step of its own. Each is undone once. One that cannot
 * be undone does not keep the others from it; it fails as `undo-failed` then. */
satama_error satama_saga_undo(satama_saga *saga);

/* Ends a saga: without an error, what was done stays. Otherwise undoes it, and returns what to fail
 * with: the error, if all could be undone. */
satama_error satama_saga_end(satama_saga *saga, satama_error error);

#ifdef __cplusplus
}
#endif

#endif
