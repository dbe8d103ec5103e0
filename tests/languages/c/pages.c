/* Ten thousand channels, which all listen to one topic. */
#include "show.h"

/* More than there are. */
#define ROOM 20000

/* The ids that were read. */
typedef struct ids {
    satama_arena *arena;
    satama_view *items;
    size_t count;
} ids;

static satama_error keep(ids *read, satama_view id)
{
    if (read->count < ROOM) read->items[read->count++] = satama_copy(read->arena, id);
    return satama_ok();
}

static satama_error keep_channel(void *context, const satama_channel_entry *entry)
{
    return keep(context, entry->id);
}

static satama_error keep_member(void *context, const satama_member *member)
{
    return keep(context, member->channel);
}

static void tell(lines *t, const char *what, satama_error error, ids *read)
{
    SAY(t, what, error, show_integer(t->arena, (int64_t)read->count));
    qsort(read->items, read->count, sizeof *read->items, by_first_view);
    int64_t different = 0;
    for (size_t at = 0; at < read->count; at++) {
        different += at == 0 || !satama_same(read->items[at - 1], read->items[at]);
    }
    say(t, "different ones", show_integer(t->arena, different));
    if (read->count > 0) {
        say(t, "first", show_text(t->arena, read->items[0]));
        say(t, "last", show_text(t->arena, read->items[read->count - 1]));
    }
    read->count = 0;
}

void pages_all(lines *t)
{
    satama_channel_store s;
    satama_bus b;
    ids read = {t->arena, satama_alloc(t->arena, ROOM * sizeof(satama_view)), 0};
    expect(satama_channel_open(t->arena, T("many"), 60000, &s));
    satama_error error =
        satama_channel_each_of_user(t->arena, s, T("ann"), keep_channel, &read);
    tell(t, "of user", error, &read);
    error = satama_channel_each(t->arena, s, keep_channel, &read);
    tell(t, "all", error, &read);
    expect(satama_hub_open(t->arena, T("many"), &b));
    error = satama_hub_each_member(t->arena, b, T("topic"), keep_member, &read);
    tell(t, "members", error, &read);
}
