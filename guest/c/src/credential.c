/* The calls of `credential`. */
#include <satama/credential.h>

#include "wire.h"

WIT("credential", "get")
void satama_wit_credential_get(const char *name, size_t name_len, const char *user,
                               size_t user_len, bool has_version, uint64_t version, void *answer);
WIT("credential", "exists")
void satama_wit_credential_exists(const char *name, size_t name_len, const char *user,
                                  size_t user_len, void *answer);
WIT("credential", "describe")
void satama_wit_credential_describe(const char *name, size_t name_len, const char *user,
                                    size_t user_len, void *answer);
WIT("credential", "put")
void satama_wit_credential_put(const char *name, size_t name_len, const char *user,
                               size_t user_len, const char *value, size_t value_len, void *answer);
WIT("credential", "delete")
void satama_wit_credential_delete(const char *name, size_t name_len, const char *user,
                                  size_t user_len, void *answer);
WIT("credential", "of-user")
void satama_wit_credential_of_user(const char *user, size_t user_len, bool has_after,
                                   const char *after, size_t after_len, uint32_t limit,
                                   void *answer);
WIT("credential", "users")
void satama_wit_credential_users(const char *name, size_t name_len, bool has_after,
                                 const char *after, size_t after_len, uint32_t limit,
                                 void *answer);

satama_error satama_credential_get(satama_arena *arena, satama_view name, satama_view user,
                                   satama_maybe_u64 version, satama_secret *secret)
{
    ANSWER(satama_secret) answer;
    CALL(arena, satama_wit_credential_get(name.ptr, name.len, user.ptr, user.len, version.has,
                                          version.value, &answer));
    GIVE_HANDLE(arena, answer, satama_secret_errors, secret, satama_secret_drop);
}

satama_error satama_credential_exists(satama_arena *arena, satama_view name, satama_view user,
                                      bool *found)
{
    ANSWER(bool) answer;
    CALL(arena, satama_wit_credential_exists(name.ptr, name.len, user.ptr, user.len, &answer));
    GIVE(answer, satama_secret_errors, found);
}

satama_error satama_credential_describe(satama_arena *arena, satama_view name, satama_view user,
                                        satama_secret_metadata *metadata)
{
    ANSWER(satama_secret_metadata) answer;
    CALL(arena, satama_wit_credential_describe(name.ptr, name.len, user.ptr, user.len, &answer));
    GIVE(answer, satama_secret_errors, metadata);
}

satama_error satama_credential_put(satama_arena *arena, satama_view name, satama_view user,
                                   satama_view value, uint64_t *version)
{
    ANSWER(uint64_t) answer;
    CALL(arena, satama_wit_credential_put(name.ptr, name.len, user.ptr, user.len, value.ptr,
                                          value.len, &answer));
    GIVE(answer, satama_secret_errors, version);
}

satama_error satama_credential_delete(satama_arena *arena, satama_view name, satama_view user,
                                      bool *found)
{
    ANSWER(bool) answer;
    CALL(arena, satama_wit_credential_delete(name.ptr, name.len, user.ptr, user.len, &answer));
    GIVE(answer, satama_secret_errors, found);
}

satama_error satama_credential_of_user(satama_arena *arena, satama_view user, satama_maybe after,
                                       uint32_t limit, satama_name_page *page)
{
    ANSWER(satama_name_page) answer;
    CALL(arena,
         satama_wit_credential_of_user(user.ptr, user.len, MAYBE(after), limit, &answer));
    GIVE(answer, satama_secret_errors, page);
}

satama_error satama_credential_users(satama_arena *arena, satama_view name, satama_maybe after,
                                     uint32_t limit, satama_name_page *page)
{
    ANSWER(satama_name_page) answer;
    CALL(arena, satama_wit_credential_users(name.ptr, name.len, MAYBE(after), limit, &answer));
    GIVE(answer, satama_secret_errors, page);
}
