/* Steps, and what a body waits for. */
#include "../src/workflow.h"
#include "test.h"

/* Fails as often as it is told, then has a result. */
typedef struct plan {
    int failures;
    bool fatal;
    int calls;
} plan;

static satama_error work(satama_arena *arena, void *context, const satama_attempt *attempt,
                         satama_view *result)
{
    plan *planned = context;
    planned->calls++;
    CHECK_THAT(attempt->number == (uint32_t)planned->calls);
    IS(attempt->key, "key");
    if (planned->calls <= planned->failures) {
        if (planned->fatal) return satama_fatal(arena, "declined", satama_text("no"));
        return satama_error_of(SATAMA_NOT_FOUND);
    }
    *result = satama_json_of_integer(arena, planned->calls);
    return satama_ok();
}

static void a_step_is_tried_until_it_works(void)
{
    SATAMA_ARENA(arena);
    satama_view result;
    plan planned = {2, false, 0};
    satama_step step = satama_step_named("pay");
    step.retries = 5;
    host_reset();
    host.attempts = 6;
    CHECK_THAT(satama_step_run(&arena, &step, work, &planned, &result).code == SATAMA_OK);
    IS(result, "3");
    ASKED("begin pay of 6;fail error;fail error;done 3;");
}

/* A result in memory that is used again. */
static satama_error told(satama_arena *arena, void *context, const satama_attempt *attempt,
                         satama_view *result)
{
    static char text[8];
    (void)arena;
    (void)attempt;
    snprintf(text, sizeof text, "%d", *(int *)context);
    *result = satama_text(text);
    return satama_ok();
}

static void a_result_stays_what_it_was(void)
{
    SATAMA_ARENA(arena);
    satama_view first, second;
    int one = 1, two = 2;
    host_reset();
    CHECK_THAT(satama_do(&arena, "a", told, &one, &first).code == SATAMA_OK);
    CHECK_THAT(satama_do(&arena, "b", told, &two, &second).code == SATAMA_OK);
    IS(first, "1");
    IS(second, "2");
}

static void a_step_fails_with_its_last_failure(void)
{
    SATAMA_ARENA(arena);
    plan planned = {9, true, 0};
    host_reset();
    satama_error error = satama_do(&arena, "pay", work, &planned, NULL);
    CHECK_THAT(error.code == SATAMA_FAILED && !error.failure->retry);
    IS(satama_error_text(&arena, &error), "declined: no");
    ASKED("begin pay;fail declined;");
}

static void a_result_that_is_refused_is_a_failure(void)
{
    SATAMA_ARENA(arena);
    plan planned = {0, false, 0};
    host_reset();
    host.refuses = true;
    satama_error error = satama_do(&arena, "pay", work, &planned, NULL);
    IS(satama_error_text(&arena, &error), "too-large: over the limit of 10");
    ASKED("begin pay;done 1;fail too-large;");
}

static void what_a_failure_is_made_of(void)
{
    SATAMA_ARENA(arena);
    satama_error error = satama_error_of(SATAMA_UNAVAILABLE);
    satama_failure failure = satama_failure_of(&arena, &error);
    IS(failure.code, "error");
    CHECK_THAT(failure.retry);
    error.of_workflow = true;
    failure = satama_failure_of(&arena, &error);
    IS(failure.code, "unavailable");
    CHECK_THAT(failure.retry);
    error.code = SATAMA_MISPLACED;
    error.text = satama_text("no step is open");
    failure = satama_failure_of(&arena, &error);
    IS(failure.message, "no step is open");
    CHECK_THAT(!failure.retry);
    satama_error detailed = satama_with_details(
        &arena, satama_fatal(&arena, "declined", satama_text("no")), satama_text("[1]"));
    IS(detailed.failure->details.value, "[1]");
    IS(satama_error_code(&detailed), "declined");
}

static void a_failure_is_such_that_the_host_takes_it(void)
{
    SATAMA_ARENA(arena);
    satama_failure failure = {.code = satama_bytes("\xff\xc3", 2),
                              .message = satama_bytes("a\xc3\xa4\xed\xa0\x80\xf0\x9f\x98\x80", 10),
                              .details = {true, satama_text("oops")}};
    failure = satama_failure_cut(&arena, failure);
    IS(failure.code, "\xef\xbf\xbd\xef\xbf\xbd");
    IS(failure.message, "a\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\x98\x80");
    CHECK_THAT(!failure.details.has);
    IS(satama_json_of_text(&arena, satama_bytes("\x80", 1)), "\"\xef\xbf\xbd\"");
    failure.details.has = true;
    failure.details.value = satama_text("[1]");
    CHECK_THAT(satama_failure_cut(&arena, failure).details.has);
    failure.details.value = satama_bytes("\"\xff\"", 3);
    CHECK_THAT(!satama_failure_cut(&arena, failure).details.has);
}

static void what_nobody_waited_for_is_given_up(void)
{
    satama_arena arena = {0};
    satama_pending *first;
    satama_pending *second;
    satama_view result;
    host_reset();
    CHECK_THAT(satama_signal(&arena, "go", &first).code == SATAMA_OK);
    CHECK_THAT(satama_timer(&arena, "late", 5, &second).code == SATAMA_OK);
    CHECK_THAT(satama_wait(&arena, first, &result).code == SATAMA_OK);
    IS(result, "1");
    satama_arena_free(&arena);
    ASKED("signal go;timer late 5;wait 1;forget 2;");
}

static void a_signal_comes_in_time_or_not(void)
{
    SATAMA_ARENA(arena);
    satama_maybe payload;
    host_reset();
    CHECK_THAT(satama_signal_within(&arena, "go", 7, &payload).code == SATAMA_OK);
    CHECK_THAT(payload.has);
    ASKED("signal go;timer go 7;any of 2;wait 1;forget 2;");
    host_reset();
    host.fails = true;
    CHECK_THAT(satama_signal_within(&arena, "go", 7, &payload).code == SATAMA_OK);
    CHECK_THAT(!payload.has);
    ASKED("signal go;timer go 7;any of 2;forget 2;forget 1;");
    host_reset();
    host.cancelled = 1;
    CHECK_THAT(satama_signal_within(&arena, "go", 7, &payload).code == SATAMA_CANCELLED);
}

static void several_are_waited_for(void)
{
    SATAMA_ARENA(arena);
    satama_pending *pending[2];
    satama_outcome outcomes[2];
    satama_view results[2];
    size_t first;
    host_reset();
    for (int at = 0; at < 2; at++) {
        CHECK_THAT(satama_spawn(&arena, "f", satama_json_of_integer(&arena, at), &pending[at])
                       .code == SATAMA_OK);
    }
    CHECK_THAT(satama_all(&arena, pending, 2, results).code == SATAMA_OK);
    IS(results[1], "1");
    host.fails = true;
    CHECK_THAT(satama_settled(&arena, pending, 2, outcomes).code == SATAMA_OK);
    IS(outcomes[1].failure->code, "broken");
    satama_error error = satama_all(&arena, pending, 2, results);
    IS(satama_error_code(&error), "broken");
    CHECK_THAT(satama_any(&arena, NULL, 0, &first).code == SATAMA_MISPLACED);
}

static void only_what_was_approved_is(void)
{
    SATAMA_ARENA(arena);
    satama_decision decision;
    satama_maybe_u64 forever = satama_none_u64();
    host_reset();
    host.outcome = "{\"approved\":true,\"by\":\"ann\",\"data\":[1]}";
    satama_approval(&arena, "pay", satama_text("null"), forever, &decision);
    CHECK_THAT(decision.kind == SATAMA_APPROVED && decision.by.has);
    IS(decision.by.value, "ann");
    IS(decision.data, "[1]");
    host.outcome = "{\"approved\":\"true\",\"by\":null,\"data\":null}";
    satama_approval(&arena, "pay", satama_text("null"), forever, &decision);
    CHECK_THAT(decision.kind == SATAMA_REFUSED && !decision.by.has);
    host.outcome = NULL;
    satama_approval(&arena, "pay", satama_text("null"), forever, &decision);
    CHECK_THAT(decision.kind == SATAMA_EXPIRED);
}

void step_tests(void)
{
    a_step_is_tried_until_it_works();
    a_result_stays_what_it_was();
    a_step_fails_with_its_last_failure();
    a_result_that_is_refused_is_a_failure();
    what_a_failure_is_made_of();
    a_failure_is_such_that_the_host_takes_it();
    what_nobody_waited_for_is_given_up();
    a_signal_comes_in_time_or_not();
    several_are_waited_for();
    only_what_was_approved_is();
}
