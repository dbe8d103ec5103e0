/* Every function of the cache, its errors and limits. */
#include "show.h"

/* The largest counter. */
#define COUNTER_MAX INT64_C(9007199254740991)

satama_cache_options minute(void)
{
    return satama_cache_ttl_of(60000);
}

satama_fill_options at_once(uint64_t wait_ms, uint64_t claim_ms)
{
    satama_fill_options options = {wait_ms, claim_ms, NONE};
    return options;
}

static satama_cache_options in_group(const char *group)
{
    satama_cache_options options = {60000, satama_some_text(group)};
    return options;
}

static void get(lines *t, const char *what, satama_bucket b, satama_view key)
{
    satama_maybe value;
    SAY(t, what, satama_cache_get(t->arena, b, key, &value), show_maybe_bytes(t->arena, value));
}

static void set(lines *t, const char *what, satama_bucket b, const char *key, const char *value)
{
    WORKED(t, what, satama_cache_set(t->arena, b, T(key), T(value), minute()));
}

static void values(lines *t, satama_bucket b)
{
    satama_arena *a = t->arena;
    bool yes;
    satama_maybe_u64 ttl;
    get(t, "get missing", b, T("a"));
    set(t, "set", b, "a", "hello");
    get(t, "get", b, T("a"));
    set(t, "set empty", b, "", "");
    get(t, "get empty", b, T(""));
    set(t, "set unicode", b, "avain-ä€😀", "arvo-ä€😀");
    get(t, "get unicode", b, T("avain-ä€😀"));
    satama_view nul = satama_bytes("a\0b", 3);
    WORKED(t, "set nul", satama_cache_set(a, b, nul, satama_bytes("\0\xff\x80", 3), minute()));
    get(t, "get nul", b, nul);
    SAY(t, "exists", satama_cache_exists(a, b, T("a"), &yes), show_bool(yes));
    SAY(t, "exists missing", satama_cache_exists(a, b, T("missing"), &yes), show_bool(yes));
    SAY(t, "ttl", satama_cache_ttl(a, b, T("a"), &ttl),
        show_bool(ttl.has && ttl.value > 0 && ttl.value <= 60000));
    SAY(t, "ttl missing", satama_cache_ttl(a, b, T("missing"), &ttl),
        ttl.has ? T("some") : T("none"));
    SAY(t, "delete", satama_cache_delete(a, b, T("a"), &yes), show_bool(yes));
    SAY(t, "delete again", satama_cache_delete(a, b, T("a"), &yes), show_bool(yes));
    SAY(t, "set if absent", satama_cache_set_if_absent(a, b, T("a"), T("1"), minute(), &yes),
        show_bool(yes));
    SAY(t, "set if absent again", satama_cache_set_if_absent(a, b, T("a"), T("2"), minute(), &yes),
        show_bool(yes));
    get(t, "get", b, T("a"));
}

static void get_many(lines *t, const char *what, satama_bucket b, satama_views keys)
{
    satama_maybes found;
    satama_error error = satama_cache_get_many(t->arena, b, keys, &found);
    if (error.code != SATAMA_OK) {
        say(t, what, show_error(t->arena, &error));
        return;
    }
    satama_view *shown = satama_alloc(t->arena, found.count * sizeof *shown);
    for (size_t at = 0; at < found.count; at++) {
        shown[at] = show_maybe_bytes(t->arena, found.items[at]);
    }
    say(t, what, show_list(t->arena, shown, found.count));
}

static void batches(lines *t, satama_bucket b)
{
    satama_cache_entry entries[] = {{T("x"), T("1"), minute()},
                                    {T("y"), T(""), minute()},
                                    {T("x"), T("333"), minute()}};
    satama_view keys[] = {T("x"), T("y"), T("z"), T("x")};
    WORKED(t, "set many", satama_cache_set_many(t->arena, b, entries, COUNT(entries)));
    get_many(t, "get many", b, views_of(keys, COUNT(keys)));
    WORKED(t, "set many of none", satama_cache_set_many(t->arena, b, NULL, 0));
    get_many(t, "get many of none", b, views_of(NULL, 0));
}

static void add(lines *t, const char *what, satama_bucket b, const char *key, int64_t delta)
{
    int64_t sum;
    SAY(t, what, satama_cache_add(t->arena, b, T(key), delta, minute(), &sum),
        show_integer(t->arena, sum));
}

static void counters(lines *t, satama_bucket b)
{
    add(t, "add", b, "n", 5);
    add(t, "add less", b, "n", -7);
    get(t, "get counter", b, T("n"));
    add(t, "add to text", b, "x-ä", 1);
    set(t, "set text", b, "text", "text");
    add(t, "add to text", b, "text", 1);
    add(t, "add the most", b, "max", COUNTER_MAX);
    add(t, "add beyond", b, "max", 1);
    add(t, "add the least", b, "min", -COUNTER_MAX);
    add(t, "add below", b, "min", -1);
    add(t, "add what is over 53 bits", b, "huge", INT64_C(1) << 60);
    add(t, "add the least of 64 bits", b, "huge", INT64_MIN);
}

static void groups(lines *t, satama_bucket b)
{
    satama_arena *a = t->arena;
    WORKED(t, "set in group", satama_cache_set(a, b, T("g1"), T("1"), in_group("ryhmä")));
    WORKED(t, "set in the empty group", satama_cache_set(a, b, T("g2"), T("2"), in_group("")));
    WORKED(t, "invalidate group", satama_cache_invalidate_group(a, b, T("ryhmä")));
    get(t, "get of group", b, T("g1"));
    get(t, "get of the empty group", b, T("g2"));
    WORKED(t, "invalidate all", satama_cache_invalidate_all(a, b));
    get(t, "get of the empty group", b, T("g2"));
    get(t, "get of none", b, T("x"));
}

static satama_claim fill(lines *t, const char *what, satama_arena *arena, satama_bucket b,
                         const char *key, satama_fill_options options)
{
    static const char *const kinds[] = {"hit", "claimed", "busy"};
    satama_filled filled;
    satama_error error = satama_cache_fill(arena, b, T(key), options, &filled);
    if (error.code != SATAMA_OK) {
        say(t, what, show_error(t->arena, &error));
    } else if (filled.kind == SATAMA_HIT) {
        satama_view bytes = show_bytes(t->arena, filled.value);
        say(t, what, satama_format(t->arena, "hit %.*s", SATAMA_ARG(bytes)));
    } else {
        say(t, what, T(kinds[filled.kind]));
    }
    return filled.claim;
}

static void fills(lines *t, satama_bucket b)
{
    satama_arena *a = t->arena;
    satama_fill_options now = at_once(0, 60000);
    satama_claim claim = fill(t, "fill", a, b, "f", now);
    fill(t, "fill meanwhile", a, b, "f", now);
    WORKED(t, "complete", satama_cache_complete(a, claim, T("filled"), 60000));
    fill(t, "fill again", a, b, "f", now);
    satama_arena given_up = {0};
    fill(t, "fill another", &given_up, b, "g", now);
    satama_arena_free(&given_up);
    claim = fill(t, "fill after it was given up", a, b, "g", now);
    set(t, "set under the claim", b, "g", "set");
    WORKED(t, "complete a lost claim", satama_cache_complete(a, claim, T("late"), 60000));
    get(t, "get", b, T("g"));
    satama_fill_options grouped = now;
    grouped.group = satama_some_text("ryhmä");
    claim = fill(t, "fill in a group", a, b, "h", grouped);
    WORKED(t, "complete in a group", satama_cache_complete(a, claim, T(""), 60000));
    WORKED(t, "invalidate its group", satama_cache_invalidate_group(a, b, T("ryhmä")));
    get(t, "get", b, T("h"));
}

void cache_all(lines *t)
{
    satama_bucket b;
    satama_cache_counts counts;
    satama_cache_counts after;
    WORKED(t, "open another", satama_cache_open(t->arena, T("another"), NULL));
    WORKED(t, "open", satama_cache_open(t->arena, T("granted"), &b));
    expect(satama_cache_counts_of(t->arena, b, &counts));
    values(t, b);
    batches(t, b);
    counters(t, b);
    groups(t, b);
    fills(t, b);
    expect(satama_cache_counts_of(t->arena, b, &after));
    say(t, "hits", show_integer(t->arena, (int64_t)(after.hits - counts.hits)));
    say(t, "misses", show_integer(t->arena, (int64_t)(after.misses - counts.misses)));
}
