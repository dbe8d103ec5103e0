/* What the SDK adds to the services: single flight, compare-and-set, lists by pages. */
#include "test.h"

static satama_error compute(satama_arena *arena, void *context, satama_view *value)
{
    int *calls = context;
    (*calls)++;
    if (*calls < 0) return satama_retryable(arena, "broken", satama_text("no value"));
    *value = satama_format(arena, "computed %d", *calls);
    return satama_ok();
}

static satama_cached_value cached(satama_arena *arena, int *calls, satama_code code)
{
    satama_bucket bucket = {1};
    satama_cached_value value = {{NULL, 0}, false};
    satama_error error = satama_cached(arena, bucket, satama_text("key"), satama_fill_defaults(),
                                       UINT64_MAX, compute, calls, &value);
    CHECK_THAT(error.code == code);
    return value;
}

static void a_value_is_computed_once(void)
{
    SATAMA_ARENA(arena);
    int calls = 0;
    host_reset();
    host.filled = SATAMA_CLAIMED;
    satama_cached_value value = cached(&arena, &calls, SATAMA_OK);
    IS(value.value, "computed 1");
    CHECK_THAT(!value.hit && host.open == 0);
    IS(satama_text(host.completed), "computed 1 for 2592000000");
    host.filled = SATAMA_HIT;
    value = cached(&arena, &calls, SATAMA_OK);
    IS(value.value, "kept");
    CHECK_THAT(value.hit && calls == 1);
}

static void a_claim_is_given_up_when_there_is_no_value(void)
{
    SATAMA_ARENA(arena);
    int calls = -5;
    host_reset();
    host.filled = SATAMA_CLAIMED;
    cached(&arena, &calls, SATAMA_FAILED);
    CHECK_THAT(host.open == 0);
    ASKED("drop claim;");
    IS(satama_text(host.completed), "");
}

static void a_cache_that_fails_does_not_keep_a_value_from_its_caller(void)
{
    SATAMA_ARENA(arena);
    int calls = 0;
    host_reset();
    host.filled = SATAMA_BUSY;
    IS(cached(&arena, &calls, SATAMA_OK).value, "computed 1");
    host.fill_error = 5;
    IS(cached(&arena, &calls, SATAMA_OK).value, "computed 2");
    host.fill_error = 4;
    IS(cached(&arena, &calls, SATAMA_OK).value, "computed 3");
    host.fill_error = 1;
    cached(&arena, &calls, SATAMA_TOO_LARGE);
    CHECK_THAT(calls == 3);
}

static satama_error count(satama_arena *arena, void *context, satama_fields *fields)
{
    int64_t n = 0;
    int *calls = context;
    (*calls)++;
    satama_maybe field = satama_field_of(*fields, "n");
    if (field.has && !satama_json_integer(field.value, &n)) {
        return satama_invalid_result(arena, "a number");
    }
    *fields = satama_with_field(arena, *fields, satama_text("n"),
                                satama_json_of_integer(arena, n + 1));
    return satama_ok();
}

static void a_session_is_changed_until_nobody_else_was_faster(void)
{
    SATAMA_ARENA(arena);
    satama_session_store store = {1};
    uint64_t version = 0;
    int calls = 0;
    host_reset();
    host.races = 3;
    satama_error error = satama_session_update_with(&arena, store, satama_text("ann"), count,
                                                    &calls, &version);
    CHECK_THAT(error.code == SATAMA_OK && calls == 4 && version == 1);
    IS(satama_text(host.stored), "1");
    host.races = 32;
    error = satama_session_update_with(&arena, store, satama_text("ann"), count, &calls, NULL);
    CHECK_THAT(error.code == SATAMA_CONTENDED);
    strcpy(host.stored, "\"text\"");
    error = satama_session_update_with(&arena, store, satama_text("ann"), count, &calls, NULL);
    IS(satama_error_code(&error), "invalid-result");
}

static satama_error append(satama_arena *arena, void *context, satama_maybe value,
                           satama_view *changed)
{
    (void)context;
    satama_view before = value.has ? value.value : satama_text("0");
    *changed = satama_format(arena, "%.*s1", SATAMA_ARG(before));
    return satama_ok();
}

static void a_state_is_changed_likewise(void)
{
    SATAMA_ARENA(arena);
    satama_channel_store store = {1};
    satama_view written;
    host_reset();
    host.races = 1;
    for (int round = 0; round < 2; round++) {
        satama_error error = satama_channel_update_state(&arena, store, satama_text("a"), append,
                                                         NULL, &written);
        CHECK_THAT(error.code == SATAMA_OK);
    }
    IS(written, "011");
    host.races = 32;
    CHECK_THAT(satama_channel_update_state(&arena, store, satama_text("a"), append, NULL, NULL)
                   .code == SATAMA_CONTENDED);
}

static satama_error visit(void *context, const satama_channel_entry *entry)
{
    int *seen = context;
    if (*seen == 3) return satama_stop();
    if (*seen < 0) return satama_error_of(SATAMA_UNAVAILABLE);
    CHECK_THAT(entry->id.len == 1 && !entry->user.has);
    (*seen)++;
    return satama_ok();
}

static void a_list_is_read_page_by_page(void)
{
    SATAMA_ARENA(arena);
    satama_channel_store store = {1};
    int seen = 0;
    host_reset();
    CHECK_THAT(satama_channel_each(&arena, store, visit, &seen).code == SATAMA_OK);
    ASKED("page of 1000 after ;page of 1000 after next;");
    CHECK_THAT(seen == 3);
    seen = -1;
    CHECK_THAT(satama_channel_each(&arena, store, visit, &seen).code == SATAMA_UNAVAILABLE);
}

static void a_revealed_secret_is_overwritten(void)
{
    satama_arena arena = {0};
    satama_arena kept = {0};
    satama_view names[2] = {satama_text("a"), satama_text("b")};
    satama_views all = {names, 2};
    satama_secrets secrets;
    satama_view value;
    host_reset();
    CHECK_THAT(satama_secret_get_many(&arena, all, &secrets).code == SATAMA_OK);
    CHECK_THAT(secrets.items[0].has && !secrets.items[1].has && host.open == 1);
    CHECK_THAT(satama_secret_reveal(&arena, secrets.items[0].value, &value).code == SATAMA_OK);
    IS(value, "open sesame");
    /* Its chunk is kept from being freed, so that it can be looked at. */
    kept.chunks = arena.chunks;
    arena.chunks = NULL;
    satama_arena_free(&arena);
    CHECK_THAT(value.ptr[0] == 0 && value.ptr[10] == 0 && host.open == 0);
    satama_arena_free(&kept);
}

void service_tests(void)
{
    a_value_is_computed_once();
    a_claim_is_given_up_when_there_is_no_value();
    a_cache_that_fails_does_not_keep_a_value_from_its_caller();
    a_session_is_changed_until_nobody_else_was_faster();
    a_state_is_changed_likewise();
    a_list_is_read_page_by_page();
    a_revealed_secret_is_overwritten();
}
