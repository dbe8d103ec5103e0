/* Runs that are started again and again. */
#include "show.h"

static satama_view show_schedule(satama_arena *arena, const satama_schedule *schedule)
{
    return satama_format(arena, "\"%.*s\" \"%.*s\" %.*s %s", SATAMA_ARG(schedule->name),
                         SATAMA_ARG(schedule->cron), SATAMA_ARG(schedule->input),
                         schedule->next_at_ms > 0 ? "true" : "false");
}

static void schedule(lines *t, const char *what, satama_runs r, const char *name,
                     const char *cron, const char *input)
{
    satama_schedule made;
    satama_run_options plain = {0};
    SAY(t, what, satama_run_schedule(t->arena, r, T(name), T(cron), T(input), plain, &made),
        show_schedule(t->arena, &made));
}

static void unschedule(lines *t, const char *what, satama_runs r, const char *name)
{
    bool found;
    SAY(t, what, satama_run_unschedule(t->arena, r, T(name), &found), show_bool(found));
}

void run_schedules(lines *t)
{
    satama_arena *a = t->arena;
    satama_runs r;
    satama_schedules all;
    expect(satama_run_open(a, T("echo"), &r));
    schedule(t, "schedule", r, "yö-ä", "0 0 1 1 *", "[1]");
    schedule(t, "schedule by seconds", r, "b", "0 0 0 1 1 *", "null");
    schedule(t, "bad cron", r, "c", "whenever", "1");
    expect(satama_run_schedules(a, r, &all));
    satama_view *shown = satama_alloc(a, all.count * sizeof *shown);
    for (size_t at = 0; at < all.count; at++) shown[at] = show_schedule(a, &all.items[at]);
    say(t, "schedules", show_list(a, shown, all.count));
    unschedule(t, "unschedule", r, "yö-ä");
    unschedule(t, "unschedule again", r, "yö-ä");
    unschedule(t, "unschedule", r, "b");
}
