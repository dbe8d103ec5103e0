/* Undoing what was done, newest first. */
#include <satama/json.h>
#include <satama/saga.h>

#include "workflow.h"

/* How often undoing something is tried again: left undone it needs a person. */
#define UNDO_RETRIES 9

/* How to undo one thing. */
struct satama_compensation {
    struct satama_compensation *older;
    satama_view name;
    satama_undo undo;
    void *context;
    satama_view token;
    /* Nothing of what was deferred. */
    bool has_effect;
    satama_effect effect;
    /* A function that has not come to an end, or NULL. */
    satama_pending *pending;
};

satama_saga satama_saga_begin(satama_arena *arena)
{
    satama_saga saga = {arena, NULL, satama_step_named("")};
    saga.undo.retries = UNDO_RETRIES;
    return saga;
}

static struct satama_compensation *push(satama_saga *saga, satama_view name, satama_undo undo,
                                        void *context)
{
    struct satama_compensation *made = satama_alloc(saga->arena, sizeof *made);
    made->older = saga->newest;
    made->name = satama_copy(saga->arena, name);
    made->undo = undo;
    made->context = context;
    saga->newest = made;
    return made;
}

/* What there is to undo of a step that came to this. */
static satama_effect effect_of(const satama_error *error, satama_view result)
{
    satama_effect effect = {SATAMA_EFFECT_UNKNOWN, {NULL, 0}, NULL};
    if (error->code == SATAMA_OK) {
        effect.kind = SATAMA_EFFECT_DONE;
        effect.result = result;
    } else if (error->code == SATAMA_FAILED) {
        effect.kind = SATAMA_EFFECT_FAILED;
        effect.failure = error->failure;
    }
    return effect;
}

satama_error satama_saga_step(satama_saga *saga, const satama_step *step, satama_work work,
                              satama_undo undo, void *context, satama_view *result)
{
    satama_view token;
    satama_view json = {NULL, 0};
    satama_begun begun;
    SATAMA_TRY(satama_uuid(saga->arena, &token));
    satama_error error = satama_step_begin(saga->arena, step, &begun);
    if (error.code == SATAMA_OK) {
        error = satama_step_drive(saga->arena, &begun, token, work, context, &json);
    } else if (error.code != SATAMA_CANCELLED) {
        return error;
    }
    /* Also if it was cancelled: a host may have been lost between the effect and its record. */
    struct satama_compensation *made = push(saga, step->name, undo, context);
    made->token = token;
    made->has_effect = true;
    made->effect = effect_of(&error, json);
    if (error.code == SATAMA_OK && result != NULL) *result = json;
    return error;
}

satama_error satama_saga_call(satama_saga *saga, const satama_step *step, const char *function,
                              satama_saga_input input, satama_undo undo, void *context,
                              satama_view *result)
{
    satama_view token;
    satama_view given = {NULL, 0};
    satama_view json = {NULL, 0};
    satama_pending *pending;
    SATAMA_TRY(satama_uuid(saga->arena, &token));
    SATAMA_TRY(input(saga->arena, context, token, &given));
    SATAMA_TRY(satama_step_spawn(saga->arena, step, function, given, &pending));
    satama_error error = satama_wait(saga->arena, pending, &json);
    struct satama_compensation *made = push(saga, step->name, undo, context);
    made->token = token;
    made->has_effect = true;
    made->effect = effect_of(&error, json);
    if (error.code == SATAMA_CANCELLED) made->pending = pending;
    if (error.code == SATAMA_OK && result != NULL) *result = json;
    return error;
}

void satama_saga_defer(satama_saga *saga, const char *name, satama_undo undo, void *context)
{
    push(saga, satama_text(name), undo, context);
}

/* The step that undoes something. */
static satama_error undo_work(satama_arena *arena, void *context, const satama_attempt *attempt,
                              satama_view *result)
{
    const struct satama_compensation *made = context;
    (void)result;
    return made->undo(arena, made->context, made->has_effect ? &made->effect : NULL, attempt);
}

static satama_error undo_step(satama_saga *saga, const satama_step *step,
                              struct satama_compensation *made)
{
    satama_begun begun;
    SATAMA_TRY(satama_step_begin(saga->arena, step, &begun));
    satama_view token = made->has_effect ? made->token : satama_text("");
    return satama_step_drive(saga->arena, &begun, token, undo_work, made, NULL);
}

/* Undoes one thing. What is told of a cancel is called once more: that is said once. */
static satama_error undo_one(satama_saga *saga, struct satama_compensation *made)
{
    if (made->pending != NULL) {
        satama_view json = {NULL, 0};
        satama_error error = satama_wait(saga->arena, made->pending, &json);
        if (error.code == SATAMA_CANCELLED) {
            error = satama_wait(saga->arena, made->pending, &json);
        }
        made->effect = effect_of(&error, json);
    }
    satama_step step = saga->undo;
    step.name = made->name;
    step.undo = true;
    satama_error error = undo_step(saga, &step, made);
    if (error.code == SATAMA_CANCELLED) error = undo_step(saga, &step, made);
    return error;
}

satama_error satama_saga_undo(satama_saga *saga)
{
    satama_arena *arena = saga->arena;
    satama_view names = satama_text("");
    satama_view details = satama_text("");
    while (saga->newest != NULL) {
        struct satama_compensation *made = saga->newest;
        saga->newest = made->older;
        satama_error error = undo_one(saga, made);
        if (error.code == SATAMA_OK) continue;
        satama_view why = satama_error_text(arena, &error);
        names = satama_format(arena, "%.*s%s%.*s (%.*s)", SATAMA_ARG(names),
                              names.len > 0 ? ", " : "", SATAMA_ARG(made->name), SATAMA_ARG(why));
        satama_view pair[2] = {satama_json_of_text(arena, made->name),
                               satama_json_of_text(arena, why)};
        satama_views both = {pair, 2};
        satama_view json = satama_json_of_values(arena, both);
        details = satama_format(arena, "%.*s%s%.*s", SATAMA_ARG(details),
                                details.len > 0 ? "," : "", SATAMA_ARG(json));
    }
    if (names.len == 0) return satama_ok();
    satama_view message = satama_format(arena, "not undone: %.*s", SATAMA_ARG(names));
    satama_error left = satama_fatal(arena, "undo-failed", message);
    return satama_with_details(arena, left, satama_format(arena, "[%.*s]", SATAMA_ARG(details)));
}

satama_error satama_saga_end(satama_saga *saga, satama_error error)
{
    if (error.code == SATAMA_OK) {
        saga->newest = NULL;
        return error;
    }
    satama_error left = satama_saga_undo(saga);
    if (left.code == SATAMA_OK) return error;
    if (left.code != SATAMA_FAILED) return left;
    satama_view cause = satama_error_text(saga->arena, &error);
    satama_failure *failure = satama_alloc(saga->arena, sizeof *failure);
    *failure = *left.failure;
    failure->message = satama_format(saga->arena, "%.*s; %.*s", SATAMA_ARG(cause),
                                     SATAMA_ARG(left.failure->message));
    left.failure = failure;
    return left;
}
