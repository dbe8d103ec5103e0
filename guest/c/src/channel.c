/* The calls of `channel`. */
#include <satama/channel.h>

#include "wire.h"

WIT("channel", "[static]store.open")
void satama_wit_channel_open(const char *name, size_t name_len, uint64_t ttl_ms, void *answer);
WIT("channel", "[resource-drop]store") void satama_wit_channel_drop(uint32_t store);
WIT("channel", "[method]store.add")
void satama_wit_channel_add(uint32_t store, const char *id, size_t id_len, const char *data,
                            size_t data_len, bool has_user, const char *user, size_t user_len,
                            void *answer);
WIT("channel", "[method]store.get")
void satama_wit_channel_get(uint32_t store, const char *id, size_t id_len, void *answer);
WIT("channel", "[method]store.remove")
void satama_wit_channel_remove(uint32_t store, const satama_view *ids, size_t count, void *answer);
WIT("channel", "[method]store.disconnect")
void satama_wit_channel_disconnect(uint32_t store, const char *id, size_t id_len, uint16_t code,
                              const char *reason, size_t reason_len, void *answer);
WIT("channel", "[method]store.set-user")
void satama_wit_channel_set_user(uint32_t store, const char *id, size_t id_len, bool has_user,
                                 const char *user, size_t user_len, void *answer);
WIT("channel", "[method]store.get-state")
void satama_wit_channel_get_state(uint32_t store, const char *id, size_t id_len, void *answer);
WIT("channel", "[method]store.set-state")
void satama_wit_channel_set_state(uint32_t store, const char *id, size_t id_len, const char *value,
                                  size_t value_len, void *answer);
WIT("channel", "[method]store.compare-and-set-state")
void satama_wit_channel_compare_and_set_state(uint32_t store, const char *id, size_t id_len,
                                              uint64_t version, const char *value,
                                              size_t value_len, void *answer);
WIT("channel", "[method]store.clear-state")
void satama_wit_channel_clear_state(uint32_t store, const char *id, size_t id_len, void *answer);
WIT("channel", "[method]store.touch")
void satama_wit_channel_touch(uint32_t store, const satama_view *ids, size_t count, void *answer);
WIT("channel", "[method]store.of-user")
void satama_wit_channel_of_user(uint32_t store, const char *user, size_t user_len, bool has_cursor,
                                const char *cursor, size_t cursor_len, uint32_t limit,
                                void *answer);
WIT("channel", "[method]store.all")
void satama_wit_channel_all(uint32_t store, bool has_cursor, const char *cursor, size_t cursor_len,
                            uint32_t limit, void *answer);
WIT("channel", "[method]store.send")
void satama_wit_channel_send(uint32_t store, const char *id, size_t id_len, int32_t kind,
                             const char *data, size_t data_len, void *answer);

static const satama_error_cases ERRORS = {
    .count = 9,
    .codes = {SATAMA_ACCESS_DENIED, SATAMA_NOT_FOUND, SATAMA_ALREADY_EXISTS, SATAMA_INVALID_JSON,
              SATAMA_INVALID_CURSOR, SATAMA_INVALID_CLOSE, SATAMA_TOO_LARGE, SATAMA_QUOTA_EXCEEDED,
              SATAMA_UNAVAILABLE},
};

static void drop(uint32_t handle)
{
    satama_wit_channel_drop(handle);
}

satama_error satama_channel_open(satama_arena *arena, satama_view name, uint64_t ttl_ms,
                                 satama_channel_store *store)
{
    ANSWER(satama_channel_store) answer;
    CALL(arena, satama_wit_channel_open(name.ptr, name.len, ttl_ms, &answer));
    GIVE_HANDLE(arena, answer, ERRORS, store, drop);
}

satama_error satama_channel_add(satama_arena *arena, satama_channel_store store, satama_view id,
                                satama_view opening_data, satama_maybe user)
{
    satama_no_answer answer;
    CALL(arena, satama_wit_channel_add(store.handle, id.ptr, id.len, opening_data.ptr,
                                       opening_data.len, MAYBE(user), &answer));
    CHECK(answer, ERRORS);
    return satama_ok();
}

satama_error satama_channel_get(satama_arena *arena, satama_channel_store store, satama_view id,
                                satama_channel_info *info)
{
    ANSWER(satama_channel_info) answer;
    CALL(arena, satama_wit_channel_get(store.handle, id.ptr, id.len, &answer));
    GIVE(answer, ERRORS, info);
}

satama_error satama_channel_remove(satama_arena *arena, satama_channel_store store,
                                   satama_views ids, uint32_t *removed)
{
    ANSWER(uint32_t) answer;
    CALL(arena, satama_wit_channel_remove(store.handle, ids.items, ids.count, &answer));
    GIVE(answer, ERRORS, removed);
}

satama_error satama_channel_disconnect(satama_arena *arena, satama_channel_store store, satama_view id,
                                  uint16_t code, satama_view reason)
{
    satama_no_answer answer;
    CALL(arena, satama_wit_channel_disconnect(store.handle, id.ptr, id.len, code, reason.ptr,
                                         reason.len, &answer));
    CHECK(answer, ERRORS);
    return satama_ok();
}

satama_error satama_channel_set_user(satama_arena *arena, satama_channel_store store,
                                     satama_view id, satama_maybe user)
{
    satama_no_answer answer;
    CALL(arena,
         satama_wit_channel_set_user(store.handle, id.ptr, id.len, MAYBE(user), &answer));
    CHECK(answer, ERRORS);
    return satama_ok();
}

satama_error satama_channel_get_state(satama_arena *arena, satama_channel_store store,
                                      satama_view id, satama_channel_state *state)
{
    ANSWER(satama_channel_state) answer;
    CALL(arena, satama_wit_channel_get_state(store.handle, id.ptr, id.len, &answer));
    GIVE(answer, ERRORS, state);
}

satama_error satama_channel_set_state(satama_arena *arena, satama_channel_store store,
                                      satama_view id, satama_view value, uint64_t *version)
{
    ANSWER(uint64_t) answer;
    CALL(arena, satama_wit_channel_set_state(store.handle, id.ptr, id.len, value.ptr, value.len,
                                             &answer));
    GIVE(answer, ERRORS, version);
}

satama_error satama_channel_compare_and_set_state(satama_arena *arena, satama_channel_store store,
                                                  satama_view id, uint64_t version,
                                                  satama_view value, satama_swap *swap)
{
    ANSWER(satama_swap) answer;
    CALL(arena, satama_wit_channel_compare_and_set_state(store.handle, id.ptr, id.len, version,
                                                         value.ptr, value.len, &answer));
    GIVE(answer, ERRORS, swap);
}

satama_error satama_channel_clear_state(satama_arena *arena, satama_channel_store store,
                                        satama_view id, uint64_t *version)
{
    ANSWER(uint64_t) answer;
    CALL(arena, satama_wit_channel_clear_state(store.handle, id.ptr, id.len, &answer));
    GIVE(answer, ERRORS, version);
}

satama_error satama_channel_touch(satama_arena *arena, satama_channel_store store, satama_views ids,
                                  satama_views *ended)
{
    ANSWER(satama_views) answer;
    CALL(arena, satama_wit_channel_touch(store.handle, ids.items, ids.count, &answer));
    GIVE(answer, ERRORS, ended);
}

satama_error satama_channel_of_user(satama_arena *arena, satama_channel_store store,
                                    satama_view user, satama_maybe cursor, uint32_t limit,
                                    satama_channel_page *page)
{
    ANSWER(satama_channel_page) answer;
    CALL(arena, satama_wit_channel_of_user(store.handle, user.ptr, user.len, MAYBE(cursor), limit,
                                           &answer));
    GIVE(answer, ERRORS, page);
}

satama_error satama_channel_all(satama_arena *arena, satama_channel_store store,
                                satama_maybe cursor, uint32_t limit, satama_channel_page *page)
{
    ANSWER(satama_channel_page) answer;
    CALL(arena, satama_wit_channel_all(store.handle, MAYBE(cursor), limit, &answer));
    GIVE(answer, ERRORS, page);
}

satama_error satama_channel_send(satama_arena *arena, satama_channel_store store, satama_view id,
                                 satama_message message, bool *told)
{
    ANSWER(bool) answer;
    CALL(arena, satama_wit_channel_send(store.handle, id.ptr, id.len, message.binary,
                                        message.data.ptr, message.data.len, &answer));
    GIVE(answer, ERRORS, told);
}
