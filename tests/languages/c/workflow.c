/* Workflows and functions, and their runs as they are seen from outside. */
#include "story.h"

static void steps(lines *t, satama_runs r, satama_view id)
{
    satama_run_steps made;
    SAY(t, "its steps", satama_run_steps_of(t->arena, r, id, &made),
        show_steps(t->arena, made));
}

static void state(lines *t, const char *what, satama_runs r, satama_view id, const char *name)
{
    satama_maybe value;
    SAY(t, what, satama_run_state(t->arena, r, id, T(name), &value),
        show_maybe_text(t->arena, value));
}

/* Says how a run ends. */
static void ended(lines *t, const char *workflow, const char *input)
{
    satama_arena *a = t->arena;
    satama_runs r;
    satama_run_info info;
    expect(satama_run_open(a, T(workflow), &r));
    satama_view id = run_start(a, r, input);
    expect(satama_run_wait(a, r, id, PATIENCE_MS, &info));
    say(t, workflow, show_run(a, &info));
    if (info.failure.has) {
        say(t, "why", show_text(a, info.failure.value.message));
        say(t, "details", show_maybe_text(a, info.failure.value.details));
    }
    steps(t, r, id);
}

static void tell_story(lines *t)
{
    satama_arena *a = t->arena;
    satama_runs r;
    satama_started started;
    satama_run_info info;
    satama_views told;
    bool taken;
    satama_run_options options = {.user = satama_some_text("ann-ä")};
    expect(satama_run_open(a, T("story"), &r));
    expect(satama_run_start(a, r, T("{\"n\":3}"), options, &started));
    satama_view id = started.id;
    SAY(t, "signal",
        satama_run_signal(a, r, id, T("go"), T("{\"from\": \"ä€😀\"}"), NONE, &taken),
        show_bool(taken));
    run_asked(a, r, id, "approval", "pay");
    WORKED(t, "decide", satama_run_decide(a, r, id, T("pay"), false, satama_some_text("bob"),
                                          T("\"too much\"")));
    expect(satama_run_wait(a, r, id, PATIENCE_MS, &info));
    say(t, "story", T(satama_status_name(info.status)));
    if (info.output.has && satama_json_items(a, info.output.value, &told)) {
        for (size_t at = 0; at < told.count; at++) {
            satama_view line = {NULL, 0};
            satama_json_text(a, told.items[at], &line);
            say(t, "story", show_text(a, line));
        }
    }
    state(t, "its state", r, id, "progress");
    state(t, "what a function set", r, id, "seen");
    steps(t, r, id);
}

void workflow_outside(lines *t)
{
    satama_runs r;
    satama_run_info info;
    tell_story(t);
    ended(t, "undone", "\"card\"");
    ended(t, "counts", "2");
    ended(t, "echo", "{\"ä\": [1, null, true, 1.5]}");
    expect(satama_run_open(t->arena, T("cancelled"), &r));
    satama_view id = run_start(t->arena, r, "null");
    run_asked(t->arena, r, id, "step", "reserve");
    WORKED(t, "cancel", satama_run_cancel(t->arena, r, id, T("enough"), false));
    SAY(t, "wait", satama_run_wait(t->arena, r, id, PATIENCE_MS, &info),
        show_run(t->arena, &info));
    state(t, "it was told", r, id, "told");
    steps(t, r, id);
}

static satama_error reserve(satama_arena *arena, void *context, const satama_attempt *attempt,
                            satama_view *result)
{
    (void)arena, (void)context, (void)attempt;
    *result = T("7");
    return satama_ok();
}

static satama_error nothing(satama_arena *arena, void *context, const satama_effect *effect,
                            const satama_attempt *attempt)
{
    (void)arena, (void)context, (void)effect, (void)attempt;
    return satama_ok();
}

static satama_error two(satama_arena *arena, void *context, satama_view token, satama_view *input)
{
    (void)arena, (void)context, (void)token;
    *input = T("2");
    return satama_ok();
}

static satama_error decline(satama_arena *arena, void *context, const satama_attempt *attempt,
                            satama_view *result)
{
    const satama_view *card = context;
    (void)attempt, (void)result;
    satama_view message = satama_format(arena, "no %.*s", SATAMA_ARG(*card));
    satama_error declined = satama_fatal(arena, "card-declined", message);
    return satama_with_details(arena, declined, T("[\"ä\"]"));
}

static satama_error reserve_and_pay(satama_saga *saga, satama_view *card)
{
    satama_step first = satama_step_named("reserve");
    satama_step second = satama_step_named("double it");
    satama_step last = satama_step_named("charge");
    SATAMA_TRY(satama_saga_step(saga, &first, reserve, nothing, NULL, NULL));
    SATAMA_TRY(satama_saga_call(saga, &second, "double", two, nothing, NULL, NULL));
    satama_saga_defer(saga, "note", nothing, NULL);
    return satama_saga_step(saga, &last, decline, nothing, card, NULL);
}

/* Is refused at its third step, and undoes the two before. */
static satama_error undone(satama_arena *arena, satama_view input, satama_output *output)
{
    satama_view card;
    (void)output;
    if (!satama_json_text(arena, input, &card)) return satama_invalid_input(arena, "a text");
    satama_saga saga = satama_saga_begin(arena);
    return satama_saga_end(&saga, reserve_and_pay(&saga, &card));
}

/* Waits for all that somebody else can do. */
static satama_error waits(satama_arena *arena, satama_view input, satama_output *output)
{
    satama_pending *go;
    satama_view json;
    satama_decision decision;
    (void)input;
    SATAMA_TRY(satama_suspend(arena, T("why")));
    SATAMA_TRY(satama_signal(arena, "go", &go));
    SATAMA_TRY(satama_wait(arena, go, &json));
    SATAMA_TRY(satama_approval(arena, "pay", T("\"ä\""), satama_none_u64(), &decision));
    satama_maybe by = decision.kind == SATAMA_APPROVED ? decision.by : NONE;
    satama_view signal = compact(arena, json);
    satama_view shown = show_maybe_text(arena, by);
    output->json = satama_json_of_text(
        arena, satama_format(arena, "%.*s %.*s", SATAMA_ARG(signal), SATAMA_ARG(shown)));
    return satama_ok();
}

/* Goes on as new, and counts down. */
static satama_error counts(satama_arena *arena, satama_view input, satama_output *output)
{
    int64_t n;
    if (!satama_json_integer(input, &n)) return satama_invalid_input(arena, "a number");
    if (n > 0) {
        SATAMA_TRY(satama_do(arena, "count", reserve, NULL, NULL));
        output->json = satama_json_of_integer(arena, n - 1);
        output->continue_as_new = true;
        return satama_ok();
    }
    output->json = T("\"zero\"");
    return satama_ok();
}

static satama_error be_cancelled(satama_saga *saga)
{
    satama_pending *never;
    satama_step step = satama_step_named("reserve");
    SATAMA_TRY(satama_saga_step(saga, &step, reserve, nothing, NULL, NULL));
    SATAMA_TRY(satama_signal(saga->arena, "never", &never));
    satama_error told = satama_wait(saga->arena, never, NULL);
    if (told.code == SATAMA_OK) abort();
    /* Said once: all that comes after it works. */
    satama_view code = satama_json_of_text(saga->arena, satama_error_code(&told));
    SATAMA_TRY(satama_set_state(saga->arena, T("told"), code));
    return told;
}

/* Is cancelled while it waits, and undoes what it did. */
static satama_error cancelled(satama_arena *arena, satama_view input, satama_output *output)
{
    (void)input, (void)output;
    satama_saga saga = satama_saga_begin(arena);
    return satama_saga_end(&saga, be_cancelled(&saga));
}

static satama_error echo(satama_arena *arena, satama_view input, satama_output *output)
{
    output->json = compact(arena, input);
    return satama_ok();
}

static satama_error doubled(satama_arena *arena, const satama_context *context, satama_view input,
                            satama_view *output)
{
    int64_t n;
    (void)context;
    if (!satama_json_integer(input, &n)) return satama_invalid_input(arena, "a number");
    *output = satama_json_of_integer(arena, 2 * n);
    return satama_ok();
}

static satama_error third_time(satama_arena *arena, const satama_context *context,
                               satama_view input, satama_view *output)
{
    (void)input;
    if (context->attempt.number < 3) return satama_retryable(arena, "early", T("not yet"));
    *output = satama_json_of_integer(arena, context->attempt.number);
    return satama_ok();
}

static satama_error refuse(satama_arena *arena, const satama_context *context, satama_view input,
                           satama_view *output)
{
    satama_view why;
    (void)context, (void)output;
    if (!satama_json_text(arena, input, &why)) return satama_invalid_input(arena, "a text");
    return satama_with_details(arena, satama_fatal(arena, "refused", why), T("{\"ä\":1}"));
}

static satama_error facts(satama_arena *arena, const satama_context *context, satama_view input,
                          satama_view *output)
{
    satama_maybe seen;
    (void)input;
    satama_view step = satama_json_of_text(arena, context->step);
    SATAMA_TRY(satama_set_state(arena, T("seen"), step));
    SATAMA_TRY(satama_state(arena, T("seen"), &seen));
    satama_view user = context->user.has ? satama_json_of_text(arena, context->user.value)
                                         : T("null");
    satama_view values[] = {satama_json_of_text(arena, context->workflow),
                            step,
                            user,
                            satama_json_of_integer(arena, context->attempt.number),
                            satama_json_of_integer(arena, (int64_t)context->attempt.key.len),
                            seen.has ? seen.value : T("null")};
    *output = satama_json_of_values(arena, views_of(values, COUNT(values)));
    return satama_ok();
}

const satama_workflow conformance_workflows[7] = {
    {"story", story},         {"undone", undone}, {"waits", waits},     {"counts", counts},
    {"cancelled", cancelled}, {"echo", echo},     {"insists", insists},
};

const satama_function conformance_functions[5] = {
    {"double", doubled}, {"third-time", third_time}, {"refuse", refuse},
    {"facts", facts},    {"insist", insist},
};
