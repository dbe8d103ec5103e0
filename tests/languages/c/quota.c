/* Too many handles, and too many calls; and a function that calls until it may not. */
#include "show.h"

/* More than any limit here. */
#define MANY 100000

/* Opens a handle, or makes a call. */
typedef satama_error (*opening)(satama_arena *arena, void *context, int n);

/* Opens handles until that is refused; closes them all, and opens one more. */
static void exhaust(lines *t, const char *what, opening open, void *context)
{
    satama_arena held = {0};
    satama_error error = satama_ok();
    for (int n = 0; n < MANY && error.code == SATAMA_OK; n++) error = open(&held, context, n);
    say(t, what, error.code == SATAMA_OK ? T("none") : show_case(t->arena, &error));
    satama_arena_free(&held);
    WORKED(t, "once they are closed", open(&held, context, MANY));
    satama_arena_free(&held);
}

static satama_error bucket(satama_arena *arena, void *context, int n)
{
    (void)context, (void)n;
    return satama_cache_open(arena, T("granted"), NULL);
}

static satama_error claim(satama_arena *arena, void *context, int n)
{
    satama_filled filled;
    satama_bucket *b = context;
    SATAMA_TRY(satama_cache_fill(arena, *b, satama_format(arena, "claim-%d", n),
                                 at_once(0, 60000), &filled));
    if (filled.kind != SATAMA_CLAIMED) abort();
    return satama_ok();
}

static satama_error session(satama_arena *arena, void *context, int n)
{
    (void)context, (void)n;
    return satama_session_open(arena, T("granted"), satama_fixed(1000), NULL);
}

static satama_error channel(satama_arena *arena, void *context, int n)
{
    (void)context, (void)n;
    return satama_channel_open(arena, T("granted"), 1000, NULL);
}

static satama_error bus(satama_arena *arena, void *context, int n)
{
    (void)context, (void)n;
    return satama_hub_open(arena, T("granted"), NULL);
}

static satama_error runs(satama_arena *arena, void *context, int n)
{
    (void)context, (void)n;
    return satama_run_open(arena, T("story"), NULL);
}

static satama_error secret(satama_arena *arena, void *context, int n)
{
    (void)context, (void)n;
    return satama_secret_get(arena, T("granted/open/known"), satama_none_u64(), NULL);
}

static satama_error credential(satama_arena *arena, void *context, int n)
{
    (void)context, (void)n;
    return satama_credential_get(arena, T("granted/open/known"), T("ann"), satama_none_u64(),
                                 NULL);
}

void quota_handles(lines *t)
{
    satama_arena held = {0};
    satama_bucket b;
    exhaust(t, "buckets", bucket, NULL);
    expect(satama_cache_open(&held, T("granted"), &b));
    exhaust(t, "claims", claim, &b);
    satama_arena_free(&held);
    exhaust(t, "sessions", session, NULL);
    exhaust(t, "channels", channel, NULL);
    exhaust(t, "buses", bus, NULL);
    exhaust(t, "runs", runs, NULL);
    exhaust(t, "secrets", secret, NULL);
    exhaust(t, "credentials", credential, NULL);
}

/* What is called too often. */
typedef struct called {
    satama_bucket bucket;
    satama_session_store sessions;
    satama_channel_store channels;
    satama_bus bus;
    satama_runs runs;
    satama_secret known;
} called;

/* Calls until that is refused. */
static void flood(lines *t, const char *what, opening call, called *all)
{
    satama_error error = satama_ok();
    for (int n = 0; n < MANY && error.code == SATAMA_OK; n++) {
        satama_arena arena = {0};
        error = call(&arena, all, n);
        satama_arena_free(&arena);
    }
    say(t, what, error.code == SATAMA_OK ? T("none") : show_case(t->arena, &error));
}

/* One call of what is called too often. */
#define CALLING(name, call) \
    static satama_error name(satama_arena *a, void *context, int n) \
    { \
        called *all = context; \
        (void)all, (void)n; \
        return call; \
    }

CALLING(cache_exists, satama_cache_exists(a, all->bucket, T("a"), NULL))
CALLING(cache_counts, satama_cache_counts_of(a, all->bucket, NULL))
CALLING(session_get, satama_session_get(a, all->sessions, T("a"), NULL))
CALLING(channel_touch, satama_channel_touch(a, all->channels, views_of(NULL, 0), NULL))
CALLING(hub_history, satama_hub_history(a, all->bus, T("a"), NONE, 0, NULL))
CALLING(run_get, satama_run_get(a, all->runs, T("a"), NULL))
CALLING(run_names, satama_run_names(a, NULL))
CALLING(secret_exists, satama_secret_exists(a, T("granted/a"), NULL))
CALLING(secret_hmac, satama_secret_hmac_sha256(a, all->known, T(""), NULL))
CALLING(secret_reveal, satama_secret_reveal(a, all->known, NULL))
CALLING(credential_exists, satama_credential_exists(a, T("granted/a"), T("ann"), NULL))

void quota_calls(lines *t)
{
    satama_arena *a = t->arena;
    called all;
    expect(satama_cache_open(a, T("granted"), &all.bucket));
    expect(satama_session_open(a, T("granted"), satama_fixed(1000), &all.sessions));
    expect(satama_channel_open(a, T("granted"), 1000, &all.channels));
    expect(satama_hub_open(a, T("granted"), &all.bus));
    expect(satama_run_open(a, T("story"), &all.runs));
    expect(satama_secret_get(a, T("granted/open/known"), satama_none_u64(), &all.known));
    flood(t, "cache", cache_exists, &all);
    flood(t, "counts", cache_counts, &all);
    flood(t, "session", session_get, &all);
    flood(t, "channel", channel_touch, &all);
    flood(t, "hub", hub_history, &all);
    flood(t, "run", run_get, &all);
    flood(t, "names", run_names, &all);
    flood(t, "secret", secret_exists, &all);
    flood(t, "secret-use", secret_hmac, &all);
    flood(t, "secret-reveal", secret_reveal, &all);
    flood(t, "credential", credential_exists, &all);
}

satama_error insists(satama_arena *arena, satama_view input, satama_output *output)
{
    (void)input;
    return satama_call(arena, "insist", T("null"), &output->json);
}

satama_error insist(satama_arena *arena, const satama_context *context, satama_view input,
                    satama_view *output)
{
    satama_error error = satama_ok();
    (void)context, (void)input;
    for (int n = 0; n < MANY && error.code == SATAMA_OK; n++) {
        satama_arena each = {0};
        error = satama_set_state(&each, T("insisted"), satama_json_of_integer(&each, n));
        satama_arena_free(&each);
    }
    *output = satama_json_of_text(arena, satama_error_code(&error));
    return satama_ok();
}
