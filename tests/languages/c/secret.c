/* Every function of secrets, and their errors. */
#include "show.h"

satama_view show_metadata(satama_arena *arena, const satama_secret_metadata *metadata)
{
    satama_u64s versions = metadata->versions;
    bool sorted = versions.count > 0 && versions.items[versions.count - 1] == metadata->version;
    for (size_t at = 1; at < versions.count; at++) {
        sorted = sorted && versions.items[at - 1] <= versions.items[at];
    }
    bool known = metadata->created_ms > 0 && metadata->updated_ms >= metadata->created_ms;
    return satama_format(arena, "%zu versions %s %s", versions.count, sorted ? "true" : "false",
                         known ? "true" : "false");
}

satama_view show_names(satama_arena *arena, const satama_name_page *page)
{
    satama_view list = show_texts(arena, page->names);
    return satama_format(arena, "%.*s %s", SATAMA_ARG(list), page->next.has ? "more" : "end");
}

static void reveal(lines *t, const char *what, const char *name, satama_maybe_u64 version)
{
    satama_secret secret;
    satama_view value;
    satama_error error = satama_secret_get(t->arena, T(name), version, &secret);
    if (error.code == SATAMA_OK) error = satama_secret_reveal(t->arena, secret, &value);
    SAY(t, what, error, show_bytes(t->arena, value));
}

static void get(lines *t, const char *what, const char *name)
{
    WORKED(t, what, satama_secret_get(t->arena, T(name), satama_none_u64(), NULL));
}

static void exists(lines *t, const char *name)
{
    bool yes;
    SAY(t, "exists", satama_secret_exists(t->arena, T(name), &yes), show_bool(yes));
}

static void describe(lines *t, const char *name)
{
    satama_secret_metadata known;
    SAY(t, "describe", satama_secret_describe(t->arena, T(name), &known),
        show_metadata(t->arena, &known));
}

static void put(lines *t, const char *what, const char *name, satama_view value)
{
    WORKED(t, what, satama_secret_put(t->arena, T(name), value, NULL));
}

static void delete(lines *t, const char *what, const char *name)
{
    bool found;
    SAY(t, what, satama_secret_delete(t->arena, T(name), &found), show_bool(found));
}

static void values(lines *t)
{
    satama_arena *a = t->arena;
    uint64_t version;
    satama_secret secret;
    satama_secrets many;
    satama_view names[] = {T("granted/open/a"), T("granted/none"), T("granted/b"), T("other")};
    satama_view shown[4];
    get(t, "get missing", "granted/a");
    exists(t, "granted/a");
    SAY(t, "put", satama_secret_put(a, T("granted/open/a"), T("salasana-ä€😀"), &version),
        show_bool(version > 0));
    SAY(t, "version", satama_secret_get(a, T("granted/open/a"), satama_none_u64(), &secret),
        show_bool(satama_secret_version(secret) == version));
    reveal(t, "reveal", "granted/open/a", satama_none_u64());
    exists(t, "granted/open/a");
    describe(t, "granted/open/a");
    put(t, "put empty", "granted/open/empty", T(""));
    reveal(t, "reveal it", "granted/open/empty", satama_none_u64());
    put(t, "put another", "granted/b", T("b"));
    reveal(t, "reveal it", "granted/b", satama_none_u64());
    expect(satama_secret_get_many(a, views_of(names, 4), &many));
    for (size_t at = 0; at < COUNT(shown); at++) shown[at] = show_bool(many.items[at].has);
    say(t, "get many", show_list(a, shown, 4));
}

static void versions(lines *t)
{
    static const char *const written[] = {"1", "22", "333", "4444"};
    uint64_t made[4];
    uint64_t never[] = {0, (UINT64_C(1) << 53) + 2, UINT64_C(1) << 63};
    bool grow = true;
    for (size_t at = 0; at < COUNT(made); at++) {
        expect(satama_secret_put(t->arena, T("granted/open/v"), T(written[at]), &made[at]));
        grow = grow && made[at] > 0 && (at == 0 || made[at] > made[at - 1]);
    }
    say(t, "versions grow", show_bool(grow));
    describe(t, "granted/open/v");
    reveal(t, "newest", "granted/open/v", satama_none_u64());
    reveal(t, "an older one", "granted/open/v", satama_some_u64(made[1]));
    reveal(t, "one that is forgotten", "granted/open/v", satama_some_u64(made[0]));
    for (size_t at = 0; at < COUNT(never); at++) {
        reveal(t, "one that never was", "granted/open/v", satama_some_u64(never[at]));
    }
}

static void page(lines *t, const char *what, const char *after, uint32_t limit)
{
    satama_name_page read;
    SAY(t, what, satama_secret_names(t->arena, satama_some_text(after), limit, &read),
        show_names(t->arena, &read));
}

static void lists(lines *t)
{
    names all = {t->arena, {{NULL, 0}}, 0};
    page(t, "names", NULL, 1000);
    page(t, "names after", "granted/open/a", 1000);
    page(t, "a page of none", NULL, 0);
    SAY(t, "all names", satama_secret_each(t->arena, names_visit, &all),
        show_texts(t->arena, views_of(all.items, all.count)));
    page(t, "larger page", NULL, 1001);
    delete(t, "delete", "granted/b");
    delete(t, "delete", "granted/open/empty");
    delete(t, "delete", "granted/open/v");
    delete(t, "delete again", "granted/b");
    describe(t, "granted/b");
}

static void many(lines *t, const char *what, size_t count)
{
    satama_view same[65];
    satama_secrets found;
    for (size_t at = 0; at < COUNT(same); at++) same[at] = T("granted/l");
    SAY(t, what, satama_secret_get_many(t->arena, views_of(same, count), &found),
        show_integer(t->arena, (int64_t)found.count));
}

static void refusals(lines *t)
{
    satama_view larger = repeated(t->arena, 9, 65537);
    get(t, "get what may not be read", "write-only");
    put(t, "put what may not be written", "read-only", T("x"));
    delete(t, "delete what may not be written", "read-only");
    get(t, "read what may be read", "read-only");
    reveal(t, "reveal what may not be revealed", "read-only", satama_none_u64());
    put(t, "a bad name", "granted/ä", T("x"));
    put(t, "the empty name", "", T("x"));
    get(t, "get of a bad name", "granted/ä");
    put(t, "largest value", "granted/l", satama_bytes(larger.ptr, 65536));
    put(t, "larger value", "granted/l", larger);
    many(t, "most at a time", 64);
    many(t, "more at a time", 65);
    delete(t, "delete", "granted/l");
}

void secret_all(lines *t)
{
    values(t);
    versions(t);
    lists(t);
    refusals(t);
}
