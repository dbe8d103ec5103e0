/* The calls of `run` on runs. */
#include "run.h"

const satama_error_cases satama_run_errors = {
    .text = SATAMA_INVALID,
    .count = 9,
    .codes = {SATAMA_ACCESS_DENIED, SATAMA_NOT_FOUND, SATAMA_ILLEGAL, SATAMA_NO_VERSION,
              SATAMA_INVALID, SATAMA_INVALID_CURSOR, SATAMA_TOO_LARGE, SATAMA_QUOTA_EXCEEDED,
              SATAMA_UNAVAILABLE},
};

/* More arguments than may be flat. */
typedef struct satama_start_arguments {
    uint32_t runs;
    satama_view input;
    satama_run_options options;
} satama_start_arguments;

WIT("run", "names") void satama_wit_run_names(void *answer);
WIT("run", "[static]runs.open")
void satama_wit_runs_open(const char *workflow, size_t workflow_len, void *answer);
WIT("run", "[resource-drop]runs") void satama_wit_runs_drop(uint32_t runs);
WIT("run", "[method]runs.start")
void satama_wit_runs_start(const satama_start_arguments *arguments, void *answer);
WIT("run", "[method]runs.start-many")
void satama_wit_runs_start_many(uint32_t runs, const satama_run_request *requests, size_t count,
                                void *answer);
WIT("run", "[method]runs.get")
void satama_wit_runs_get(uint32_t runs, const char *id, size_t id_len, void *answer);
WIT("run", "[method]runs.get-many")
void satama_wit_runs_get_many(uint32_t runs, const satama_view *ids, size_t count, void *answer);
WIT("run", "[method]runs.find")
void satama_wit_runs_find(uint32_t runs, bool has_status, satama_status status, bool has_user,
                          const char *user, size_t user_len, bool has_since, uint64_t since_ms,
                          bool has_until, uint64_t until_ms, bool has_cursor, const char *cursor,
                          size_t cursor_len, uint32_t limit, void *answer);
WIT("run", "[method]runs.steps")
void satama_wit_runs_steps(uint32_t runs, const char *id, size_t id_len, void *answer);
WIT("run", "[method]runs.history")
void satama_wit_runs_history(uint32_t runs, const char *id, size_t id_len, uint32_t since,
                             uint32_t limit, void *answer);
WIT("run", "[method]runs.state")
void satama_wit_runs_state(uint32_t runs, const char *id, size_t id_len, const char *name,
                           size_t name_len, void *answer);
WIT("run", "[method]runs.wait")
void satama_wit_runs_wait(uint32_t runs, const char *id, size_t id_len, uint64_t timeout_ms,
                          void *answer);
WIT("run", "[method]runs.changes")
void satama_wit_runs_changes(uint32_t runs, const char *id, size_t id_len, uint32_t since,
                             uint64_t timeout_ms, void *answer);

static void drop(uint32_t handle)
{
    satama_wit_runs_drop(handle);
}

satama_error satama_run_names(satama_arena *arena, satama_views *names)
{
    ANSWER(satama_views) answer;
    CALL(arena, satama_wit_run_names(&answer));
    GIVE(answer, satama_run_errors, names);
}

satama_error satama_run_open(satama_arena *arena, satama_view workflow, satama_runs *runs)
{
    ANSWER(satama_runs) answer;
    CALL(arena, satama_wit_runs_open(workflow.ptr, workflow.len, &answer));
    GIVE_HANDLE(arena, answer, satama_run_errors, runs, drop);
}

satama_error satama_run_start(satama_arena *arena, satama_runs runs, satama_view input,
                              satama_run_options options, satama_started *started)
{
    ANSWER(satama_started) answer;
    satama_start_arguments arguments = {runs.handle, input, options};
    CALL(arena, satama_wit_runs_start(&arguments, &answer));
    GIVE(answer, satama_run_errors, started);
}

satama_error satama_run_start_many(satama_arena *arena, satama_runs runs,
                                   const satama_run_request *requests, size_t count,
                                   satama_starts *started)
{
    ANSWER(satama_starts) answer;
    CALL(arena, satama_wit_runs_start_many(runs.handle, requests, count, &answer));
    GIVE(answer, satama_run_errors, started);
}

satama_error satama_run_get(satama_arena *arena, satama_runs runs, satama_view id,
                            satama_maybe_run *run)
{
    ANSWER(satama_maybe_run) answer;
    CALL(arena, satama_wit_runs_get(runs.handle, id.ptr, id.len, &answer));
    GIVE(answer, satama_run_errors, run);
}

satama_error satama_run_get_many(satama_arena *arena, satama_runs runs, satama_views ids,
                                 satama_maybe_runs *found)
{
    ANSWER(satama_maybe_runs) answer;
    CALL(arena, satama_wit_runs_get_many(runs.handle, ids.items, ids.count, &answer));
    GIVE(answer, satama_run_errors, found);
}

satama_error satama_run_find(satama_arena *arena, satama_runs runs, satama_run_filter filter,
                             satama_maybe cursor, uint32_t limit, satama_run_page *page)
{
    ANSWER(satama_run_page) answer;
    CALL(arena, satama_wit_runs_find(runs.handle, filter.status.has, filter.status.value,
                                     MAYBE(filter.user), filter.since_ms.has,
                                     filter.since_ms.value, filter.until_ms.has,
                                     filter.until_ms.value, MAYBE(cursor), limit, &answer));
    GIVE(answer, satama_run_errors, page);
}

satama_error satama_run_each(satama_arena *arena, satama_runs runs, satama_run_filter filter,
                             satama_run_visit visit, void *context)
{
    satama_maybe cursor = satama_none();
    do {
        SATAMA_ARENA(page_arena);
        satama_run_page page;
        satama_error error =
            satama_run_find(&page_arena, runs, filter, cursor, RUN_PAGE_MAX, &page);
        if (error.code != SATAMA_OK) return satama_error_keep(arena, error);
        for (size_t at = 0; at < page.count; at++) {
            error = visit(context, &page.runs[at]);
            if (error.code == SATAMA_STOPPED) return satama_ok();
            if (error.code != SATAMA_OK) return error;
        }
        cursor = page.next;
        if (cursor.has) cursor.value = satama_copy(arena, cursor.value);
    } while (cursor.has);
    return satama_ok();
}

satama_error satama_run_steps_of(satama_arena *arena, satama_runs runs, satama_view id,
                                 satama_run_steps *steps)
{
    ANSWER(satama_run_steps) answer;
    CALL(arena, satama_wit_runs_steps(runs.handle, id.ptr, id.len, &answer));
    GIVE(answer, satama_run_errors, steps);
}

satama_error satama_run_history(satama_arena *arena, satama_runs runs, satama_view id,
                                uint32_t since, uint32_t limit, satama_run_events *events)
{
    ANSWER(satama_run_events) answer;
    CALL(arena, satama_wit_runs_history(runs.handle, id.ptr, id.len, since, limit, &answer));
    GIVE(answer, satama_run_errors, events);
}

satama_error satama_run_state(satama_arena *arena, satama_runs runs, satama_view id,
                              satama_view name, satama_maybe *value)
{
    ANSWER(satama_maybe) answer;
    CALL(arena, satama_wit_runs_state(runs.handle, id.ptr, id.len, name.ptr, name.len, &answer));
    GIVE(answer, satama_run_errors, value);
}

satama_error satama_run_wait(satama_arena *arena, satama_runs runs, satama_view id,
                             uint64_t timeout_ms, satama_run_info *run)
{
    ANSWER(satama_run_info) answer;
    CALL(arena, satama_wit_runs_wait(runs.handle, id.ptr, id.len, timeout_ms, &answer));
    GIVE(answer, satama_run_errors, run);
}

satama_error satama_run_changes(satama_arena *arena, satama_runs runs, satama_view id,
                                uint32_t since, uint64_t timeout_ms, satama_run_events *events)
{
    ANSWER(satama_run_events) answer;
    CALL(arena,
         satama_wit_runs_changes(runs.handle, id.ptr, id.len, since, timeout_ms, &answer));
    GIVE(answer, satama_run_errors, events);
}
