/* Secrets of a tenant's users, each under a name and a user. See wit/credential.wit. */
#ifndef SATAMA_CREDENTIAL_H
#define SATAMA_CREDENTIAL_H

#include <satama/secret.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The newest version of a user's credential, or the one that is asked for. */
satama_error satama_credential_get(satama_arena *arena, satama_view name, satama_view user,
                                   satama_maybe_u64 version, satama_secret *secret);

/* Whether `satama_credential_get` would find it. */
satama_error satama_credential_exists(satama_arena *arena, satama_view name, satama_view user,
                                      bool *found);

/* What is known of a credential. */
satama_error satama_credential_describe(satama_arena *arena, satama_view name, satama_view user,
                                        satama_secret_metadata *metadata);

/* Makes a value the newest version of a credential, and returns that version. */
satama_error satama_credential_put(satama_arena *arena, satama_view name, satama_view user,
                                   satama_view value, uint64_t *version);

/* Forgets a credential, with all its versions; whether there was one. */
satama_error satama_credential_delete(satama_arena *arena, satama_view name, satama_view user,
                                      bool *found);

/* The names of a user's credentials that this tenant may read, at most `limit` (1,000), from after
 * a place. */
satama_error satama_credential_of_user(satama_arena *arena, satama_view user, satama_maybe after,
                                       uint32_t limit, satama_name_page *page);

/* The users who have a credential, likewise. */
satama_error satama_credential_users(satama_arena *arena, satama_view name, satama_maybe after,
                                     uint32_t limit, satama_name_page *page);

/* Walks through all names of a user's credentials, until the first error of either side. */
satama_error satama_credential_each_of_user(satama_arena *arena, satama_view user,
                                            satama_name_visit visit, void *context);

/* Walks through all users who have a credential, likewise. */
satama_error satama_credential_each_user(satama_arena *arena, satama_view name,
                                         satama_name_visit visit, void *context);

#ifdef __cplusplus
}
#endif

#endif
