/* Messages to all that listen to a topic, on whichever host they are. See wit/hub.wit. */
#ifndef SATAMA_HUB_H
#define SATAMA_HUB_H

#include <satama/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The hub of one name. */
typedef struct satama_bus {
    uint32_t handle;
} satama_bus;

/* How long the messages of a topic are kept. */
typedef struct satama_keep {
    /* This many of them, at most 1,000. */
    uint32_t messages;
    /* This long after the last was published, in milliseconds. */
    uint64_t ttl_ms;
} satama_keep;

/* Someone who listens to a topic. */
typedef struct satama_member {
    satama_view channel;
    satama_maybe user;
} satama_member;

/* Part of those who listen. May be short, or empty, while there is a next page. */
typedef struct satama_member_page {
    const satama_member *members;
    size_t count;
    /* Where to go on; none if this was the last page. */
    satama_maybe next;
} satama_member_page;

/* A message that was kept. */
typedef struct satama_kept {
    satama_view position;
    satama_message message;
} satama_kept;

/* What was kept since a position. */
typedef struct satama_history {
    /* Whether this is all that was published since. If not, messages are lost. */
    bool complete;
    /* In the order in which they were published; at most 100. */
    const satama_kept *messages;
    size_t count;
    /* Where to go on; none if the topic is not kept. */
    satama_maybe position;
    /* Whether there are more after these. */
    bool more;
} satama_history;

/* Opens a hub of the calling tenant's grant. Does not reach the store. */
satama_error satama_hub_open(satama_arena *arena, satama_view name, satama_bus *bus);

/* Subscribes a channel to a topic; whether it was not before. With a position, its receiver first
 * gets all that was published since. */
satama_error satama_hub_subscribe(satama_arena *arena, satama_bus bus, satama_view topic,
                                  satama_view channel, satama_maybe since, bool *subscribed);

/* Ends a subscription; whether there was one. */
satama_error satama_hub_unsubscribe(satama_arena *arena, satama_bus bus, satama_view topic,
                                    satama_view channel, bool *found);

/* The topics of a channel, in the order of their bytes. */
satama_error satama_hub_topics(satama_arena *arena, satama_bus bus, satama_view channel,
                               satama_views *topics);

/* Who listens to a topic now, at most `limit` (1,000) in a page. */
satama_error satama_hub_members(satama_arena *arena, satama_bus bus, satama_view topic,
                                satama_maybe cursor, uint32_t limit, satama_member_page *page);

/* Publishes to a topic, but not to the channel `except`. `keep` may be NULL. Its position, if it is
 * kept. */
satama_error satama_hub_publish(satama_arena *arena, satama_bus bus, satama_view topic,
                                satama_message message, satama_maybe except,
                                const satama_keep *keep, satama_maybe *position);

/* Publishes text to all that listen to a topic, as it is kept or not. */
satama_error satama_hub_say(satama_arena *arena, satama_bus bus, satama_view topic,
                            satama_view text, satama_maybe *position);

/* What was kept of a topic since a position, at most `limit` (100) messages; without a position,
 * from the oldest. A limit of zero tells the topic's position alone. */
satama_error satama_hub_history(satama_arena *arena, satama_bus bus, satama_view topic,
                                satama_maybe since, uint32_t limit, satama_history *history);

/* Takes one of those who listen, which lives until it returns. */
typedef satama_error (*satama_member_visit)(void *context, const satama_member *member);

/* Walks through all who listen to a topic, page by page, until the first error of either side. */
satama_error satama_hub_each_member(satama_arena *arena, satama_bus bus, satama_view topic,
                                    satama_member_visit visit, void *context);

#ifdef __cplusplus
}
#endif

#endif
