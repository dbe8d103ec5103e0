/* Walks through the names of secrets, and the names and users of credentials. */
#include <satama/credential.h>

#include "wire.h"

/* Reads one page of names. */
typedef satama_error (*satama_names_read)(satama_arena *arena, satama_view of, satama_maybe after,
                                          uint32_t limit, satama_name_page *page);

static satama_error walk(satama_arena *arena, satama_names_read read, satama_view of,
                         satama_name_visit visit, void *context)
{
    satama_maybe after = satama_none();
    do {
        SATAMA_ARENA(page_arena);
        satama_name_page page;
        SATAMA_TRY(read(&page_arena, of, after, PAGE_MAX, &page));
        for (size_t at = 0; at < page.names.count; at++) {
            satama_error error = visit(context, page.names.items[at]);
            if (error.code == SATAMA_STOPPED) return satama_ok();
            if (error.code != SATAMA_OK) return error;
        }
        after = page.next;
        if (after.has) after.value = satama_copy(arena, after.value);
    } while (after.has);
    return satama_ok();
}

static satama_error secret_names(satama_arena *arena, satama_view of, satama_maybe after,
                                 uint32_t limit, satama_name_page *page)
{
    (void)of;
    return satama_secret_names(arena, after, limit, page);
}

satama_error satama_secret_each(satama_arena *arena, satama_name_visit visit, void *context)
{
    return walk(arena, secret_names, satama_text(""), visit, context);
}

satama_error satama_credential_each_of_user(satama_arena *arena, satama_view user,
                                            satama_name_visit visit, void *context)
{
    return walk(arena, satama_credential_of_user, user, visit, context);
}

satama_error satama_credential_each_user(satama_arena *arena, satama_view name,
                                         satama_name_visit visit, void *context)
{
    return walk(arena, satama_credential_users, name, visit, context);
}
