/* Fields of a session, and changing all of them at once. */
#include <satama/session.h>

#include "wire.h"

satama_maybe satama_field_of(satama_fields fields, const char *name)
{
    for (size_t at = 0; at < fields.count; at++) {
        if (satama_is(fields.items[at].name, name)) return satama_some(fields.items[at].value);
    }
    return satama_none();
}

/* All but one, with room for one more. */
static satama_field *others(satama_arena *arena, satama_fields fields, satama_view name,
                            size_t *count)
{
    satama_field *kept = satama_alloc(arena, (fields.count + 1) * sizeof *kept);
    *count = 0;
    for (size_t at = 0; at < fields.count; at++) {
        if (!satama_same(fields.items[at].name, name)) kept[(*count)++] = fields.items[at];
    }
    return kept;
}

satama_fields satama_with_field(satama_arena *arena, satama_fields fields, satama_view name,
                                satama_view value)
{
    size_t count;
    satama_field *kept = others(arena, fields, name, &count);
    kept[count].name = satama_copy(arena, name);
    kept[count].value = satama_copy(arena, value);
    satama_fields with = {kept, count + 1};
    return with;
}

satama_fields satama_without_field(satama_arena *arena, satama_fields fields, satama_view name)
{
    size_t count;
    satama_field *kept = others(arena, fields, name, &count);
    satama_fields without = {kept, count};
    return without;
}

satama_error satama_session_update_with(satama_arena *arena, satama_session_store store,
                                        satama_view id, satama_session_change change,
                                        void *context, uint64_t *version)
{
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        satama_maybe_session session = {0};
        SATAMA_TRY(satama_session_get(arena, store, id, &session));
        /* Zero stands for no session. */
        uint64_t read = session.has ? session.value.version : 0;
        satama_fields fields = {NULL, 0};
        if (session.has) fields = session.value.fields;
        SATAMA_TRY(change(arena, context, &fields));
        satama_swap swap;
        SATAMA_TRY(satama_session_compare_and_set(arena, store, id, read, fields, &swap));
        if (!swap.stale) {
            if (version != NULL) *version = swap.version;
            return satama_ok();
        }
    }
    return satama_error_of(SATAMA_CONTENDED);
}
