/* Sagas: what is undone, in which order, and what is told of it. */
#include "test.h"

/* What the undos of a test saw. */
typedef struct seen {
    char undone[256];
    bool stuck;
} seen;

static satama_error work(satama_arena *arena, void *context, const satama_attempt *attempt,
                         satama_view *result)
{
    (void)arena, (void)context;
    IS(attempt->token, "token");
    *result = satama_text("7");
    return satama_ok();
}

static satama_error fails(satama_arena *arena, void *context, const satama_attempt *attempt,
                          satama_view *result)
{
    (void)context, (void)attempt, (void)result;
    return satama_fatal(arena, "declined", satama_text("no"));
}

static satama_error undo(satama_arena *arena, void *context, const satama_effect *effect,
                         const satama_attempt *attempt)
{
    seen *all = context;
    size_t used = strlen(all->undone);
    if (effect == NULL) {
        strcat(all->undone, "deferred;");
        return satama_ok();
    }
    IS(attempt->token, "token");
    snprintf(all->undone + used, sizeof all->undone - used, "%d %.*s;", effect->kind,
             SATAMA_ARG(effect->result));
    if (all->stuck) return satama_fatal(arena, "stuck", satama_text("it is gone"));
    return satama_ok();
}

static satama_error input(satama_arena *arena, void *context, satama_view token,
                          satama_view *json)
{
    (void)context;
    *json = satama_json_of_text(arena, token);
    return satama_ok();
}

static satama_error order(satama_saga *saga, seen *all)
{
    satama_step reserve = satama_step_named("reserve");
    satama_step twice = satama_step_named("twice");
    satama_step pay = satama_step_named("pay");
    SATAMA_TRY(satama_saga_step(saga, &reserve, work, undo, all, NULL));
    SATAMA_TRY(satama_saga_call(saga, &twice, "double", input, undo, all, NULL));
    satama_saga_defer(saga, "note", undo, all);
    return satama_saga_step(saga, &pay, fails, undo, all, NULL);
}

static void what_was_done_is_undone_newest_first(void)
{
    SATAMA_ARENA(arena);
    seen all = {"", false};
    host_reset();
    satama_saga saga = satama_saga_begin(&arena);
    satama_error error = satama_saga_end(&saga, order(&saga, &all));
    IS(satama_error_code(&error), "declined");
    IS(satama_text(all.undone), "1 ;deferred;0 1;0 7;");
    CHECK_THAT(strstr(host.asked, "begin pay of 10 undo;") != NULL);
    CHECK_THAT(satama_saga_undo(&saga).code == SATAMA_OK);
}

static void what_is_left_is_told(void)
{
    SATAMA_ARENA(arena);
    seen all = {"", true};
    host_reset();
    satama_saga saga = satama_saga_begin(&arena);
    satama_error error = satama_saga_end(&saga, order(&saga, &all));
    IS(satama_error_text(&arena, &error),
       "undo-failed: declined: no; not undone: pay (stuck: it is gone), twice (stuck: it is gone), "
       "reserve (stuck: it is gone)");
    IS(error.failure->details.value,
       "[[\"pay\",\"stuck: it is gone\"],[\"twice\",\"stuck: it is gone\"],"
       "[\"reserve\",\"stuck: it is gone\"]]");
}

static void what_works_is_not_undone(void)
{
    SATAMA_ARENA(arena);
    seen all = {"", false};
    satama_step reserve = satama_step_named("reserve");
    satama_view result;
    host_reset();
    satama_saga saga = satama_saga_begin(&arena);
    satama_error error = satama_saga_step(&saga, &reserve, work, undo, &all, &result);
    CHECK_THAT(satama_saga_end(&saga, error).code == SATAMA_OK);
    IS(result, "7");
    ASKED("uuid;begin reserve;done 7;");
}

static void a_cancel_does_not_keep_from_undoing(void)
{
    SATAMA_ARENA(arena);
    seen all = {"", false};
    satama_step twice = satama_step_named("twice");
    host_reset();
    satama_saga saga = satama_saga_begin(&arena);
    host.cancelled = 2;
    satama_error error = satama_saga_call(&saga, &twice, "double", input, undo, &all, NULL);
    CHECK_THAT(error.code == SATAMA_CANCELLED);
    error = satama_saga_end(&saga, error);
    CHECK_THAT(error.code == SATAMA_CANCELLED);
    IS(satama_text(all.undone), "0 1;");
    host_reset();
    host.cancelled = 2;
    saga = satama_saga_begin(&arena);
    error = satama_saga_end(&saga, satama_saga_step(&saga, &twice, work, undo, &all, NULL));
    CHECK_THAT(error.code == SATAMA_CANCELLED);
    IS(satama_text(all.undone), "0 1;2 ;");
    ASKED("uuid;begin twice;begin twice of 10 undo;begin twice of 10 undo;done null;");
}

void saga_tests(void)
{
    what_was_done_is_undone_newest_first();
    what_is_left_is_told();
    what_works_is_not_undone();
    a_cancel_does_not_keep_from_undoing();
}
