/* Every function of channels, their errors and limits. */
#include "show.h"

#define DAY_MS (24ull * 60 * 60 * 1000)

static void get(lines *t, const char *what, satama_channel_store s, const char *id)
{
    satama_channel_info info;
    satama_error error = satama_channel_get(t->arena, s, T(id), &info);
    if (error.code != SATAMA_OK) {
        say(t, what, show_error(t->arena, &error));
        return;
    }
    satama_view user = show_maybe_text(t->arena, info.user);
    say(t, what, satama_format(t->arena, "\"%.*s\" %.*s %.*s", SATAMA_ARG(info.id),
                               SATAMA_ARG(info.opening_data), SATAMA_ARG(user)));
}

static void state(lines *t, const char *what, satama_channel_store s, const char *id)
{
    satama_channel_state now;
    satama_error error = satama_channel_get_state(t->arena, s, T(id), &now);
    satama_view value = error.code == SATAMA_OK ? show_maybe_json(now.value) : T("");
    SAY(t, what, error,
        satama_format(t->arena, "%s %.*s", now.version > 0 ? "true" : "false",
                      SATAMA_ARG(value)));
}

static satama_view show_ids(satama_arena *arena, satama_channel_page page)
{
    satama_channel_entry *sorted = satama_alloc(arena, page.count * sizeof *sorted);
    satama_view *shown = satama_alloc(arena, page.count * sizeof *shown);
    if (page.count > 0) memcpy(sorted, page.entries, page.count * sizeof *sorted);
    qsort(sorted, page.count, sizeof *sorted, by_first_view);
    for (size_t at = 0; at < page.count; at++) {
        satama_view user = show_maybe_text(arena, sorted[at].user);
        shown[at] = satama_format(arena, "\"%.*s\" %.*s", SATAMA_ARG(sorted[at].id),
                                  SATAMA_ARG(user));
    }
    return show_list(arena, shown, page.count);
}

static void channels(lines *t, satama_channel_store s)
{
    satama_arena *a = t->arena;
    satama_maybe ann = satama_some_text("ann-ä");
    WORKED(t, "add", satama_channel_add(a, s, T("a"), T("{\"n\": 1}"), NONE));
    WORKED(t, "add again", satama_channel_add(a, s, T("a"), T("{}"), NONE));
    WORKED(t, "add bad JSON", satama_channel_add(a, s, T("b"), T("{"), NONE));
    WORKED(t, "add with user", satama_channel_add(a, s, T("ä€😀"), T("null"), ann));
    get(t, "get", s, "a");
    get(t, "get unicode", s, "ä€😀");
    get(t, "get missing", s, "missing");
    WORKED(t, "set user", satama_channel_set_user(a, s, T("a"), ann));
    get(t, "get", s, "a");
    WORKED(t, "clear user", satama_channel_set_user(a, s, T("a"), NONE));
    get(t, "get", s, "a");
    WORKED(t, "set user of missing", satama_channel_set_user(a, s, T("missing"), NONE));
    WORKED(t, "set the empty user",
           satama_channel_set_user(a, s, T("a"), satama_some_text("")));
    get(t, "get", s, "a");
}

static satama_error count(satama_arena *arena, void *context, satama_maybe value,
                          satama_view *changed)
{
    int64_t n = 0;
    (void)context;
    if (value.has && !satama_json_integer(value.value, &n)) {
        return satama_invalid_result(arena, "a number");
    }
    *changed = satama_json_of_integer(arena, n + 1);
    return satama_ok();
}

static void swap(lines *t, const char *what, satama_channel_store s, const char *id,
                 uint64_t version, const char *value)
{
    satama_swap swapped;
    SAY(t, what,
        satama_channel_compare_and_set_state(t->arena, s, T(id), version, T(value), &swapped),
        T(swapped.stale ? "stale" : "swapped"));
}

static void states(lines *t, satama_channel_store s)
{
    satama_arena *a = t->arena;
    uint64_t version = 0;
    uint64_t cleared;
    satama_view written;
    state(t, "state before", s, "a");
    SAY(t, "set state", satama_channel_set_state(a, s, T("a"), T("[1]"), &version),
        show_bool(version > 0));
    state(t, "state", s, "a");
    swap(t, "swap", s, "a", version, "\"ä\"");
    swap(t, "swap again", s, "a", version, "2");
    state(t, "state", s, "a");
    WORKED(t, "bad JSON", satama_channel_set_state(a, s, T("a"), T(""), NULL));
    swap(t, "swap to bad JSON", s, "a", version, "nul");
    SAY(t, "clear state", satama_channel_clear_state(a, s, T("a"), &cleared),
        show_bool(cleared > version));
    state(t, "state", s, "a");
    SAY(t, "update with a function",
        satama_channel_update_state(a, s, T("a"), count, NULL, &written), written);
    state(t, "state", s, "a");
    state(t, "state of missing", s, "missing");
    WORKED(t, "set state of missing",
           satama_channel_set_state(a, s, T("missing"), T("1"), NULL));
    swap(t, "swap of missing", s, "missing", 0, "1");
    WORKED(t, "clear state of missing", satama_channel_clear_state(a, s, T("missing"), NULL));
}

static void lists(lines *t, satama_channel_store s)
{
    satama_arena *a = t->arena;
    satama_view ids[] = {T("a"), T("missing")};
    satama_views ended;
    satama_channel_page page;
    satama_view ann = T("ann-ä");
    satama_message bytes = {true, satama_bytes("\0\xff", 2)};
    bool told;
    SAY(t, "touch", satama_channel_touch(a, s, views_of(ids, 2), &ended), show_texts(a, ended));
    SAY(t, "touch none", satama_channel_touch(a, s, views_of(NULL, 0), &ended),
        show_texts(a, ended));
    SAY(t, "of user", satama_channel_of_user(a, s, ann, NONE, 10, &page), show_ids(a, page));
    SAY(t, "of nobody", satama_channel_of_user(a, s, T("nobody"), NONE, 10, &page),
        show_ids(a, page));
    SAY(t, "all", satama_channel_all(a, s, NONE, 1000, &page), show_ids(a, page));
    WORKED(t, "bad cursor", satama_channel_all(a, s, satama_some_text("ä"), 10, NULL));
    WORKED(t, "bad cursor of user",
           satama_channel_of_user(a, s, ann, satama_some_text("ä"), 10, NULL));
    WORKED(t, "larger page", satama_channel_all(a, s, NONE, 1001, NULL));
    WORKED(t, "page of 10,000", satama_channel_of_user(a, s, ann, NONE, 10000, NULL));
    SAY(t, "send text", satama_channel_send(a, s, T("a"), satama_text_message("hello"), &told),
        show_bool(told));
    SAY(t, "send bytes", satama_channel_send(a, s, T("a"), bytes, &told), show_bool(told));
    SAY(t, "send to missing",
        satama_channel_send(a, s, T("missing"), satama_text_message(""), &told), show_bool(told));
}

static void ends(lines *t, satama_channel_store s)
{
    satama_arena *a = t->arena;
    satama_view ids[] = {T("b"), T("c"), T("missing"), T("ä€😀")};
    satama_channel_page page;
    uint32_t removed;
    WORKED(t, "disconnect with a bad code", satama_channel_disconnect(a, s, T("a"), 999, T("")));
    WORKED(t, "disconnect with a long reason",
           satama_channel_disconnect(a, s, T("a"), 1000, repeated(a, 'r', 124)));
    WORKED(t, "disconnect", satama_channel_disconnect(a, s, T("a"), 3000, T("enough")));
    WORKED(t, "disconnect again", satama_channel_disconnect(a, s, T("a"), 3000, T("enough")));
    WORKED(t, "add", satama_channel_add(a, s, T("b"), T("{}"), NONE));
    WORKED(t, "add", satama_channel_add(a, s, T("c"), T("{}"), NONE));
    SAY(t, "remove", satama_channel_remove(a, s, views_of(ids, 4), &removed),
        show_integer(a, removed));
    SAY(t, "remove again", satama_channel_remove(a, s, views_of(ids, 4), &removed),
        show_integer(a, removed));
    SAY(t, "all", satama_channel_all(a, s, NONE, 1000, &page), show_ids(a, page));
}

static void limits(lines *t, satama_channel_store s)
{
    satama_arena *a = t->arena;
    satama_view longest = repeated(a, 'i', 255);
    satama_view longer = repeated(a, 'i', 256);
    satama_view data = T("{}");
    satama_message bytes = {true, repeated(a, 7, 65536)};
    satama_message text = {false, repeated(a, 'i', 65537)};
    satama_view numbers[1001];
    satama_view left[] = {longest, T("u"), T("d")};
    satama_views ended;
    uint32_t removed;
    bool told;
    WORKED(t, "longest id", satama_channel_add(a, s, longest, data, NONE));
    WORKED(t, "longer id", satama_channel_add(a, s, longer, data, NONE));
    WORKED(t, "longest user", satama_channel_add(a, s, T("u"), data, satama_some(longest)));
    WORKED(t, "longer user", satama_channel_add(a, s, T("v"), data, satama_some(longer)));
    WORKED(t, "largest data",
           satama_channel_add(a, s, T("d"), json_text_of(a, 65536), NONE));
    WORKED(t, "larger data", satama_channel_add(a, s, T("e"), json_text_of(a, 65537), NONE));
    WORKED(t, "largest state",
           satama_channel_set_state(a, s, T("u"), json_text_of(a, 65536), NULL));
    WORKED(t, "larger state",
           satama_channel_set_state(a, s, T("u"), json_text_of(a, 65537), NULL));
    SAY(t, "largest message", satama_channel_send(a, s, T("u"), bytes, &told), show_bool(told));
    SAY(t, "larger message", satama_channel_send(a, s, T("u"), text, &told), show_bool(told));
    for (size_t at = 0; at < COUNT(numbers); at++) numbers[at] = satama_format(a, "%zu", at);
    SAY(t, "longest list", satama_channel_touch(a, s, views_of(numbers, 1000), &ended),
        show_integer(a, (int64_t)ended.count));
    SAY(t, "longer list", satama_channel_touch(a, s, views_of(numbers, 1001), &ended),
        show_texts(a, ended));
    SAY(t, "remove a longer list", satama_channel_remove(a, s, views_of(numbers, 1001), &removed),
        show_integer(a, removed));
    SAY(t, "remove", satama_channel_remove(a, s, views_of(left, 3), &removed),
        show_integer(a, removed));
}

void channel_all(lines *t)
{
    satama_arena *a = t->arena;
    satama_channel_store s;
    WORKED(t, "open another", satama_channel_open(a, T("another"), 1000, NULL));
    WORKED(t, "longest ttl", satama_channel_open(a, T("granted"), DAY_MS, NULL));
    WORKED(t, "longer ttl", satama_channel_open(a, T("granted"), DAY_MS + 1, NULL));
    WORKED(t, "ttl of 2^63", satama_channel_open(a, T("granted"), UINT64_C(1) << 63, NULL));
    WORKED(t, "open", satama_channel_open(a, T("granted"), 60000, &s));
    channels(t, s);
    states(t, s);
    lists(t, s);
    ends(t, s);
    limits(t, s);
}
