/* Every function of credentials, and their errors. */
#include "show.h"

#define MAIL T("granted/open/mail")
#define USER T("ann-ä€😀")

static void get(lines *t, const char *what, satama_view name, satama_view user)
{
    WORKED(t, what, satama_credential_get(t->arena, name, user, satama_none_u64(), NULL));
}

static void reveal(lines *t, const char *what, satama_view name, satama_maybe_u64 version)
{
    satama_secret secret;
    satama_view value;
    satama_error error = satama_credential_get(t->arena, name, USER, version, &secret);
    if (error.code == SATAMA_OK) error = satama_secret_reveal(t->arena, secret, &value);
    SAY(t, what, error, show_bytes(t->arena, value));
}

static void exists(lines *t, const char *what, satama_view name, satama_view user)
{
    bool yes;
    SAY(t, what, satama_credential_exists(t->arena, name, user, &yes), show_bool(yes));
}

static void put(lines *t, const char *what, const char *name, satama_view user,
                satama_view value)
{
    WORKED(t, what, satama_credential_put(t->arena, T(name), user, value, NULL));
}

static void delete(lines *t, const char *what, satama_view name, satama_view user)
{
    bool found;
    SAY(t, what, satama_credential_delete(t->arena, name, user, &found), show_bool(found));
}

static void of_user(lines *t, const char *what, const char *after, uint32_t limit)
{
    satama_name_page page;
    SAY(t, what,
        satama_credential_of_user(t->arena, USER, satama_some_text(after), limit, &page),
        show_names(t->arena, &page));
}

static void users(lines *t, const char *what, satama_view name, uint32_t limit)
{
    satama_name_page page;
    SAY(t, what, satama_credential_users(t->arena, name, NONE, limit, &page),
        show_names(t->arena, &page));
}

static void values(lines *t)
{
    satama_arena *a = t->arena;
    uint64_t version;
    satama_secret_metadata known;
    get(t, "get missing", MAIL, USER);
    exists(t, "exists", MAIL, USER);
    SAY(t, "put", satama_credential_put(a, MAIL, USER, T("token"), &version),
        show_bool(version > 0));
    reveal(t, "reveal", MAIL, satama_none_u64());
    reveal(t, "reveal the version", MAIL, satama_some_u64(version));
    get(t, "of another user", MAIL, T(""));
    exists(t, "exists", MAIL, USER);
    SAY(t, "describe", satama_credential_describe(a, MAIL, USER, &known),
        show_metadata(a, &known));
    put(t, "put for the empty user", "granted/open/mail", T(""), T(""));
    put(t, "put another", "granted/b", USER, T("b"));
    reveal(t, "reveal it", T("granted/b"), satama_none_u64());
}

void credential_all(lines *t)
{
    satama_arena *a = t->arena;
    names all = {a, {{NULL, 0}}, 0};
    names owners = {a, {{NULL, 0}}, 0};
    values(t);
    of_user(t, "of user", NULL, 1000);
    of_user(t, "of user, after", "granted/b", 1000);
    SAY(t, "all of user", satama_credential_each_of_user(a, USER, names_visit, &all),
        show_texts(a, views_of(all.items, all.count)));
    users(t, "users", MAIL, 1000);
    SAY(t, "all users", satama_credential_each_user(a, MAIL, names_visit, &owners),
        show_texts(a, views_of(owners.items, owners.count)));
    users(t, "users of what may not be read", T("write-only"), 1000);
    of_user(t, "larger page", NULL, 1001);
    users(t, "larger page of users", T("granted/b"), 1001);
    exists(t, "longest user", T("granted/b"), repeated(a, 'u', 255));
    exists(t, "longer user", T("granted/b"), repeated(a, 'u', 256));
    get(t, "get what may not be read", T("write-only"), USER);
    put(t, "put what may not be written", "read-only", USER, T("x"));
    put(t, "a bad name", "granted/ä", USER, T("x"));
    put(t, "larger value", "granted/b", USER, repeated(a, 1, 65537));
    delete(t, "delete", MAIL, USER);
    delete(t, "delete again", MAIL, USER);
    delete(t, "delete", MAIL, T(""));
    delete(t, "delete", T("granted/b"), USER);
    of_user(t, "of user", NULL, 1000);
}
