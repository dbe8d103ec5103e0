/* Values that are kept secret, as handles; what may be done with them is granted apart. See
 * wit/secret.wit. */
#ifndef SATAMA_SECRET_H
#define SATAMA_SECRET_H

#include <satama/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One version of a secret, held by the host. */
typedef struct satama_secret {
    uint32_t handle;
} satama_secret;

/* A secret that there may be. */
typedef struct satama_maybe_secret {
    bool has;
    satama_secret value;
} satama_maybe_secret;

/* Several of them. */
typedef struct satama_secrets {
    const satama_maybe_secret *items;
    size_t count;
} satama_secrets;

/* What is known of a secret but for its value. */
typedef struct satama_secret_metadata {
    /* The newest version. */
    uint64_t version;
    /* When its first and its newest version were put, in milliseconds since 1970. */
    uint64_t created_ms;
    uint64_t updated_ms;
    /* The versions that are kept, the oldest first. */
    satama_u64s versions;
} satama_secret_metadata;

/* Names, in the order of their bytes. May be short, or empty, while there is a next page. */
typedef struct satama_name_page {
    satama_views names;
    /* Where the next page begins; none if this was the last. */
    satama_maybe next;
} satama_name_page;

/* The newest version of a secret, or the one that is asked for. */
satama_error satama_secret_get(satama_arena *arena, satama_view name, satama_maybe_u64 version,
                               satama_secret *secret);

/* The newest version of each of at most 64 secrets, in their order. */
satama_error satama_secret_get_many(satama_arena *arena, satama_views names,
                                    satama_secrets *secrets);

/* Which version it is. Cannot fail. */
uint64_t satama_secret_version(satama_secret secret);

/* Whether `satama_secret_get` would find it. */
satama_error satama_secret_exists(satama_arena *arena, satama_view name, bool *found);

/* What is known of a secret. */
satama_error satama_secret_describe(satama_arena *arena, satama_view name,
                                    satama_secret_metadata *metadata);

/* Makes a value the newest version of a secret, and returns that version. */
satama_error satama_secret_put(satama_arena *arena, satama_view name, satama_view value,
                               uint64_t *version);

/* Forgets a secret, with all its versions; whether there was one. */
satama_error satama_secret_delete(satama_arena *arena, satama_view name, bool *found);

/* The secrets that this tenant may read, at most `limit` (1,000), from after a place. */
satama_error satama_secret_names(satama_arena *arena, satama_maybe after, uint32_t limit,
                                 satama_name_page *page);

/* Takes one name of a list, which lives until it returns. */
typedef satama_error (*satama_name_visit)(void *context, satama_view name);

/* Walks through all names, page by page, until the first error of either side. */
satama_error satama_secret_each(satama_arena *arena, satama_name_visit visit, void *context);

/* The HMAC-SHA-256 of data, 32 bytes, with the secret as the key. */
satama_error satama_secret_hmac_sha256(satama_arena *arena, satama_secret secret, satama_view data,
                                       satama_view *mac);

/* Whether it is the HMAC-SHA-256 of data. */
satama_error satama_secret_verify_hmac_sha256(satama_arena *arena, satama_secret secret,
                                              satama_view data, satama_view mac, bool *right);

/* Encrypts data so that only this secret opens it, and only with the same associated data. */
satama_error satama_secret_seal(satama_arena *arena, satama_secret secret, satama_view data,
                                satama_view associated, satama_view *sealed);

/* What `satama_secret_seal` was given. */
satama_error satama_secret_unseal(satama_arena *arena, satama_secret secret, satama_view sealed,
                                  satama_view associated, satama_view *data);

/* The value in the open. Lives in the arena, which overwrites it when it is freed. */
satama_error satama_secret_reveal(satama_arena *arena, satama_secret secret, satama_view *value);

#ifdef __cplusplus
}
#endif

#endif
