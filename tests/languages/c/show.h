/* How values are written: ../README.md. */
#ifndef SHOW_H
#define SHOW_H

#include <stdlib.h>

#include <satama.h>

/* The lines of one part, and the arena that they live in. */
typedef struct lines {
    satama_arena *arena;
    satama_view *items;
    size_t count;
    size_t room;
} lines;

/* A run that never was. */
#define MISSING "0000000000000000000000000000000000"

/* Longer than any stall of a busy machine, and the most that a wait may take. */
#define PATIENCE_MS 30000

/* Says a value. */
void say(lines *t, const char *what, satama_view value);

/* Says what a call came to: what `shown` is then, or its error. */
#define SAY(t, what, call, shown) \
    do { \
        satama_error said_error = (call); \
        say(t, what, \
            said_error.code == SATAMA_OK ? (shown) : show_error((t)->arena, &said_error)); \
    } while (0)

/* Says only whether a call worked. */
#define WORKED(t, what, call) SAY(t, what, call, satama_text("ok"))

/* Ends the instance if a call that has to work does not. */
void expect(satama_error error);

satama_view show_error(satama_arena *arena, const satama_error *error);

/* The error's case alone. */
satama_view show_case(satama_arena *arena, const satama_error *error);
satama_view show_failure(satama_arena *arena, const satama_failure *failure);
satama_view show_bool(bool value);
satama_view show_integer(satama_arena *arena, int64_t value);
satama_view show_text(satama_arena *arena, satama_view text);
satama_view show_maybe_text(satama_arena *arena, satama_maybe text);
satama_view show_bytes(satama_arena *arena, satama_view bytes);
satama_view show_maybe_bytes(satama_arena *arena, satama_maybe bytes);
satama_view show_maybe_json(satama_maybe json);

/* Views as they are, between brackets. */
satama_view show_list(satama_arena *arena, const satama_view *shown, size_t count);

/* A list of texts. */
satama_view show_texts(satama_arena *arena, satama_views texts);

/* `count` times a character. */
satama_view repeated(satama_arena *arena, char character, size_t count);

/* A JSON text of so many bytes. */
satama_view json_text_of(satama_arena *arena, size_t count);

/* Texts as a list. */
satama_views views_of(const satama_view *items, size_t count);

/* Orders anything that begins with a view by the bytes of that. */
int by_first_view(const void *one, const void *other);

/* JSON written anew: compact. */
satama_view compact(satama_arena *arena, satama_view json);

#define T satama_text
#define NONE satama_none()
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The parts. */
void cache_all(lines *t);
void cache_limits(lines *t);
void session_all(lines *t);
void channel_all(lines *t);
void hub_all(lines *t);
void hub_say(lines *t);
void hub_heard(lines *t);
void hub_handle(satama_arena *arena, const satama_event *event);
void pages_all(lines *t);
void secret_all(lines *t);
void secret_use(lines *t);
void credential_all(lines *t);
void run_all(lines *t);
void run_schedules(lines *t);
void workflow_outside(lines *t);
void quota_handles(lines *t);
void quota_calls(lines *t);
void unavailable(lines *t);
void undecryptable(lines *t);

/* What several parts share. */
satama_cache_options minute(void);
satama_fill_options at_once(uint64_t wait_ms, uint64_t claim_ms);
satama_view show_message(satama_arena *arena, satama_message message);
satama_view show_history(satama_arena *arena, const satama_history *history);
satama_view show_metadata(satama_arena *arena, const satama_secret_metadata *metadata);
satama_view show_names(satama_arena *arena, const satama_name_page *page);
satama_view show_run(satama_arena *arena, const satama_run_info *info);
satama_view show_steps(satama_arena *arena, satama_run_steps steps);
satama_view run_start(satama_arena *arena, satama_runs runs, const char *input);
void run_asked(satama_arena *arena, satama_runs runs, satama_view id, const char *kind,
               const char *name);

/* Has a function call until that is refused: `insist`, which says how. */
satama_error insists(satama_arena *arena, satama_view input, satama_output *output);
satama_error insist(satama_arena *arena, const satama_context *context, satama_view input,
                    satama_view *output);

/* Names that are walked through. */
typedef struct names {
    satama_arena *arena;
    satama_view items[16];
    size_t count;
} names;
satama_error names_visit(void *context, satama_view name);

extern const satama_workflow conformance_workflows[7];
extern const satama_function conformance_functions[5];

#endif
