/* Runs of durable workflows, from outside: start, see, and control them. See wit/run.wit. */
#ifndef SATAMA_RUN_H
#define SATAMA_RUN_H

#include <satama/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The runs of one workflow. */
typedef struct satama_runs {
    uint32_t handle;
} satama_runs;

/* How a run is started. All zeros is as good. */
typedef struct satama_run_options {
    /* Two starts with one key are one run. */
    satama_maybe key;
    /* Who it is for. */
    satama_maybe user;
    /* How long it may take, in milliseconds. */
    satama_maybe_u64 timeout_ms;
    /* From 0 to 9; 4 if none. */
    satama_maybe_u8 priority;
    /* Begin only after this many milliseconds. */
    satama_maybe_u64 delay_ms;
    /* Delete it this many milliseconds after its end. */
    satama_maybe_u64 retention_ms;
} satama_run_options;

/* What became of a start. */
typedef struct satama_started {
    satama_view id;
    /* Whether it was started now, or had been before with the same key. */
    bool is_new;
} satama_started;

/* Several of them. */
typedef struct satama_starts {
    const satama_started *items;
    size_t count;
} satama_starts;

/* A run to be started. The input is JSON. */
typedef struct satama_run_request {
    satama_view input;
    satama_run_options options;
} satama_run_request;

/* A failure that there may be. */
typedef struct satama_maybe_failure {
    bool has;
    satama_failure value;
} satama_maybe_failure;

/* A run at one moment. Times are in milliseconds since 1970. */
typedef struct satama_run_info {
    satama_view id;
    satama_view workflow;
    satama_status status;
    /* The component that it is pinned to. */
    satama_view digest;
    uint32_t generation;
    satama_maybe user;
    satama_maybe key;
    satama_maybe parent;
    uint8_t priority;
    uint64_t created_at_ms;
    uint64_t updated_at_ms;
    satama_maybe_u64 ended_at_ms;
    /* Events of its history. */
    uint32_t events;
    /* What it waits for, in words. */
    satama_maybe waits_for;
    /* JSON; these three are not in a list. */
    satama_maybe input;
    satama_maybe output;
    satama_maybe_failure failure;
} satama_run_info;

/* A run that there may be. */
typedef struct satama_maybe_run {
    bool has;
    satama_run_info value;
} satama_maybe_run;

/* Several of them. */
typedef struct satama_maybe_runs {
    const satama_maybe_run *items;
    size_t count;
} satama_maybe_runs;

/* Where a step is. */
enum { SATAMA_STEP_PENDING = 0, SATAMA_STEP_SUCCEEDED, SATAMA_STEP_FAILED };

/* One step, or something else that the body asked for. */
typedef struct satama_run_step {
    /* Its place in the order in which the body asked: from zero. */
    uint32_t number;
    /* `step`, `function`, `child`, `timer`, `approval`, `suspend` or `state`. */
    satama_view kind;
    satama_view name;
    /* The function or workflow. */
    satama_maybe target;
    satama_maybe child;
    /* One of SATAMA_STEP_PENDING and so on. */
    uint8_t status;
    uint32_t attempts;
    bool undo;
    satama_maybe input;
    satama_maybe output;
    satama_maybe_failure failure;
    uint64_t created_at_ms;
    satama_maybe_u64 ended_at_ms;
} satama_run_step;

/* Several of them. */
typedef struct satama_run_steps {
    const satama_run_step *items;
    size_t count;
} satama_run_steps;

/* One event of a history. */
typedef struct satama_run_event {
    /* Its place, from zero. */
    uint32_t index;
    uint64_t at_ms;
    /* JSON: an object with one member, whose name is its kind. */
    satama_view event;
} satama_run_event;

/* Several of them. */
typedef struct satama_run_events {
    const satama_run_event *items;
    size_t count;
} satama_run_events;

/* A status that there may be. */
typedef struct satama_maybe_status {
    bool has;
    satama_status value;
} satama_maybe_status;

/* Which runs to find. All zeros are all. */
typedef struct satama_run_filter {
    satama_maybe_status status;
    satama_maybe user;
    /* Created at this time or later, and before that. */
    satama_maybe_u64 since_ms;
    satama_maybe_u64 until_ms;
} satama_run_filter;

/* Part of a list, newest first. May be short, or empty, while there is a next page. */
typedef struct satama_run_page {
    const satama_run_info *runs;
    size_t count;
    /* Where to go on; none if this was the last page. */
    satama_maybe next;
} satama_run_page;

/* Whether a version starts new runs. */
enum { SATAMA_VERSION_DRAFT = 0, SATAMA_VERSION_ACTIVE, SATAMA_VERSION_DECLINED };

/* A version of a workflow: a component that has it. */
typedef struct satama_run_version {
    satama_view digest;
    /* One of SATAMA_VERSION_DRAFT and so on. */
    uint8_t status;
    satama_view source;
    uint64_t first_seen_at_ms;
    uint64_t last_seen_at_ms;
} satama_run_version;

/* Several of them. */
typedef struct satama_run_versions {
    const satama_run_version *items;
    size_t count;
} satama_run_versions;

/* A run that is started again and again. */
typedef struct satama_schedule {
    satama_view name;
    /* Five or six fields, the first of six being seconds; in UTC. */
    satama_view cron;
    satama_view input;
    uint64_t next_at_ms;
} satama_schedule;

/* Several of them. */
typedef struct satama_schedules {
    const satama_schedule *items;
    size_t count;
} satama_schedules;

/* The granted workflows that have runs or a version. */
satama_error satama_run_names(satama_arena *arena, satama_views *names);

/* Opens the runs of a workflow. Does not reach the store. */
satama_error satama_run_open(satama_arena *arena, satama_view workflow, satama_runs *runs);

/* Starts a run, of the newest active version. The input is JSON. */
satama_error satama_run_start(satama_arena *arena, satama_runs runs, satama_view input,
                              satama_run_options options, satama_started *started);

/* Starts at most 64 runs; each atomically. */
satama_error satama_run_start_many(satama_arena *arena, satama_runs runs,
                                   const satama_run_request *requests, size_t count,
                                   satama_starts *started);

/* A run, or none. */
satama_error satama_run_get(satama_arena *arena, satama_runs runs, satama_view id,
                            satama_maybe_run *run);

/* At most 64 runs, each or none. */
satama_error satama_run_get_many(satama_arena *arena, satama_runs runs, satama_views ids,
                                 satama_maybe_runs *found);

/* Runs, newest first, at most `limit` (100). */
satama_error satama_run_find(satama_arena *arena, satama_runs runs, satama_run_filter filter,
                             satama_maybe cursor, uint32_t limit, satama_run_page *page);

/* Takes one run of a list, which lives until it returns. */
typedef satama_error (*satama_run_visit)(void *context, const satama_run_info *run);

/* Walks through all runs that a filter finds, until the first error of either side. */
satama_error satama_run_each(satama_arena *arena, satama_runs runs, satama_run_filter filter,
                             satama_run_visit visit, void *context);

/* The steps of a run, in the order in which its body asked for them. */
satama_error satama_run_steps_of(satama_arena *arena, satama_runs runs, satama_view id,
                                 satama_run_steps *steps);

/* The history of a run from an event on, at most `limit` events. */
satama_error satama_run_history(satama_arena *arena, satama_runs runs, satama_view id,
                                uint32_t since, uint32_t limit, satama_run_events *events);

/* A part of a run's state, as JSON. */
satama_error satama_run_state(satama_arena *arena, satama_runs runs, satama_view id,
                              satama_view name, satama_maybe *value);

/* Waits until the run has ended, or `timeout_ms` has passed, at most 30 seconds. */
satama_error satama_run_wait(satama_arena *arena, satama_runs runs, satama_view id,
                             uint64_t timeout_ms, satama_run_info *run);

/* Waits until there are events from `since` on, or `timeout_ms` has passed. */
satama_error satama_run_changes(satama_arena *arena, satama_runs runs, satama_view id,
                                uint32_t since, uint64_t timeout_ms, satama_run_events *events);

/* Sends a signal, once by key; whether it was taken. The payload is JSON. */
satama_error satama_run_signal(satama_arena *arena, satama_runs runs, satama_view id,
                               satama_view name, satama_view payload, satama_maybe key,
                               bool *taken);

/* Decides an approval that the run has asked for. The data is JSON. */
satama_error satama_run_decide(satama_arena *arena, satama_runs runs, satama_view id,
                               satama_view name, bool approved, satama_maybe by, satama_view data);

/* Resumes a suspended run. */
satama_error satama_run_resume(satama_arena *arena, satama_runs runs, satama_view id);

/* Cancels a run, and its children; with `force` it is not told, and ends now. */
satama_error satama_run_cancel(satama_arena *arena, satama_runs runs, satama_view id,
                               satama_view reason, bool force);

/* Lets a run that failed or was cancelled go on from a step, or from the one that failed. */
satama_error satama_run_retry(satama_arena *arena, satama_runs runs, satama_view id,
                              satama_maybe_u32 number);

/* Deletes a run that has ended; whether there was one. */
satama_error satama_run_delete(satama_arena *arena, satama_runs runs, satama_view id, bool *found);

/* The versions of this workflow, newest first. */
satama_error satama_run_versions_of(satama_arena *arena, satama_runs runs,
                                    satama_run_versions *versions);

/* Sets whether a version starts new runs; false if there is none of this digest. */
satama_error satama_run_set_version(satama_arena *arena, satama_runs runs, satama_view digest,
                                    uint8_t status, bool *found);

/* Starts a run each time a cron expression says so, in UTC. */
satama_error satama_run_schedule(satama_arena *arena, satama_runs runs, satama_view name,
                                 satama_view cron, satama_view input, satama_run_options options,
                                 satama_schedule *schedule);

/* Ends a schedule; whether there was one. */
satama_error satama_run_unschedule(satama_arena *arena, satama_runs runs, satama_view name,
                                   bool *found);

/* The schedules of this workflow, in the order of their names. */
satama_error satama_run_schedules(satama_arena *arena, satama_runs runs,
                                  satama_schedules *schedules);

#ifdef __cplusplus
}
#endif

#endif
