/* Every function of the hub, its errors and limits. */
#include "show.h"

#define WEEK_MS (7ull * 24 * 60 * 60 * 1000)

satama_view show_message(satama_arena *arena, satama_message message)
{
    satama_view data =
        message.binary ? show_bytes(arena, message.data) : show_text(arena, message.data);
    return satama_format(arena, "%s %.*s", message.binary ? "binary" : "text", SATAMA_ARG(data));
}

satama_view show_history(satama_arena *arena, const satama_history *history)
{
    satama_view *shown = satama_alloc(arena, history->count * sizeof *shown);
    for (size_t at = 0; at < history->count; at++) {
        shown[at] = show_message(arena, history->messages[at].message);
    }
    satama_view list = show_list(arena, shown, history->count);
    return satama_format(arena, "%s %.*s %s %s", history->complete ? "true" : "false",
                         SATAMA_ARG(list), history->position.has ? "place" : "no place",
                         history->more ? "true" : "false");
}

static void members(lines *t, const char *what, satama_bus b, const char *topic)
{
    satama_member_page page;
    satama_error error = satama_hub_members(t->arena, b, T(topic), NONE, 1000, &page);
    if (error.code != SATAMA_OK) {
        say(t, what, show_error(t->arena, &error));
        return;
    }
    satama_member *sorted = satama_alloc(t->arena, page.count * sizeof *sorted);
    satama_view *shown = satama_alloc(t->arena, page.count * sizeof *shown);
    if (page.count > 0) memcpy(sorted, page.members, page.count * sizeof *sorted);
    qsort(sorted, page.count, sizeof *sorted, by_first_view);
    for (size_t at = 0; at < page.count; at++) {
        satama_view user = show_maybe_text(t->arena, sorted[at].user);
        shown[at] = satama_format(t->arena, "\"%.*s\" %.*s", SATAMA_ARG(sorted[at].channel),
                                  SATAMA_ARG(user));
    }
    say(t, what, show_list(t->arena, shown, page.count));
}

static void subscribe(lines *t, const char *what, satama_bus b, const char *topic,
                      const char *channel, satama_maybe since)
{
    bool is_new;
    SAY(t, what, satama_hub_subscribe(t->arena, b, T(topic), T(channel), since, &is_new),
        show_bool(is_new));
}

static void unsubscribe(lines *t, const char *what, satama_bus b, const char *topic,
                        const char *channel)
{
    bool found;
    SAY(t, what, satama_hub_unsubscribe(t->arena, b, T(topic), T(channel), &found),
        show_bool(found));
}

static void subscriptions(lines *t, satama_bus b)
{
    satama_arena *a = t->arena;
    satama_views topics;
    satama_maybe nowhere = satama_some_text("ä");
    subscribe(t, "subscribe", b, "t", "a", NONE);
    subscribe(t, "subscribe again", b, "t", "a", NONE);
    subscribe(t, "subscribe another", b, "t", "b", NONE);
    subscribe(t, "subscribe to unicode", b, "aihe-ä€😀", "a", NONE);
    subscribe(t, "subscribe to the empty topic", b, "", "a", NONE);
    subscribe(t, "subscribe a missing one", b, "t", "missing", NONE);
    subscribe(t, "subscribe since nowhere", b, "t", "a", nowhere);
    SAY(t, "topics", satama_hub_topics(a, b, T("a"), &topics), show_texts(a, topics));
    SAY(t, "topics of missing", satama_hub_topics(a, b, T("missing"), &topics),
        show_texts(a, topics));
    members(t, "members", b, "t");
    members(t, "members of none", b, "none");
    WORKED(t, "bad cursor", satama_hub_members(a, b, T("t"), nowhere, 1, NULL));
    WORKED(t, "larger page", satama_hub_members(a, b, T("t"), NONE, 1001, NULL));
    unsubscribe(t, "unsubscribe", b, "", "a");
    unsubscribe(t, "unsubscribe again", b, "", "a");
    unsubscribe(t, "unsubscribe a missing one", b, "t", "missing");
}

static satama_maybe publish(lines *t, const char *what, satama_bus b, const char *topic,
                            satama_message message, satama_maybe except, const satama_keep *keep)
{
    satama_maybe place = NONE;
    SAY(t, what, satama_hub_publish(t->arena, b, T(topic), message, except, keep, &place),
        show_bool(place.has));
    return place;
}

static void history(lines *t, const char *what, satama_bus b, const char *topic,
                    satama_maybe since, uint32_t limit)
{
    satama_history kept;
    SAY(t, what, satama_hub_history(t->arena, b, T(topic), since, limit, &kept),
        show_history(t->arena, &kept));
}

static void messages(lines *t, satama_bus b)
{
    satama_keep keep = {3, 60000};
    satama_message bytes = {true, satama_bytes("\0\xff", 2)};
    satama_maybe place;
    satama_history last;
    publish(t, "publish", b, "t", satama_text_message("not kept"), NONE, NULL);
    SAY(t, "say", satama_hub_say(t->arena, b, T("t"), T("not kept"), &place),
        show_bool(place.has));
    history(t, "history of none", b, "t", NONE, 10);
    satama_maybe first = publish(t, "publish and keep", b, "k", satama_text_message("ä€😀"),
                                 satama_some_text("a"), &keep);
    publish(t, "publish more", b, "k", bytes, NONE, NULL);
    history(t, "history", b, "k", NONE, 10);
    history(t, "history since", b, "k", first, 10);
    history(t, "history of one", b, "k", NONE, 1);
    history(t, "where it is", b, "k", NONE, 0);
    publish(t, "publish", b, "k", satama_text_message("3"), NONE, NULL);
    publish(t, "publish", b, "k", satama_text_message("4"), NONE, NULL);
    history(t, "history since what is gone", b, "k", first, 10);
    history(t, "history since nowhere", b, "k", satama_some_text("ä"), 10);
    expect(satama_hub_history(t->arena, b, T("k"), NONE, 0, &last));
    subscribe(t, "subscribe since", b, "k", "a", last.position);
}

static void kept(lines *t, const char *what, satama_bus b, uint32_t count, uint64_t ttl_ms)
{
    satama_keep keep = {count, ttl_ms};
    WORKED(t, what,
           satama_hub_publish(t->arena, b, T("l"), satama_text_message("m"), NONE, &keep, NULL));
}

static void limits(lines *t, satama_bus b)
{
    satama_arena *a = t->arena;
    satama_view longer = repeated(a, 'i', 256);
    satama_message message = satama_text_message("m");
    satama_message largest = {false, repeated(a, 'i', 65536)};
    satama_message larger = {true, repeated(a, 1, 65537)};
    satama_view longest = satama_bytes(longer.ptr, 255);
    WORKED(t, "longest topic", satama_hub_publish(a, b, longest, message, NONE, NULL, NULL));
    WORKED(t, "longer topic", satama_hub_publish(a, b, longer, message, NONE, NULL, NULL));
    WORKED(t, "largest message", satama_hub_publish(a, b, T("l"), largest, NONE, NULL, NULL));
    WORKED(t, "larger message", satama_hub_publish(a, b, T("l"), larger, NONE, NULL, NULL));
    kept(t, "most kept", b, 1000, WEEK_MS);
    kept(t, "more kept", b, 1001, 1);
    kept(t, "kept longer", b, 1, WEEK_MS + 1);
    kept(t, "kept for 2^63", b, 1, UINT64_C(1) << 63);
    WORKED(t, "larger history", satama_hub_history(a, b, T("l"), NONE, 101, NULL));
    int64_t count = 0;
    satama_error error = satama_ok();
    for (int n = 2; n < 128 && error.code == SATAMA_OK; n++, count++) {
        error = satama_hub_subscribe(a, b, satama_format(a, "topic-%d", n), T("b"), NONE, NULL);
    }
    SAY(t, "most topics", error, show_integer(a, count));
    subscribe(t, "one more", b, "one", "b", NONE);
    subscribe(t, "and another", b, "more", "b", NONE);
}

void hub_all(lines *t)
{
    satama_arena *a = t->arena;
    satama_bus b;
    satama_channel_store channels;
    satama_view ids[] = {T("a"), T("b")};
    uint32_t removed;
    WORKED(t, "open another", satama_hub_open(a, T("another"), NULL));
    WORKED(t, "open", satama_hub_open(a, T("granted"), &b));
    expect(satama_channel_open(a, T("granted"), 60000, &channels));
    WORKED(t, "add a channel", satama_channel_add(a, channels, T("a"), T("{}"), NONE));
    WORKED(t, "add a channel",
           satama_channel_add(a, channels, T("b"), T("{}"), satama_some_text("ann")));
    subscriptions(t, b);
    messages(t, b);
    limits(t, b);
    SAY(t, "remove the channels", satama_channel_remove(a, channels, views_of(ids, 2), &removed),
        show_integer(a, removed));
    members(t, "members then", b, "t");
}
