/* The workflow that does one of everything. */
#include "story.h"

/* A moment, in milliseconds. */
#define MOMENT_MS 5

#define NULL_JSON T("null")

static satama_error functions(lines *t)
{
    satama_arena *a = t->arena;
    satama_pending *pending[3];
    satama_view results[3];
    for (int n = 1; n <= 3; n++) {
        SATAMA_TRY(satama_spawn(a, "double", satama_json_of_integer(a, n), &pending[n - 1]));
    }
    SATAMA_TRY(satama_all(a, pending, 3, results));
    say(t, "in parallel", show_list(a, results, 3));
    SATAMA_TRY(satama_call(a, "double", T("21"), &results[0]));
    say(t, "called", results[0]);
    satama_step third = satama_step_named("third");
    third.retries = 5;
    third.backoff = satama_backoff_fixed(1);
    SATAMA_TRY(satama_step_spawn(a, &third, "third-time", NULL_JSON, &pending[0]));
    SATAMA_TRY(satama_spawn(a, "refuse", T("\"no\""), &pending[1]));
    satama_outcome outcomes[2];
    SATAMA_TRY(satama_settled(a, pending, 2, outcomes));
    satama_view failure = show_failure(a, outcomes[1].failure);
    results[0] = outcomes[0].result;
    results[1] = satama_format(a, "error %.*s", SATAMA_ARG(failure));
    say(t, "settled", show_list(a, results, 2));
    satama_step ask = satama_step_named("ask");
    ask.timeout_ms = satama_some_u64(600000);
    SATAMA_TRY(satama_step_call(a, &ask, "facts", NULL_JSON, &results[0]));
    say(t, "a function knows", show_text(a, compact(a, results[0])));
    satama_child_options little = {satama_some_u64(600000), satama_some_u8(9)};
    SATAMA_TRY(satama_child(a, "little", "echo", T("[\"ä\"]"), little, &pending[0]));
    SATAMA_TRY(satama_wait(a, pending[0], &results[0]));
    say(t, "child", show_text(a, compact(a, results[0])));
    return satama_ok();
}

static satama_error done(satama_arena *arena, void *context, const satama_attempt *attempt,
                         satama_view *result)
{
    (void)arena, (void)context, (void)attempt;
    *result = T("\"tehty-ä\"");
    return satama_ok();
}

static satama_error third_try(satama_arena *arena, void *context, const satama_attempt *attempt,
                              satama_view *result)
{
    (void)context;
    if (attempt->number < 3) return satama_retryable(arena, "early", T("not yet"));
    *result = satama_json_of_integer(arena, attempt->number);
    return satama_ok();
}

static satama_error never(satama_arena *arena, void *context, const satama_attempt *attempt,
                          satama_view *result)
{
    (void)context, (void)attempt, (void)result;
    return satama_with_details(arena, satama_fatal(arena, "no", T("never-ä")), T("[1,2]"));
}

static satama_error steps(lines *t)
{
    satama_arena *a = t->arena;
    satama_view json;
    satama_view text;
    SATAMA_TRY(satama_do(a, "one", done, NULL, &json));
    if (!satama_json_text(a, json, &text)) return satama_invalid_result(a, "a text");
    say(t, "step", show_text(a, text));
    satama_step tried = satama_step_named("tried");
    tried.retries = 2;
    tried.backoff = satama_backoff_exponential(1, 2);
    tried.backoff.jitter_percent = 50;
    SAY(t, "tried", satama_step_run(a, &tried, third_try, NULL, &json), json);
    satama_step fatal = satama_step_named("fatal");
    fatal.retries = 5;
    satama_error error = satama_step_run(a, &fatal, never, NULL, &json);
    SAY(t, "fatal", error, json);
    if (error.code == SATAMA_FAILED) {
        say(t, "its details", show_maybe_text(a, error.failure->details));
    }
    return satama_ok();
}

static satama_error times(lines *t)
{
    satama_arena *a = t->arena;
    uint64_t now;
    size_t first;
    satama_pending *timers[2];
    SATAMA_TRY(satama_sleep(a, MOMENT_MS));
    SATAMA_TRY(satama_now(a, &now));
    SATAMA_TRY(satama_sleep_until(a, now + MOMENT_MS));
    /* The late one is given up with this arena. */
    SATAMA_ARENA(inner);
    SATAMA_TRY(satama_timer(&inner, "late", 3600000, &timers[0]));
    SATAMA_TRY(satama_now(a, &now));
    SATAMA_TRY(satama_timer_at(&inner, "soon", now, &timers[1]));
    SATAMA_TRY(satama_any(a, timers, 2, &first));
    say(t, "first", show_integer(a, (int64_t)first));
    return satama_wait(a, timers[1], NULL);
}

static satama_error people(lines *t)
{
    satama_arena *a = t->arena;
    satama_pending *go;
    satama_view json;
    satama_maybe maybe;
    satama_decision decision;
    SATAMA_TRY(satama_signal(a, "go", &go));
    SATAMA_TRY(satama_wait(a, go, &json));
    say(t, "signal", show_text(a, compact(a, json)));
    SATAMA_TRY(satama_signal_within(a, "never", MOMENT_MS, &maybe));
    say(t, "no signal", show_maybe_text(a, maybe));
    SATAMA_TRY(satama_approval(a, "quick", NULL_JSON, satama_some_u64(1), &decision));
    say(t, "nobody decides", show_bool(decision.kind == SATAMA_EXPIRED));
    SATAMA_TRY(satama_approval(a, "pay", T("{\"cents\":100}"), satama_none_u64(), &decision));
    satama_view by = show_maybe_text(a, decision.by);
    satama_view refused = satama_format(a, "refused %.*s %.*s", SATAMA_ARG(by),
                                        SATAMA_ARG(decision.data));
    satama_view kinds[] = {refused, T("approved"), T("expired")};
    say(t, "approval", show_text(a, kinds[decision.kind]));
    return satama_ok();
}

static satama_error inner_step(satama_arena *arena, void *context, const satama_attempt *attempt,
                               satama_view *result)
{
    (void)context, (void)attempt;
    satama_error error = satama_do(arena, "inner", done, NULL, NULL);
    satama_view shown = error.code == SATAMA_OK ? T("ok") : show_error(arena, &error);
    *result = satama_json_of_text(arena, shown);
    return satama_ok();
}

/* JSON nested 200 deep. */
static satama_view nested(satama_arena *arena)
{
    satama_view open = repeated(arena, '[', 200);
    satama_view close = repeated(arena, ']', 200);
    return satama_format(arena, "%.*snull%.*s", SATAMA_ARG(open), SATAMA_ARG(close));
}

static satama_error refusals(lines *t)
{
    satama_arena *a = t->arena;
    satama_view json;
    satama_view text;
    const char *long_name = satama_c_string(a, repeated(a, 'f', 256));
    WORKED(t, "a function that is not granted", satama_call(a, "other", NULL_JSON, NULL));
    WORKED(t, "a longer name", satama_call(a, long_name, NULL_JSON, NULL));
    WORKED(t, "a longer wait", satama_sleep(a, UINT64_C(11) * 365 * 86400 * 1000));
    WORKED(t, "state that is nested too deep", satama_set_state(a, T("deep"), nested(a)));
    WORKED(t, "a larger state", satama_set_state(a, T("large"), json_text_of(a, 262146)));
    WORKED(t, "nothing to wait for", satama_any(a, NULL, 0, NULL));
    SATAMA_TRY(satama_do(a, "outer", inner_step, NULL, &json));
    if (!satama_json_text(a, json, &text)) return satama_invalid_result(a, "a text");
    say(t, "a step in a step", show_text(a, text));
    return satama_ok();
}

static satama_error begins(lines *t, satama_view input, uint64_t *began)
{
    satama_arena *a = t->arena;
    satama_facts facts;
    uint64_t number;
    satama_view uuid;
    satama_view n = T("none");
    SATAMA_TRY(satama_info(a, &facts));
    say(t, "workflow", show_text(a, facts.workflow));
    say(t, "user", show_maybe_text(a, facts.user));
    say(t, "parent", show_maybe_text(a, facts.parent));
    say(t, "generation", show_integer(a, facts.generation));
    satama_json_member(input, "n", &n);
    say(t, "input", n);
    SATAMA_TRY(satama_random(a, &number));
    say(t, "random", show_bool(number < UINT64_C(1) << 53));
    SATAMA_TRY(satama_uuid(a, &uuid));
    say(t, "uuid", show_integer(a, (int64_t)uuid.len));
    SATAMA_TRY(satama_now(a, began));
    say(t, "it begins", show_bool(*began > 0));
    return satama_ok();
}

satama_error story(satama_arena *arena, satama_view input, satama_output *output)
{
    lines made = {arena, NULL, 0, 0};
    lines *t = &made;
    uint64_t began;
    uint64_t now;
    satama_maybe state;
    SATAMA_TRY(begins(t, input, &began));
    SATAMA_TRY(functions(t));
    SATAMA_TRY(steps(t));
    SATAMA_TRY(times(t));
    SATAMA_TRY(people(t));
    SATAMA_TRY(satama_now(arena, &now));
    say(t, "time goes on", show_bool(now >= began + MOMENT_MS));
    SATAMA_TRY(refusals(t));
    SATAMA_TRY(satama_set_state(arena, T("progress"), T("{\"done\":\"ä€😀\"}")));
    SATAMA_TRY(satama_state(arena, T("progress"), &state));
    say(t, "state", show_maybe_text(arena, state));
    SATAMA_TRY(satama_state(arena, T("none"), &state));
    say(t, "no state", show_maybe_json(state));
    for (size_t at = 0; at < t->count; at++) {
        t->items[at] = satama_json_of_text(arena, t->items[at]);
    }
    output->json = satama_json_of_values(arena, views_of(t->items, t->count));
    return satama_ok();
}
