/* Connected clients: what is known of each while it is connected. See wit/channel.wit. */
#ifndef SATAMA_CHANNEL_H
#define SATAMA_CHANNEL_H

#include <satama/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The channels of one name. */
typedef struct satama_channel_store {
    uint32_t handle;
} satama_channel_store;

/* What was said when a channel was opened, and whose it is. */
typedef struct satama_channel_info {
    satama_view id;
    /* JSON. */
    satama_view opening_data;
    /* Who is behind it, once that is known. */
    satama_maybe user;
} satama_channel_info;

/* The state of a channel at one moment. */
typedef struct satama_channel_state {
    /* Grows with every write of the state. Zero before the first. */
    uint64_t version;
    /* JSON; none before it was set, and after it was cleared. */
    satama_maybe value;
} satama_channel_state;

/* One channel of a list. */
typedef struct satama_channel_entry {
    satama_view id;
    satama_maybe user;
} satama_channel_entry;

/* Part of a list. May be short, or empty, while there is a next page. */
typedef struct satama_channel_page {
    const satama_channel_entry *entries;
    size_t count;
    /* Where to go on; none if this was the last page. */
    satama_maybe next;
} satama_channel_page;

/* Opens channels of the calling tenant's grant. Those that are added or touched live for `ttl_ms`
 * milliseconds more. */
satama_error satama_channel_open(satama_arena *arena, satama_view name, uint64_t ttl_ms,
                                 satama_channel_store *store);

/* Adds a channel that has no socket. */
satama_error satama_channel_add(satama_arena *arena, satama_channel_store store, satama_view id,
                                satama_view opening_data, satama_maybe user);

/* What is known of a channel. */
satama_error satama_channel_get(satama_arena *arena, satama_channel_store store, satama_view id,
                                satama_channel_info *info);

/* Removes channels, closes their sockets, and returns how many there were. */
satama_error satama_channel_remove(satama_arena *arena, satama_channel_store store,
                                   satama_views ids, uint32_t *removed);

/* Removes a channel, and closes its socket with a code (1000, or 3000 to 4999) and a reason. */
satama_error satama_channel_disconnect(satama_arena *arena, satama_channel_store store, satama_view id,
                                  uint16_t code, satama_view reason);

/* Says who is behind a channel, or that nobody is known to be. */
satama_error satama_channel_set_user(satama_arena *arena, satama_channel_store store,
                                     satama_view id, satama_maybe user);

/* The state of a channel. */
satama_error satama_channel_get_state(satama_arena *arena, satama_channel_store store,
                                      satama_view id, satama_channel_state *state);

/* Sets the state, and returns its new version. */
satama_error satama_channel_set_state(satama_arena *arena, satama_channel_store store,
                                      satama_view id, satama_view value, uint64_t *version);

/* Sets the state if it still has `version`. */
satama_error satama_channel_compare_and_set_state(satama_arena *arena, satama_channel_store store,
                                                  satama_view id, uint64_t version,
                                                  satama_view value, satama_swap *swap);

/* Clears the state, and returns its new version. */
satama_error satama_channel_clear_state(satama_arena *arena, satama_channel_store store,
                                        satama_view id, uint64_t *version);

/* Lets channels live on; returns those that have ended. */
satama_error satama_channel_touch(satama_arena *arena, satama_channel_store store, satama_views ids,
                                  satama_views *ended);

/* The channels of a user, at most `limit` (1,000) in a page. */
satama_error satama_channel_of_user(satama_arena *arena, satama_channel_store store,
                                    satama_view user, satama_maybe cursor, uint32_t limit,
                                    satama_channel_page *page);

/* All channels, likewise. */
satama_error satama_channel_all(satama_arena *arena, satama_channel_store store,
                                satama_maybe cursor, uint32_t limit, satama_channel_page *page);

/* Sends to one channel; whether a host that holds its socket was told. */
satama_error satama_channel_send(satama_arena *arena, satama_channel_store store, satama_view id,
                                 satama_message message, bool *told);

/* Takes one channel of a list, which lives until it returns. */
typedef satama_error (*satama_channel_visit)(void *context, const satama_channel_entry *entry);

/* Walks through all channels, page by page, until the first error of either side. */
satama_error satama_channel_each(satama_arena *arena, satama_channel_store store,
                                 satama_channel_visit visit, void *context);

/* Walks through the channels of a user, likewise. */
satama_error satama_channel_each_of_user(satama_arena *arena, satama_channel_store store,
                                         satama_view user, satama_channel_visit visit,
                                         void *context);

/* Says what the state, which may be none, becomes. What that is, lives in `arena`. */
typedef satama_error (*satama_state_change)(satama_arena *arena, void *context, satama_maybe value,
                                            satama_view *changed);

/* Changes the state of a channel: reads it, applies `change`, and writes it if no one else has
 * written in between. Otherwise reads it again, so `change` may run several times: 32 times, then
 * it is `SATAMA_CONTENDED`. Returns what was written. */
satama_error satama_channel_update_state(satama_arena *arena, satama_channel_store store,
                                         satama_view id, satama_state_change change, void *context,
                                         satama_view *written);

#ifdef __cplusplus
}
#endif

#endif
