/* Every function of sessions, their errors and limits. */
#include "show.h"

#define HOUR_MS UINT64_C(3600000)
#define YEAR_MS (400 * 24 * HOUR_MS)

static satama_field field(const char *name, const char *value)
{
    satama_field made = {T(name), T(value)};
    return made;
}

static satama_fields fields_of(const satama_field *items, size_t count)
{
    satama_fields fields = {items, count};
    return fields;
}

static satama_view show_session(satama_arena *arena, const satama_maybe_session *session)
{
    if (!session->has) return T("none");
    satama_view text = T("{");
    for (size_t at = 0; at < session->value.fields.count; at++) {
        const satama_field *item = &session->value.fields.items[at];
        text = satama_format(arena, "%.*s%s%.*s=%.*s", SATAMA_ARG(text), at > 0 ? ", " : "",
                             SATAMA_ARG(item->name), SATAMA_ARG(item->value));
    }
    uint64_t left = session->value.expires_in_ms;
    return satama_format(arena, "%.*s} %s", SATAMA_ARG(text),
                         left > 0 && left <= HOUR_MS ? "true" : "false");
}

static satama_view show_swap(satama_swap swap)
{
    if (!swap.stale) return T("swapped");
    return T(swap.version == 0 ? "stale 0" : "stale");
}

static void get(lines *t, satama_session_store s, const char *id)
{
    satama_maybe_session session;
    SAY(t, "get", satama_session_get(t->arena, s, T(id), &session),
        show_session(t->arena, &session));
}

/* Whether a version grew. */
static bool grew(uint64_t *before, uint64_t now)
{
    bool yes = now > *before;
    *before = now;
    return yes;
}

static void writes(lines *t, satama_session_store s)
{
    satama_arena *a = t->arena;
    uint64_t version = 0;
    uint64_t now;
    bool yes;
    satama_maybe_session session;
    satama_view names[] = {T("b"), T("missing")};
    satama_view name = T("a");
    satama_field first[] = {field("b", "2"), field("a", "[1]")};
    satama_field second[] = {field("c", "\"ä€😀\""), field("a", "null")};
    satama_field twice[] = {field("a", "1"), field("a", "2")};
    satama_field bad[] = {field("good", "1"), field("bäd", "{")};
    satama_field empty = field("", "{}");
    SAY(t, "get missing", satama_session_get(a, s, T("ann"), &session),
        show_session(a, &session));
    SAY(t, "remove from missing", satama_session_remove(a, s, T("ann"), views_of(&name, 1), &now),
        show_integer(a, (int64_t)now));
    SAY(t, "replace", satama_session_replace(a, s, T("ann"), fields_of(first, 2), &now),
        show_bool(grew(&version, now)));
    get(t, s, "ann");
    SAY(t, "update", satama_session_update(a, s, T("ann"), fields_of(second, 2), &now),
        show_bool(grew(&version, now)));
    get(t, s, "ann");
    SAY(t, "update twice", satama_session_update(a, s, T("ann"), fields_of(twice, 2), &now),
        show_bool(grew(&version, now)));
    SAY(t, "remove", satama_session_remove(a, s, T("ann"), views_of(names, 2), &now),
        show_bool(grew(&version, now)));
    get(t, s, "ann");
    WORKED(t, "bad JSON", satama_session_update(a, s, T("ann"), fields_of(bad, 2), &now));
    SAY(t, "clear", satama_session_clear(a, s, T("ann"), &yes), show_bool(yes));
    SAY(t, "clear again", satama_session_clear(a, s, T("ann"), &yes), show_bool(yes));
    SAY(t, "empty id and name", satama_session_replace(a, s, T(""), fields_of(&empty, 1), &now),
        show_bool(grew(&version, now)));
    get(t, s, "");
    SAY(t, "without fields", satama_session_replace(a, s, T("none"), fields_of(NULL, 0), &now),
        show_bool(grew(&version, now)));
    get(t, s, "none");
}

static satama_swap set(lines *t, const char *what, satama_session_store s, uint64_t version,
                       const char *value)
{
    satama_swap swap = {true, 0};
    satama_field n = field("n", value);
    SAY(t, what,
        satama_session_compare_and_set(t->arena, s, T("bob"), version, fields_of(&n, 1), &swap),
        show_swap(swap));
    return swap;
}

static satama_error count(satama_arena *arena, void *context, satama_fields *fields)
{
    int64_t *counted = context;
    satama_maybe n = satama_field_of(*fields, "n");
    *counted = 0;
    if (n.has && !satama_json_integer(n.value, counted)) {
        return satama_invalid_result(arena, "a number");
    }
    *counted += 1;
    *fields = satama_with_field(arena, *fields, T("n"), satama_json_of_integer(arena, *counted));
    return satama_ok();
}

static void swaps(lines *t, satama_session_store s)
{
    int64_t counted;
    set(t, "swap of a missing one", s, 7, "0");
    satama_swap first = set(t, "swap", s, 0, "1");
    set(t, "swap again", s, 0, "2");
    set(t, "swap of its version", s, first.version, "3");
    set(t, "swap of 2^53 + 2", s, (UINT64_C(1) << 53) + 2, "4");
    get(t, s, "bob");
    SAY(t, "update with a function",
        satama_session_update_with(t->arena, s, T("bob"), count, &counted, NULL),
        show_integer(t->arena, counted));
    get(t, s, "bob");
}

static void limits(lines *t, satama_session_store s)
{
    satama_arena *a = t->arena;
    satama_field many[257];
    satama_field one = {repeated(a, 'i', 255), T("1")};
    satama_fields single = fields_of(&one, 1);
    satama_fields nothing = fields_of(NULL, 0);
    satama_view id = repeated(a, 'i', 1025);
    WORKED(t, "longest id",
           satama_session_replace(a, s, satama_bytes(id.ptr, 1024), nothing, NULL));
    WORKED(t, "longer id", satama_session_replace(a, s, id, nothing, NULL));
    WORKED(t, "longest name", satama_session_update(a, s, T("l"), single, NULL));
    one.name = repeated(a, 'i', 256);
    WORKED(t, "longer name", satama_session_update(a, s, T("l"), single, NULL));
    one.name = T("v");
    one.value = json_text_of(a, 65536);
    WORKED(t, "longest value", satama_session_replace(a, s, T("l"), single, NULL));
    one.value = json_text_of(a, 65537);
    WORKED(t, "longer value", satama_session_replace(a, s, T("l"), single, NULL));
    for (size_t at = 0; at < COUNT(many); at++) {
        many[at].name = satama_format(a, "%zu", at);
        many[at].value = T("1");
    }
    WORKED(t, "most fields", satama_session_replace(a, s, T("l"), fields_of(many, 256), NULL));
    WORKED(t, "more fields", satama_session_replace(a, s, T("l"), fields_of(many, 257), NULL));
    for (size_t at = 0; at < 17; at++) many[at].value = json_text_of(a, 65000);
    WORKED(t, "a larger session", satama_session_replace(a, s, T("l"), fields_of(many, 17), NULL));
}

void session_all(lines *t)
{
    satama_arena *a = t->arena;
    satama_session_store s;
    WORKED(t, "open another", satama_session_open(a, T("another"), satama_sliding(1), NULL));
    WORKED(t, "longest expiry", satama_session_open(a, T("granted"), satama_fixed(YEAR_MS), NULL));
    WORKED(t, "longer expiry",
           satama_session_open(a, T("granted"), satama_sliding(YEAR_MS + 1), NULL));
    WORKED(t, "expiry of 2^63",
           satama_session_open(a, T("granted"), satama_fixed(UINT64_C(1) << 63), NULL));
    WORKED(t, "open", satama_session_open(a, T("granted"), satama_sliding(HOUR_MS), &s));
    writes(t, s);
    swaps(t, s);
    limits(t, s);
}
