/* The calls of `session`. */
#include <satama/session.h>

#include "wire.h"

WIT("session", "[static]store.open")
void satama_wit_session_open(const char *name, size_t name_len, int32_t kind, uint64_t ms,
                             void *answer);
WIT("session", "[resource-drop]store") void satama_wit_session_drop(uint32_t store);
WIT("session", "[method]store.get")
void satama_wit_session_get(uint32_t store, const char *id, size_t id_len, void *answer);
WIT("session", "[method]store.replace")
void satama_wit_session_replace(uint32_t store, const char *id, size_t id_len,
                                const satama_field *fields, size_t count, void *answer);
WIT("session", "[method]store.update")
void satama_wit_session_update(uint32_t store, const char *id, size_t id_len,
                               const satama_field *fields, size_t count, void *answer);
WIT("session", "[method]store.remove")
void satama_wit_session_remove(uint32_t store, const char *id, size_t id_len,
                               const satama_view *names, size_t count, void *answer);
WIT("session", "[method]store.clear")
void satama_wit_session_clear(uint32_t store, const char *id, size_t id_len, void *answer);
WIT("session", "[method]store.compare-and-set")
void satama_wit_session_compare_and_set(uint32_t store, const char *id, size_t id_len,
                                        uint64_t version, const satama_field *fields, size_t count,
                                        void *answer);

static const satama_error_cases ERRORS = {
    .text = SATAMA_INVALID_JSON,
    .count = 5,
    .codes = {SATAMA_ACCESS_DENIED, SATAMA_INVALID_JSON, SATAMA_TOO_LARGE, SATAMA_QUOTA_EXCEEDED,
              SATAMA_UNAVAILABLE},
};

static void drop(uint32_t handle)
{
    satama_wit_session_drop(handle);
}

satama_error satama_session_open(satama_arena *arena, satama_view name, satama_expiry expiry,
                                 satama_session_store *store)
{
    ANSWER(satama_session_store) answer;
    CALL(arena,
         satama_wit_session_open(name.ptr, name.len, expiry.fixed, expiry.ms, &answer));
    GIVE_HANDLE(arena, answer, ERRORS, store, drop);
}

satama_error satama_session_get(satama_arena *arena, satama_session_store store, satama_view id,
                                satama_maybe_session *session)
{
    ANSWER(satama_maybe_session) answer;
    CALL(arena, satama_wit_session_get(store.handle, id.ptr, id.len, &answer));
    GIVE(answer, ERRORS, session);
}

satama_error satama_session_replace(satama_arena *arena, satama_session_store store, satama_view id,
                                    satama_fields fields, uint64_t *version)
{
    ANSWER(uint64_t) answer;
    CALL(arena, satama_wit_session_replace(store.handle, id.ptr, id.len, fields.items,
                                           fields.count, &answer));
    GIVE(answer, ERRORS, version);
}

satama_error satama_session_update(satama_arena *arena, satama_session_store store, satama_view id,
                                   satama_fields fields, uint64_t *version)
{
    ANSWER(uint64_t) answer;
    CALL(arena, satama_wit_session_update(store.handle, id.ptr, id.len, fields.items, fields.count,
                                          &answer));
    GIVE(answer, ERRORS, version);
}

satama_error satama_session_remove(satama_arena *arena, satama_session_store store, satama_view id,
                                   satama_views names, uint64_t *version)
{
    ANSWER(uint64_t) answer;
    CALL(arena, satama_wit_session_remove(store.handle, id.ptr, id.len, names.items, names.count,
                                          &answer));
    GIVE(answer, ERRORS, version);
}

satama_error satama_session_clear(satama_arena *arena, satama_session_store store, satama_view id,
                                  bool *found)
{
    ANSWER(bool) answer;
    CALL(arena, satama_wit_session_clear(store.handle, id.ptr, id.len, &answer));
    GIVE(answer, ERRORS, found);
}

satama_error satama_session_compare_and_set(satama_arena *arena, satama_session_store store,
                                            satama_view id, uint64_t version, satama_fields fields,
                                            satama_swap *swap)
{
    ANSWER(satama_swap) answer;
    CALL(arena, satama_wit_session_compare_and_set(store.handle, id.ptr, id.len, version,
                                                   fields.items, fields.count, &answer));
    GIVE(answer, ERRORS, swap);
}
