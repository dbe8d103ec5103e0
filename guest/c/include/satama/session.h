/* What is known of a visitor between calls: a few named fields. See wit/session.wit. */
#ifndef SATAMA_SESSION_H
#define SATAMA_SESSION_H

#include <satama/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A granted set of sessions. */
typedef struct satama_session_store {
    uint32_t handle;
} satama_session_store;

/* When a session expires: so long after it was last read or written, or after it was created.
 * At most 400 days. */
typedef struct satama_expiry {
    bool fixed;
    uint64_t ms;
} satama_expiry;

/* One named value, which is JSON. */
typedef struct satama_field {
    satama_view name;
    satama_view value;
} satama_field;

/* Several fields. */
typedef struct satama_fields {
    const satama_field *items;
    size_t count;
} satama_fields;

/* A session as it was at one moment. */
typedef struct satama_session {
    /* Grows with every write. No session has version zero. */
    uint64_t version;
    /* In the order of their names' bytes. */
    satama_fields fields;
    /* How long until it expires, in milliseconds. */
    uint64_t expires_in_ms;
} satama_session;

/* A session that there may be. */
typedef struct satama_maybe_session {
    bool has;
    satama_session value;
} satama_maybe_session;

/* Expires `ms` milliseconds after it was last read or written. */
static inline satama_expiry satama_sliding(uint64_t ms)
{
    satama_expiry expiry = {false, ms};
    return expiry;
}

/* Expires `ms` milliseconds after it was created. */
static inline satama_expiry satama_fixed(uint64_t ms)
{
    satama_expiry expiry = {true, ms};
    return expiry;
}

/* Opens sessions of the calling tenant's grant, to keep them for `expiry`. */
satama_error satama_session_open(satama_arena *arena, satama_view name, satama_expiry expiry,
                                 satama_session_store *store);

/* The session, or none. With a sliding expiry, it is renewed. */
satama_error satama_session_get(satama_arena *arena, satama_session_store store, satama_view id,
                                satama_maybe_session *session);

/* Makes `fields` all that the session has, and returns its new version. Creates a missing one. */
satama_error satama_session_replace(satama_arena *arena, satama_session_store store, satama_view id,
                                    satama_fields fields, uint64_t *version);

/* Sets fields, keeps the others, and returns the new version. A missing session is created. */
satama_error satama_session_update(satama_arena *arena, satama_session_store store, satama_view id,
                                   satama_fields fields, uint64_t *version);

/* Removes fields by name, and returns the new version; zero if there is no session. */
satama_error satama_session_remove(satama_arena *arena, satama_session_store store, satama_view id,
                                   satama_views names, uint64_t *version);

/* Ends the session; whether there was one. */
satama_error satama_session_clear(satama_arena *arena, satama_session_store store, satama_view id,
                                  bool *found);

/* Replaces the fields if the session still has `version`; zero stands for no session. */
satama_error satama_session_compare_and_set(satama_arena *arena, satama_session_store store,
                                            satama_view id, uint64_t version, satama_fields fields,
                                            satama_swap *swap);

/* The value of a field, as JSON; none if there is no such field. */
satama_maybe satama_field_of(satama_fields fields, const char *name);

/* The same fields, but for one that is set. */
satama_fields satama_with_field(satama_arena *arena, satama_fields fields, satama_view name,
                                satama_view value);

/* The same fields, but for one that is not there any more. */
satama_fields satama_without_field(satama_arena *arena, satama_fields fields, satama_view name);

/* Changes the fields of a session. What it sets, lives in `arena`. */
typedef satama_error (*satama_session_change)(satama_arena *arena, void *context,
                                              satama_fields *fields);

/* Changes a session as a whole, or creates it: reads it, applies `change`, and writes it if no one
 * else has written in between. Otherwise reads it again, so `change` may run several times: 32
 * times, then it is `SATAMA_CONTENDED`. The error of `change` is returned, and nothing written. */
satama_error satama_session_update_with(satama_arena *arena, satama_session_store store,
                                        satama_view id, satama_session_change change,
                                        void *context, uint64_t *version);

#ifdef __cplusplus
}
#endif

#endif
