/* Walks through channels, and changing a channel's state. */
#include <satama/channel.h>

#include "wire.h"

/* Channels of a user, or all of them. */
typedef struct satama_channel_list {
    satama_channel_store store;
    satama_maybe user;
} satama_channel_list;

static satama_error page_of(satama_arena *arena, const satama_channel_list *list,
                            satama_maybe cursor, satama_channel_page *page)
{
    if (!list->user.has) return satama_channel_all(arena, list->store, cursor, PAGE_MAX, page);
    return satama_channel_of_user(arena, list->store, list->user.value, cursor, PAGE_MAX, page);
}

static satama_error walk(satama_arena *arena, const satama_channel_list *list,
                         satama_channel_visit visit, void *context)
{
    satama_maybe cursor = satama_none();
    do {
        SATAMA_ARENA(page_arena);
        satama_channel_page page;
        satama_error error = page_of(&page_arena, list, cursor, &page);
        if (error.code != SATAMA_OK) return error;
        for (size_t at = 0; at < page.count; at++) {
            error = visit(context, &page.entries[at]);
            if (error.code == SATAMA_STOPPED) return satama_ok();
            if (error.code != SATAMA_OK) return error;
        }
        cursor = page.next;
        if (cursor.has) cursor.value = satama_copy(arena, cursor.value);
    } while (cursor.has);
    return satama_ok();
}

satama_error satama_channel_each(satama_arena *arena, satama_channel_store store,
                                 satama_channel_visit visit, void *context)
{
    satama_channel_list list = {store, satama_none()};
    return walk(arena, &list, visit, context);
}

satama_error satama_channel_each_of_user(satama_arena *arena, satama_channel_store store,
                                         satama_view user, satama_channel_visit visit,
                                         void *context)
{
    satama_channel_list list = {store, satama_some(user)};
    return walk(arena, &list, visit, context);
}

satama_error satama_channel_update_state(satama_arena *arena, satama_channel_store store,
                                         satama_view id, satama_state_change change, void *context,
                                         satama_view *written)
{
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        satama_channel_state state;
        SATAMA_TRY(satama_channel_get_state(arena, store, id, &state));
        satama_view changed = satama_text("null");
        SATAMA_TRY(change(arena, context, state.value, &changed));
        satama_swap swap;
        SATAMA_TRY(satama_channel_compare_and_set_state(arena, store, id, state.version, changed,
                                                        &swap));
        if (!swap.stale) {
            if (written != NULL) *written = changed;
            return satama_ok();
        }
    }
    return satama_error_of(SATAMA_CONTENDED);
}
