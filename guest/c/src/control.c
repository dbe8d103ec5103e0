/* The calls of `run` that control runs, versions and schedules. */
#include "run.h"

/* More arguments than may be flat. */
typedef struct satama_schedule_arguments {
    uint32_t runs;
    satama_view name;
    satama_view cron;
    satama_view input;
    satama_run_options options;
} satama_schedule_arguments;

WIT("run", "[method]runs.signal")
void satama_wit_runs_signal(uint32_t runs, const char *id, size_t id_len, const char *name,
                            size_t name_len, const char *payload, size_t payload_len,
                            bool has_key, const char *key, size_t key_len, void *answer);
WIT("run", "[method]runs.decide")
void satama_wit_runs_decide(uint32_t runs, const char *id, size_t id_len, const char *name,
                            size_t name_len, bool approved, bool has_by, const char *by,
                            size_t by_len, const char *data, size_t data_len, void *answer);
WIT("run", "[method]runs.resume")
void satama_wit_runs_resume(uint32_t runs, const char *id, size_t id_len, void *answer);
WIT("run", "[method]runs.cancel")
void satama_wit_runs_cancel(uint32_t runs, const char *id, size_t id_len, const char *reason,
                            size_t reason_len, bool force, void *answer);
WIT("run", "[method]runs.retry")
void satama_wit_runs_retry(uint32_t runs, const char *id, size_t id_len, bool has_number,
                           uint32_t number, void *answer);
WIT("run", "[method]runs.delete")
void satama_wit_runs_delete(uint32_t runs, const char *id, size_t id_len, void *answer);
WIT("run", "[method]runs.versions") void satama_wit_runs_versions(uint32_t runs, void *answer);
WIT("run", "[method]runs.set-version")
void satama_wit_runs_set_version(uint32_t runs, const char *digest, size_t digest_len,
                                 uint8_t status, void *answer);
WIT("run", "[method]runs.schedule")
void satama_wit_runs_schedule(const satama_schedule_arguments *arguments, void *answer);
WIT("run", "[method]runs.unschedule")
void satama_wit_runs_unschedule(uint32_t runs, const char *name, size_t name_len, void *answer);
WIT("run", "[method]runs.schedules") void satama_wit_runs_schedules(uint32_t runs, void *answer);

satama_error satama_run_signal(satama_arena *arena, satama_runs runs, satama_view id,
                               satama_view name, satama_view payload, satama_maybe key,
                               bool *taken)
{
    ANSWER(bool) answer;
    CALL(arena, satama_wit_runs_signal(runs.handle, id.ptr, id.len, name.ptr, name.len,
                                       payload.ptr, payload.len, MAYBE(key), &answer));
    GIVE(answer, satama_run_errors, taken);
}

satama_error satama_run_decide(satama_arena *arena, satama_runs runs, satama_view id,
                               satama_view name, bool approved, satama_maybe by, satama_view data)
{
    satama_no_answer answer;
    CALL(arena, satama_wit_runs_decide(runs.handle, id.ptr, id.len, name.ptr, name.len, approved,
                                       MAYBE(by), data.ptr, data.len, &answer));
    CHECK(answer, satama_run_errors);
    return satama_ok();
}

satama_error satama_run_resume(satama_arena *arena, satama_runs runs, satama_view id)
{
    satama_no_answer answer;
    CALL(arena, satama_wit_runs_resume(runs.handle, id.ptr, id.len, &answer));
    CHECK(answer, satama_run_errors);
    return satama_ok();
}

satama_error satama_run_cancel(satama_arena *arena, satama_runs runs, satama_view id,
                               satama_view reason, bool force)
{
    satama_no_answer answer;
    CALL(arena, satama_wit_runs_cancel(runs.handle, id.ptr, id.len, reason.ptr, reason.len, force,
                                       &answer));
    CHECK(answer, satama_run_errors);
    return satama_ok();
}

satama_error satama_run_retry(satama_arena *arena, satama_runs runs, satama_view id,
                              satama_maybe_u32 number)
{
    satama_no_answer answer;
    CALL(arena, satama_wit_runs_retry(runs.handle, id.ptr, id.len, number.has, number.value,
                                      &answer));
    CHECK(answer, satama_run_errors);
    return satama_ok();
}

satama_error satama_run_delete(satama_arena *arena, satama_runs runs, satama_view id, bool *found)
{
    ANSWER(bool) answer;
    CALL(arena, satama_wit_runs_delete(runs.handle, id.ptr, id.len, &answer));
    GIVE(answer, satama_run_errors, found);
}

satama_error satama_run_versions_of(satama_arena *arena, satama_runs runs,
                                    satama_run_versions *versions)
{
    ANSWER(satama_run_versions) answer;
    CALL(arena, satama_wit_runs_versions(runs.handle, &answer));
    GIVE(answer, satama_run_errors, versions);
}

satama_error satama_run_set_version(satama_arena *arena, satama_runs runs, satama_view digest,
                                    uint8_t status, bool *found)
{
    ANSWER(bool) answer;
    CALL(arena, satama_wit_runs_set_version(runs.handle, digest.ptr, digest.len, status, &answer));
    GIVE(answer, satama_run_errors, found);
}

satama_error satama_run_schedule(satama_arena *arena, satama_runs runs, satama_view name,
                                 satama_view cron, satama_view input, satama_run_options options,
                                 satama_schedule *schedule)
{
    ANSWER(satama_schedule) answer;
    satama_schedule_arguments arguments = {runs.handle, name, cron, input, options};
    CALL(arena, satama_wit_runs_schedule(&arguments, &answer));
    GIVE(answer, satama_run_errors, schedule);
}

satama_error satama_run_unschedule(satama_arena *arena, satama_runs runs, satama_view name,
                                   bool *found)
{
    ANSWER(bool) answer;
    CALL(arena, satama_wit_runs_unschedule(runs.handle, name.ptr, name.len, &answer));
    GIVE(answer, satama_run_errors, found);
}

satama_error satama_run_schedules(satama_arena *arena, satama_runs runs,
                                  satama_schedules *schedules)
{
    ANSWER(satama_schedules) answer;
    CALL(arena, satama_wit_runs_schedules(runs.handle, &answer));
    GIVE(answer, satama_run_errors, schedules);
}
