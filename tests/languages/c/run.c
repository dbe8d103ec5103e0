/* Every function of runs, from outside, their errors and limits. A worker runs them meanwhile. */
#include "show.h"

satama_view show_run(satama_arena *arena, const satama_run_info *info)
{
    satama_view user = show_maybe_text(arena, info->user);
    satama_view key = show_maybe_text(arena, info->key);
    satama_view output = show_maybe_json(info->output);
    satama_view failure = info->failure.has ? info->failure.value.code : T("none");
    return satama_format(
        arena, "%.*s %s generation %u user %.*s key %.*s priority %u output %.*s %.*s",
        SATAMA_ARG(info->workflow), satama_status_name(info->status), info->generation,
        SATAMA_ARG(user), SATAMA_ARG(key), info->priority, SATAMA_ARG(output),
        SATAMA_ARG(failure));
}

static satama_view show_maybe_run(satama_arena *arena, const satama_maybe_run *run)
{
    return run->has ? show_run(arena, &run->value) : T("none");
}

satama_view show_steps(satama_arena *arena, satama_run_steps steps)
{
    static const char *const statuses[] = {"pending", "succeeded", "failed"};
    satama_view *shown = satama_alloc(arena, steps.count * sizeof *shown);
    for (size_t at = 0; at < steps.count; at++) {
        const satama_run_step *step = &steps.items[at];
        shown[at] = satama_format(arena, "%u %.*s %.*s %s %u%s", step->number,
                                  SATAMA_ARG(step->kind), SATAMA_ARG(step->name),
                                  statuses[step->status], step->attempts,
                                  step->undo ? " undo" : "");
    }
    return show_list(arena, shown, steps.count);
}

satama_view run_start(satama_arena *arena, satama_runs runs, const char *input)
{
    satama_started started;
    satama_run_options options = {0};
    expect(satama_run_start(arena, runs, T(input), options, &started));
    return started.id;
}

void run_asked(satama_arena *arena, satama_runs runs, satama_view id, const char *kind,
               const char *name)
{
    uint32_t seen = 0;
    for (;;) {
        satama_run_steps steps;
        satama_run_events more;
        expect(satama_run_steps_of(arena, runs, id, &steps));
        for (size_t at = 0; at < steps.count; at++) {
            const satama_run_step *step = &steps.items[at];
            if (satama_is(step->kind, kind) && satama_is(step->name, name)) return;
        }
        expect(satama_run_changes(arena, runs, id, seen, PATIENCE_MS, &more));
        if (more.count == 0) abort();
        seen += (uint32_t)more.count;
    }
}

static void start(lines *t, const char *what, satama_runs r, satama_view input,
                  satama_run_options options)
{
    satama_started started;
    SAY(t, what, satama_run_start(t->arena, r, input, options, &started),
        T(started.is_new ? "new" : "there"));
}

static void get(lines *t, const char *what, satama_runs r, satama_view id)
{
    satama_maybe_run run;
    SAY(t, what, satama_run_get(t->arena, r, id, &run), show_maybe_run(t->arena, &run));
}

static void wait(lines *t, const char *what, satama_runs r, satama_view id, uint64_t ms)
{
    satama_run_info info;
    SAY(t, what, satama_run_wait(t->arena, r, id, ms, &info), show_run(t->arena, &info));
}

static void steps(lines *t, satama_runs r, satama_view id)
{
    satama_run_steps made;
    SAY(t, "steps", satama_run_steps_of(t->arena, r, id, &made), show_steps(t->arena, made));
}

static void erase(lines *t, const char *what, satama_runs r, satama_view id)
{
    bool found;
    SAY(t, what, satama_run_delete(t->arena, r, id, &found), show_bool(found));
}

static void batch(lines *t, satama_runs r)
{
    satama_arena *a = t->arena;
    satama_run_request requests[] = {{.input = T("1")}, {.input = T("[]")}};
    satama_starts started;
    satama_view shown[3];
    satama_maybe_runs found;
    expect(satama_run_start_many(a, r, requests, 2, &started));
    for (size_t at = 0; at < started.count; at++) {
        shown[at] = T(started.items[at].is_new ? "new" : "there");
    }
    say(t, "start many", show_list(a, shown, started.count));
    for (size_t at = 0; at < started.count; at++) {
        wait(t, "wait", r, started.items[at].id, PATIENCE_MS);
    }
    satama_view ids[] = {started.items[1].id, T("none"), started.items[0].id};
    expect(satama_run_get_many(a, r, views_of(ids, 3), &found));
    for (size_t at = 0; at < found.count; at++) shown[at] = show_maybe_run(a, &found.items[at]);
    say(t, "get many", show_list(a, shown, found.count));
}

static void histories(lines *t, satama_runs r, satama_view id)
{
    satama_arena *a = t->arena;
    satama_run_events events;
    satama_maybe state;
    SAY(t, "history", satama_run_history(a, r, id, 0, 100, &events),
        show_integer(a, (int64_t)events.count));
    SAY(t, "history since", satama_run_history(a, r, id, 1, 1, &events),
        satama_format(a, "[%u]", events.items[0].index));
    expect(satama_run_changes(a, r, id, 0, 0, &events));
    bool good = true;
    for (size_t at = 0; at < events.count; at++) {
        satama_view json = events.items[at].event;
        good = good && json.len > 0 && json.ptr[0] == '{' && events.items[at].at_ms > 0;
    }
    say(t, "changes", show_bool(good));
    steps(t, r, id);
    SAY(t, "state", satama_run_state(a, r, id, T("none"), &state), show_maybe_json(state));
}

static void starts(lines *t)
{
    satama_arena *a = t->arena;
    satama_runs r;
    satama_runs other;
    satama_started first;
    satama_run_options options = {.key = satama_some_text("avain-ä"),
                                  .user = satama_some_text("ann-ä€😀"),
                                  .timeout_ms = satama_some_u64(600000),
                                  .priority = satama_some_u8(9),
                                  .delay_ms = satama_some_u64(1),
                                  .retention_ms = satama_some_u64(600000)};
    satama_run_options plain = {0};
    satama_run_options keyed = {.key = options.key};
    expect(satama_run_open(a, T("echo"), &r));
    SAY(t, "start", satama_run_start(a, r, T("{\"text\": \"ä€😀\"}"), options, &first),
        T(first.is_new ? "new" : "there"));
    start(t, "start again", r, T("1"), options);
    wait(t, "wait", r, first.id, PATIENCE_MS);
    get(t, "get", r, first.id);
    batch(t, r);
    get(t, "get missing", r, T(MISSING));
    start(t, "start bad JSON", r, T("{"), plain);
    start(t, "begin", r, T("[\"ä\"]"), keyed);
    histories(t, r, first.id);
    expect(satama_run_open(a, T("waits"), &other));
    get(t, "get by another workflow", other, first.id);
    WORKED(t, "steps by another workflow", satama_run_steps_of(a, other, first.id, NULL));
    erase(t, "delete by another workflow", other, first.id);
}

static void find(lines *t, const char *what, satama_runs r, satama_run_filter filter)
{
    satama_run_page page;
    SAY(t, what, satama_run_find(t->arena, r, filter, NONE, 100, &page),
        show_integer(t->arena, (int64_t)page.count));
}

static void lists(lines *t)
{
    satama_arena *a = t->arena;
    satama_runs r;
    satama_views all;
    satama_run_page page;
    satama_run_filter none = {0};
    satama_run_filter user = {.user = satama_some_text("ann-ä€😀")};
    satama_run_filter completed = {.status = {true, SATAMA_STATUS_COMPLETED}};
    satama_run_filter failed = {.status = {true, SATAMA_STATUS_FAILED}};
    satama_run_filter before = {.until_ms = satama_some_u64(0)};
    satama_run_filter since = {.since_ms = satama_some_u64((UINT64_C(1) << 53) + 2)};
    expect(satama_run_names(a, &all));
    bool echo = false;
    for (size_t at = 0; at < all.count; at++) echo = echo || satama_is(all.items[at], "echo");
    say(t, "names", show_bool(echo));
    expect(satama_run_open(a, T("echo"), &r));
    int64_t count = 0;
    satama_maybe cursor = NONE;
    do {
        expect(satama_run_find(a, r, none, cursor, 2, &page));
        count += (int64_t)page.count;
        cursor = page.next;
    } while (cursor.has);
    say(t, "find all", show_integer(a, count));
    find(t, "find of user", r, user);
    find(t, "find completed", r, completed);
    find(t, "find failed", r, failed);
    find(t, "find before 1970", r, before);
    find(t, "find since 2^53 + 2", r, since);
    WORKED(t, "bad cursor", satama_run_find(a, r, none, satama_some_text("ä"), 1, NULL));
}

static void send(lines *t, const char *what, satama_runs r, satama_view id, const char *payload,
                 satama_maybe key)
{
    bool taken;
    SAY(t, what, satama_run_signal(t->arena, r, id, T("go"), T(payload), key, &taken),
        show_bool(taken));
}

static void decide(lines *t, const char *what, satama_runs r, satama_view id, const char *name,
                   satama_maybe by, const char *data)
{
    WORKED(t, what, satama_run_decide(t->arena, r, id, T(name), true, by, T(data)));
}

static void controls(lines *t)
{
    satama_arena *a = t->arena;
    satama_runs r;
    satama_maybe once = satama_some_text("once");
    expect(satama_run_open(a, T("waits"), &r));
    satama_view id = run_start(a, r, "null");
    run_asked(a, r, id, "suspend", "why");
    get(t, "suspended", r, id);
    WORKED(t, "retry what goes on", satama_run_retry(a, r, id, (satama_maybe_u32){0}));
    erase(t, "delete what goes on", r, id);
    WORKED(t, "resume", satama_run_resume(a, r, id));
    say(t, "resume again", show_bool(satama_run_resume(a, r, id).code != SATAMA_OK));
    send(t, "signal", r, id, "{\"ä\": 1}", once);
    send(t, "signal again", r, id, "2", once);
    run_asked(a, r, id, "approval", "pay");
    decide(t, "decide another", r, id, "other", NONE, "null");
    decide(t, "decide bad JSON", r, id, "pay", NONE, "{");
    decide(t, "decide", r, id, "pay", satama_some_text("bob-ä"), "[1]");
    wait(t, "wait", r, id, PATIENCE_MS);
    steps(t, r, id);
    send(t, "signal what has ended", r, id, "1", NONE);
    send(t, "signal bad JSON", r, id, "{", NONE);
    send(t, "signal missing", r, T(MISSING), "1", NONE);
    decide(t, "decide what has ended", r, id, "pay", NONE, "null");
}

static void ends(lines *t)
{
    satama_arena *a = t->arena;
    satama_runs r;
    expect(satama_run_open(a, T("waits"), &r));
    satama_view id = run_start(a, r, "null");
    run_asked(a, r, id, "suspend", "why");
    WORKED(t, "cancel", satama_run_cancel(a, r, id, T("ä"), false));
    wait(t, "wait", r, id, PATIENCE_MS);
    WORKED(t, "cancel what has ended", satama_run_cancel(a, r, id, T(""), false));
    id = run_start(a, r, "null");
    WORKED(t, "cancel by force", satama_run_cancel(a, r, id, T(""), true));
    wait(t, "wait", r, id, PATIENCE_MS);
    erase(t, "delete", r, id);
    erase(t, "delete again", r, id);
    wait(t, "wait for what is deleted", r, id, 0);
    expect(satama_run_open(a, T("undone"), &r));
    id = run_start(a, r, "\"card\"");
    wait(t, "wait", r, id, PATIENCE_MS);
    WORKED(t, "retry from where it was not", satama_run_retry(a, r, id, satama_some_u32(70)));
    WORKED(t, "retry", satama_run_retry(a, r, id, satama_some_u32(0)));
    wait(t, "wait", r, id, PATIENCE_MS);
}

static void version(lines *t, const char *what, satama_runs r, satama_view digest, uint8_t status)
{
    bool found;
    SAY(t, what, satama_run_set_version(t->arena, r, digest, status, &found), show_bool(found));
}

static void versions(lines *t)
{
    satama_arena *a = t->arena;
    satama_runs r;
    satama_run_versions all;
    satama_run_options plain = {0};
    expect(satama_run_open(a, T("echo"), &r));
    expect(satama_run_versions_of(a, r, &all));
    bool active = true;
    for (size_t at = 0; at < all.count; at++) {
        active = active && all.items[at].status == SATAMA_VERSION_ACTIVE;
    }
    say(t, "versions", show_integer(a, (int64_t)all.count));
    say(t, "active", show_bool(active && all.items[0].first_seen_at_ms > 0));
    satama_view digest = all.items[0].digest;
    version(t, "decline", r, digest, SATAMA_VERSION_DECLINED);
    start(t, "start", r, T("null"), plain);
    version(t, "activate", r, digest, SATAMA_VERSION_ACTIVE);
    const char *rest = strchr(satama_c_string(a, digest), ':') + 1;
    version(t, "of another digest", r, satama_format(a, "sha256:0%s", rest), SATAMA_VERSION_DRAFT);
}

static void with(lines *t, const char *what, satama_runs r, satama_run_options options)
{
    WORKED(t, what, satama_run_start(t->arena, r, T("null"), options, NULL));
}

static void option_limits(lines *t, satama_runs r)
{
    satama_arena *a = t->arena;
    satama_run_options key = {.key = satama_some(repeated(a, 'k', 256))};
    satama_run_options user = {.user = satama_some(repeated(a, 'u', 256))};
    satama_run_options priority = {.priority = satama_some_u8(10)};
    satama_run_options timeout = {.timeout_ms = satama_some_u64(UINT64_C(1) << 63)};
    satama_run_options retention = {
        .retention_ms = satama_some_u64(400 * 24 * UINT64_C(3600000) + 1)};
    with(t, "longer key", r, key);
    with(t, "longer user", r, user);
    with(t, "higher priority", r, priority);
    with(t, "timeout of 2^63", r, timeout);
    with(t, "longer retention", r, retention);
}

static void limits(lines *t)
{
    satama_arena *a = t->arena;
    satama_runs r;
    satama_run_options plain = {0};
    satama_run_filter none = {0};
    satama_run_request requests[65];
    satama_view ids[65];
    satama_started largest;
    satama_run_info info;
    satama_starts started;
    satama_maybe_runs found;
    expect(satama_run_open(a, T("echo"), &r));
    WORKED(t, "largest input", satama_run_start(a, r, json_text_of(a, 262144), plain, &largest));
    SAY(t, "its output", satama_run_wait(a, r, largest.id, PATIENCE_MS, &info),
        show_integer(a, (int64_t)info.output.value.len));
    start(t, "larger input", r, json_text_of(a, 262145), plain);
    option_limits(t, r);
    for (size_t at = 0; at < COUNT(requests); at++) {
        satama_run_request request = {T("null"), {.key = satama_some_text("same")}};
        requests[at] = request;
        ids[at] = T("none");
    }
    SAY(t, "most at a time", satama_run_start_many(a, r, requests, 64, &started),
        show_integer(a, (int64_t)started.count));
    WORKED(t, "more at a time", satama_run_start_many(a, r, requests, 65, &started));
    SAY(t, "most to get", satama_run_get_many(a, r, views_of(ids, 64), &found),
        show_integer(a, (int64_t)found.count));
    WORKED(t, "more to get", satama_run_get_many(a, r, views_of(ids, 65), &found));
    WORKED(t, "larger page", satama_run_find(a, r, none, NONE, 101, NULL));
    WORKED(t, "longer wait", satama_run_wait(a, r, T(MISSING), PATIENCE_MS + 1, NULL));
}

void run_all(lines *t)
{
    satama_runs unserved;
    satama_run_options plain = {0};
    WORKED(t, "open another", satama_run_open(t->arena, T("another"), NULL));
    expect(satama_run_open(t->arena, T("unserved"), &unserved));
    start(t, "start without a version", unserved, T("null"), plain);
    starts(t);
    lists(t);
    controls(t);
    ends(t);
    versions(t);
    run_schedules(t);
    limits(t);
}
