/* The calls of `hub`. */
#include <satama/hub.h>

#include "wire.h"

WIT("hub", "[static]bus.open")
void satama_wit_bus_open(const char *name, size_t name_len, void *answer);
WIT("hub", "[resource-drop]bus") void satama_wit_bus_drop(uint32_t bus);
WIT("hub", "[method]bus.subscribe")
void satama_wit_bus_subscribe(uint32_t bus, const char *topic, size_t topic_len,
                              const char *channel, size_t channel_len, bool has_since,
                              const char *since, size_t since_len, void *answer);
WIT("hub", "[method]bus.unsubscribe")
void satama_wit_bus_unsubscribe(uint32_t bus, const char *topic, size_t topic_len,
                                const char *channel, size_t channel_len, void *answer);
WIT("hub", "[method]bus.topics")
void satama_wit_bus_topics(uint32_t bus, const char *channel, size_t channel_len, void *answer);
WIT("hub", "[method]bus.members")
void satama_wit_bus_members(uint32_t bus, const char *topic, size_t topic_len, bool has_cursor,
                            const char *cursor, size_t cursor_len, uint32_t limit, void *answer);
WIT("hub", "[method]bus.publish")
void satama_wit_bus_publish(uint32_t bus, const char *topic, size_t topic_len, int32_t kind,
                            const char *data, size_t data_len, bool has_except,
                            const char *except, size_t except_len, bool has_keep,
                            uint32_t keep_messages, uint64_t keep_ttl_ms, void *answer);
WIT("hub", "[method]bus.history")
void satama_wit_bus_history(uint32_t bus, const char *topic, size_t topic_len, bool has_since,
                            const char *since, size_t since_len, uint32_t limit, void *answer);

static const satama_error_cases ERRORS = {
    .count = 6,
    .codes = {SATAMA_ACCESS_DENIED, SATAMA_NOT_FOUND, SATAMA_INVALID_CURSOR, SATAMA_TOO_LARGE,
              SATAMA_QUOTA_EXCEEDED, SATAMA_UNAVAILABLE},
};

static void drop(uint32_t handle)
{
    satama_wit_bus_drop(handle);
}

satama_error satama_hub_open(satama_arena *arena, satama_view name, satama_bus *bus)
{
    ANSWER(satama_bus) answer;
    CALL(arena, satama_wit_bus_open(name.ptr, name.len, &answer));
    GIVE_HANDLE(arena, answer, ERRORS, bus, drop);
}

satama_error satama_hub_subscribe(satama_arena *arena, satama_bus bus, satama_view topic,
                                  satama_view channel, satama_maybe since, bool *subscribed)
{
    ANSWER(bool) answer;
    CALL(arena, satama_wit_bus_subscribe(bus.handle, topic.ptr, topic.len, channel.ptr,
                                         channel.len, MAYBE(since), &answer));
    GIVE(answer, ERRORS, subscribed);
}

satama_error satama_hub_unsubscribe(satama_arena *arena, satama_bus bus, satama_view topic,
                                    satama_view channel, bool *found)
{
    ANSWER(bool) answer;
    CALL(arena, satama_wit_bus_unsubscribe(bus.handle, topic.ptr, topic.len, channel.ptr,
                                           channel.len, &answer));
    GIVE(answer, ERRORS, found);
}

satama_error satama_hub_topics(satama_arena *arena, satama_bus bus, satama_view channel,
                               satama_views *topics)
{
    ANSWER(satama_views) answer;
    CALL(arena, satama_wit_bus_topics(bus.handle, channel.ptr, channel.len, &answer));
    GIVE(answer, ERRORS, topics);
}

satama_error satama_hub_members(satama_arena *arena, satama_bus bus, satama_view topic,
                                satama_maybe cursor, uint32_t limit, satama_member_page *page)
{
    ANSWER(satama_member_page) answer;
    CALL(arena, satama_wit_bus_members(bus.handle, topic.ptr, topic.len, MAYBE(cursor), limit,
                                       &answer));
    GIVE(answer, ERRORS, page);
}

satama_error satama_hub_publish(satama_arena *arena, satama_bus bus, satama_view topic,
                                satama_message message, satama_maybe except,
                                const satama_keep *keep, satama_maybe *position)
{
    ANSWER(satama_maybe) answer;
    satama_keep kept = {0};
    if (keep != NULL) kept = *keep;
    CALL(arena, satama_wit_bus_publish(bus.handle, topic.ptr, topic.len, message.binary,
                                       message.data.ptr, message.data.len, MAYBE(except),
                                       keep != NULL, kept.messages, kept.ttl_ms, &answer));
    GIVE(answer, ERRORS, position);
}

satama_error satama_hub_say(satama_arena *arena, satama_bus bus, satama_view topic,
                            satama_view text, satama_maybe *position)
{
    satama_message message = {false, text};
    return satama_hub_publish(arena, bus, topic, message, satama_none(), NULL, position);
}

satama_error satama_hub_history(satama_arena *arena, satama_bus bus, satama_view topic,
                                satama_maybe since, uint32_t limit, satama_history *history)
{
    ANSWER(satama_history) answer;
    CALL(arena, satama_wit_bus_history(bus.handle, topic.ptr, topic.len, MAYBE(since), limit,
                                       &answer));
    GIVE(answer, ERRORS, history);
}

satama_error satama_hub_each_member(satama_arena *arena, satama_bus bus, satama_view topic,
                                    satama_member_visit visit, void *context)
{
    satama_maybe cursor = satama_none();
    do {
        SATAMA_ARENA(page_arena);
        satama_member_page page;
        SATAMA_TRY(satama_hub_members(&page_arena, bus, topic, cursor, PAGE_MAX, &page));
        for (size_t at = 0; at < page.count; at++) {
            satama_error error = visit(context, &page.members[at]);
            if (error.code == SATAMA_STOPPED) return satama_ok();
            if (error.code != SATAMA_OK) return error;
        }
        cursor = page.next;
        if (cursor.has) cursor.value = satama_copy(arena, cursor.value);
    } while (cursor.has);
    return satama_ok();
}
