/* A store that does not answer, and a secret that no key of the host opens. */
#include "show.h"

void unavailable(lines *t)
{
    satama_arena *a = t->arena;
    satama_bucket b;
    satama_session_store s;
    satama_channel_store c;
    satama_bus h;
    satama_runs r;
    satama_maybe_u64 newest = satama_none_u64();
    satama_fields nothing = {NULL, 0};
    satama_run_options options = {0};
    expect(satama_cache_open(a, T("granted"), &b));
    WORKED(t, "cache get", satama_cache_get(a, b, T("a"), NULL));
    WORKED(t, "cache set", satama_cache_set(a, b, T("a"), T("1"), minute()));
    WORKED(t, "cache fill", satama_cache_fill(a, b, T("a"), at_once(0, 1000), NULL));
    expect(satama_session_open(a, T("granted"), satama_sliding(1000), &s));
    WORKED(t, "session get", satama_session_get(a, s, T("a"), NULL));
    WORKED(t, "session replace", satama_session_replace(a, s, T("a"), nothing, NULL));
    expect(satama_channel_open(a, T("granted"), 1000, &c));
    WORKED(t, "channel get", satama_channel_get(a, c, T("a"), NULL));
    WORKED(t, "channel send", satama_channel_send(a, c, T("a"), satama_text_message(""), NULL));
    expect(satama_hub_open(a, T("granted"), &h));
    WORKED(t, "hub publish", satama_hub_say(a, h, T("t"), T(""), NULL));
    WORKED(t, "hub topics", satama_hub_topics(a, h, T("a"), NULL));
    WORKED(t, "secret get", satama_secret_get(a, T("granted/a"), newest, NULL));
    WORKED(t, "secret names", satama_secret_names(a, NONE, 10, NULL));
    WORKED(t, "secret put", satama_secret_put(a, T("granted/a"), T(""), NULL));
    WORKED(t, "credential get",
           satama_credential_get(a, T("granted/a"), T("ann"), newest, NULL));
    expect(satama_run_open(a, T("story"), &r));
    WORKED(t, "run names", satama_run_names(a, NULL));
    WORKED(t, "run start", satama_run_start(a, r, T("null"), options, NULL));
    WORKED(t, "run get", satama_run_get(a, r, T(MISSING), NULL));
}

void undecryptable(lines *t)
{
    satama_arena *a = t->arena;
    satama_view known = T("granted/open/known");
    satama_secret_metadata metadata;
    bool yes;
    WORKED(t, "get", satama_secret_get(a, known, satama_none_u64(), NULL));
    WORKED(t, "get many", satama_secret_get_many(a, views_of(&known, 1), NULL));
    SAY(t, "exists", satama_secret_exists(a, known, &yes), show_bool(yes));
    SAY(t, "describe", satama_secret_describe(a, known, &metadata), show_metadata(a, &metadata));
    WORKED(t, "get a credential",
           satama_credential_get(a, known, T("ann"), satama_none_u64(), NULL));
}
