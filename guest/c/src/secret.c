/* The calls of `secret`, `secret-use` and `secret-reveal`. */
#include <satama/secret.h>

#include "wire.h"

WIT("secret", "[method]secret.version") uint64_t satama_wit_secret_version(uint32_t secret);
WIT("secret", "[resource-drop]secret") void satama_wit_secret_drop(uint32_t secret);
WIT("secret", "get")
void satama_wit_secret_get(const char *name, size_t name_len, bool has_version, uint64_t version,
                           void *answer);
WIT("secret", "get-many")
void satama_wit_secret_get_many(const satama_view *names, size_t count, void *answer);
WIT("secret", "exists")
void satama_wit_secret_exists(const char *name, size_t name_len, void *answer);
WIT("secret", "describe")
void satama_wit_secret_describe(const char *name, size_t name_len, void *answer);
WIT("secret", "put")
void satama_wit_secret_put(const char *name, size_t name_len, const char *value, size_t value_len,
                           void *answer);
WIT("secret", "delete")
void satama_wit_secret_delete(const char *name, size_t name_len, void *answer);
WIT("secret", "names")
void satama_wit_secret_names(bool has_after, const char *after, size_t after_len, uint32_t limit,
                             void *answer);
WIT("secret-use", "hmac-sha256")
void satama_wit_secret_hmac_sha256(uint32_t secret, const char *data, size_t data_len,
                                   void *answer);
WIT("secret-use", "verify-hmac-sha256")
void satama_wit_secret_verify_hmac_sha256(uint32_t secret, const char *data, size_t data_len,
                                          const char *mac, size_t mac_len, void *answer);
WIT("secret-use", "seal")
void satama_wit_secret_seal(uint32_t secret, const char *data, size_t data_len,
                            const char *associated, size_t associated_len, void *answer);
WIT("secret-use", "unseal")
void satama_wit_secret_unseal(uint32_t secret, const char *sealed, size_t sealed_len,
                              const char *associated, size_t associated_len, void *answer);
WIT("secret-reveal", "reveal") void satama_wit_secret_reveal(uint32_t secret, void *answer);

const satama_error_cases satama_secret_errors = {
    .count = 8,
    .codes = {SATAMA_ACCESS_DENIED, SATAMA_NOT_FOUND, SATAMA_INVALID_NAME, SATAMA_TOO_LARGE,
              SATAMA_UNDECRYPTABLE, SATAMA_NOT_AUTHENTIC, SATAMA_QUOTA_EXCEEDED,
              SATAMA_UNAVAILABLE},
};

void satama_secret_drop(uint32_t handle)
{
    satama_wit_secret_drop(handle);
}

satama_error satama_secret_get(satama_arena *arena, satama_view name, satama_maybe_u64 version,
                               satama_secret *secret)
{
    ANSWER(satama_secret) answer;
    CALL(arena,
         satama_wit_secret_get(name.ptr, name.len, version.has, version.value, &answer));
    GIVE_HANDLE(arena, answer, satama_secret_errors, secret, satama_secret_drop);
}

satama_error satama_secret_get_many(satama_arena *arena, satama_views names,
                                    satama_secrets *secrets)
{
    ANSWER(satama_secrets) answer;
    CALL(arena, satama_wit_secret_get_many(names.items, names.count, &answer));
    CHECK(answer, satama_secret_errors);
    satama_secrets found = answer.value.ok;
    for (size_t at = 0; at < found.count; at++) {
        if (found.items[at].has) {
            satama_arena_own(arena, satama_secret_drop, found.items[at].value.handle);
        }
    }
    if (secrets != NULL) *secrets = found;
    return satama_ok();
}

uint64_t satama_secret_version(satama_secret secret)
{
    return satama_wit_secret_version(secret.handle);
}

satama_error satama_secret_exists(satama_arena *arena, satama_view name, bool *found)
{
    ANSWER(bool) answer;
    CALL(arena, satama_wit_secret_exists(name.ptr, name.len, &answer));
    GIVE(answer, satama_secret_errors, found);
}

satama_error satama_secret_describe(satama_arena *arena, satama_view name,
                                    satama_secret_metadata *metadata)
{
    ANSWER(satama_secret_metadata) answer;
    CALL(arena, satama_wit_secret_describe(name.ptr, name.len, &answer));
    GIVE(answer, satama_secret_errors, metadata);
}

satama_error satama_secret_put(satama_arena *arena, satama_view name, satama_view value,
                               uint64_t *version)
{
    ANSWER(uint64_t) answer;
    CALL(arena, satama_wit_secret_put(name.ptr, name.len, value.ptr, value.len, &answer));
    GIVE(answer, satama_secret_errors, version);
}

satama_error satama_secret_delete(satama_arena *arena, satama_view name, bool *found)
{
    ANSWER(bool) answer;
    CALL(arena, satama_wit_secret_delete(name.ptr, name.len, &answer));
    GIVE(answer, satama_secret_errors, found);
}

satama_error satama_secret_names(satama_arena *arena, satama_maybe after, uint32_t limit,
                                 satama_name_page *page)
{
    ANSWER(satama_name_page) answer;
    CALL(arena, satama_wit_secret_names(MAYBE(after), limit, &answer));
    GIVE(answer, satama_secret_errors, page);
}

satama_error satama_secret_hmac_sha256(satama_arena *arena, satama_secret secret, satama_view data,
                                       satama_view *mac)
{
    ANSWER(satama_view) answer;
    CALL(arena, satama_wit_secret_hmac_sha256(secret.handle, data.ptr, data.len, &answer));
    GIVE(answer, satama_secret_errors, mac);
}

satama_error satama_secret_verify_hmac_sha256(satama_arena *arena, satama_secret secret,
                                              satama_view data, satama_view mac, bool *right)
{
    ANSWER(bool) answer;
    CALL(arena, satama_wit_secret_verify_hmac_sha256(secret.handle, data.ptr, data.len, mac.ptr,
                                                     mac.len, &answer));
    GIVE(answer, satama_secret_errors, right);
}

satama_error satama_secret_seal(satama_arena *arena, satama_secret secret, satama_view data,
                                satama_view associated, satama_view *sealed)
{
    ANSWER(satama_view) answer;
    CALL(arena, satama_wit_secret_seal(secret.handle, data.ptr, data.len, associated.ptr,
                                       associated.len, &answer));
    GIVE(answer, satama_secret_errors, sealed);
}

satama_error satama_secret_unseal(satama_arena *arena, satama_secret secret, satama_view sealed,
                                  satama_view associated, satama_view *data)
{
    ANSWER(satama_view) answer;
    CALL(arena, satama_wit_secret_unseal(secret.handle, sealed.ptr, sealed.len, associated.ptr,
                                         associated.len, &answer));
    GIVE(answer, satama_secret_errors, data);
}

/* Overwrites a value, in a way that no compiler leaves out. */
static void forget(void *what)
{
    const satama_view *value = what;
    volatile char *bytes = (volatile char *)(uintptr_t)value->ptr;
    for (size_t at = 0; at < value->len; at++) bytes[at] = 0;
}

satama_error satama_secret_reveal(satama_arena *arena, satama_secret secret, satama_view *value)
{
    ANSWER(satama_view) answer;
    CALL(arena, satama_wit_secret_reveal(secret.handle, &answer));
    CHECK(answer, satama_secret_errors);
    satama_view *kept = satama_alloc(arena, sizeof *kept);
    *kept = answer.value.ok;
    satama_arena_defer(arena, forget, kept);
    if (value != NULL) *value = *kept;
    return satama_ok();
}
