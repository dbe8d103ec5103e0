/* The limits of the cache: at each, and beyond it. */
#include "show.h"

#define MONTH_MS (30ull * 24 * 60 * 60 * 1000)

static void set(lines *t, const char *what, satama_bucket b, uint64_t ttl_ms, satama_maybe group)
{
    satama_cache_options options = {ttl_ms, group};
    WORKED(t, what, satama_cache_set(t->arena, b, T("t"), T("1"), options));
}

static void keys(lines *t, satama_bucket b, satama_view too_long)
{
    satama_arena *a = t->arena;
    satama_view longest = repeated(a, 'k', 1024);
    satama_maybe value;
    satama_maybe_u64 ttl;
    bool yes;
    int64_t sum;
    WORKED(t, "longest key", satama_cache_set(a, b, longest, T("1"), minute()));
    SAY(t, "get by it", satama_cache_get(a, b, longest, &value), show_maybe_bytes(a, value));
    WORKED(t, "longer key", satama_cache_set(a, b, too_long, T("1"), minute()));
    SAY(t, "get by it", satama_cache_get(a, b, too_long, &value), show_maybe_bytes(a, value));
    SAY(t, "delete by it", satama_cache_delete(a, b, too_long, &yes), show_bool(yes));
    SAY(t, "exists by it", satama_cache_exists(a, b, too_long, &yes), show_bool(yes));
    SAY(t, "ttl by it", satama_cache_ttl(a, b, too_long, &ttl), show_bool(ttl.has));
    SAY(t, "add by it", satama_cache_add(a, b, too_long, 1, minute(), &sum),
        show_integer(a, sum));
}

static void values(lines *t, satama_bucket b)
{
    satama_arena *a = t->arena;
    satama_maybe value;
    bool yes;
    size_t size = (size_t)1 << 20;
    char *largest = satama_alloc(a, size);
    for (size_t at = 0; at < size; at++) largest[at] = (char)(at % 251);
    WORKED(t, "largest value",
           satama_cache_set(a, b, T("large"), satama_bytes(largest, size), minute()));
    SAY(t, "get it", satama_cache_get(a, b, T("large"), &value), show_maybe_bytes(a, value));
    satama_view larger = repeated(a, 'v', size + 1);
    WORKED(t, "larger value", satama_cache_set(a, b, T("larger"), larger, minute()));
    SAY(t, "larger value if absent",
        satama_cache_set_if_absent(a, b, T("larger"), larger, minute(), &yes), show_bool(yes));
    SAY(t, "get it", satama_cache_get(a, b, T("larger"), &value), show_maybe_bytes(a, value));
}

static void batches(lines *t, satama_bucket b)
{
    satama_arena *a = t->arena;
    satama_view many[65];
    satama_cache_entry entries[65];
    satama_maybes found;
    for (size_t at = 0; at < COUNT(many); at++) {
        many[at] = satama_format(a, "batch-%zu", at);
        satama_cache_entry entry = {many[at], T("1"), minute()};
        entries[at] = entry;
    }
    WORKED(t, "largest batch", satama_cache_set_many(a, b, entries, 64));
    satama_error error = satama_cache_get_many(a, b, views_of(many, 64), &found);
    int64_t there = 0;
    for (size_t at = 0; error.code == SATAMA_OK && at < found.count; at++) {
        there += found.items[at].has;
    }
    SAY(t, "get it", error, show_integer(a, there));
    WORKED(t, "larger batch", satama_cache_set_many(a, b, entries, 65));
    WORKED(t, "get it", satama_cache_get_many(a, b, views_of(many, 65), &found));
}

void cache_limits(lines *t)
{
    satama_arena *a = t->arena;
    satama_bucket b;
    expect(satama_cache_open(a, T("granted"), &b));
    satama_view too_long = repeated(a, 'k', 1025);
    keys(t, b, too_long);
    values(t, b);
    satama_view long_group = repeated(a, 'g', 256);
    satama_view longest_group = satama_bytes(long_group.ptr, 255);
    char unicode[257] = "";
    for (int at = 0; at < 128; at++) memcpy(unicode + 2 * at, "ä", 2);
    set(t, "longest ttl", b, MONTH_MS, NONE);
    set(t, "longer ttl", b, MONTH_MS + 1, NONE);
    set(t, "ttl of 2^53 + 2", b, (UINT64_C(1) << 53) + 2, NONE);
    set(t, "ttl of 2^63", b, UINT64_C(1) << 63, NONE);
    set(t, "longest group", b, 1000, satama_some(longest_group));
    set(t, "longer group", b, 1000, satama_some(long_group));
    WORKED(t, "invalidate longer group", satama_cache_invalidate_group(a, b, long_group));
    set(t, "group in unicode", b, 1000, satama_some_text(unicode));
    batches(t, b);
    WORKED(t, "longer wait", satama_cache_fill(a, b, T("missing"), at_once(30001, 1000), NULL));
    WORKED(t, "longer claim", satama_cache_fill(a, b, T("missing"), at_once(0, 300001), NULL));
    WORKED(t, "fill of a longer key", satama_cache_fill(a, b, too_long, at_once(0, 1), NULL));
}
