/* Arenas: what lives in them, and how it ends. */
#include "test.h"

static void what_is_opened_is_closed_newest_first(void)
{
    host_reset();
    satama_arena arena = {0};
    satama_bucket first;
    satama_bucket second;
    CHECK_THAT(satama_cache_open(&arena, satama_text("a"), &first).code == SATAMA_OK);
    CHECK_THAT(satama_cache_open(&arena, satama_text("b"), &second).code == SATAMA_OK);
    CHECK_THAT(host.open == 2);
    satama_arena_free(&arena);
    CHECK_THAT(host.open == 0);
    ASKED("drop 2;drop 1;");
    satama_arena_free(&arena);
    CHECK_THAT(host.open == 0);
}

static void what_is_refused_is_not_closed(void)
{
    host_reset();
    SATAMA_ARENA(arena);
    satama_bucket bucket = {77};
    satama_error error = satama_cache_open(&arena, satama_text("denied"), &bucket);
    CHECK_THAT(error.code == SATAMA_ACCESS_DENIED);
    CHECK_THAT(strcmp(satama_error_name(error.code), "access-denied") == 0);
    CHECK_THAT(bucket.handle == 77);
    CHECK_THAT(arena.cleanups == NULL);
}

static void an_arena_is_used_again(void)
{
    satama_arena arena = {0};
    for (int round = 0; round < 3; round++) {
        satama_view text = satama_format(&arena, "%d %s", round, "times");
        CHECK_THAT(text.len == 7);
        char *large = satama_alloc(&arena, 100000);
        CHECK_THAT(large[0] == 0 && large[99999] == 0);
        CHECK_THAT((uintptr_t)large % 16 == 0);
        large[99999] = 1;
        IS(satama_copy(&arena, satama_text("ä")), "ä");
        CHECK_THAT(strcmp(satama_c_string(&arena, satama_bytes("abc", 2)), "ab") == 0);
        satama_arena_free(&arena);
    }
    CHECK_THAT(arena.chunks == NULL);
}

static void what_the_host_hands_over_lives_in_the_arena(void)
{
    host_reset();
    satama_arena arena = {0};
    satama_bucket bucket = {1};
    satama_view keys[3] = {satama_text("a"), satama_text("b"), satama_text("c")};
    satama_views all = {keys, 3};
    satama_maybes values;
    CHECK_THAT(satama_cache_get_many(&arena, bucket, all, &values).code == SATAMA_OK);
    CHECK_THAT(values.count == 3 && values.items[0].has && !values.items[1].has);
    IS(values.items[2].value, "value");
    satama_arena_free(&arena);
}

static void what_an_export_is_given_is_of_the_heap(void)
{
    char *text = cabi_realloc(NULL, 0, 1, 4);
    text = cabi_realloc(text, 4, 1, 8);
    memcpy(text, "1234567", 8);
    free(text);
    CHECK_THAT(cabi_realloc(NULL, 0, 8, 0) == (void *)8);
}

void arena_tests(void)
{
    what_is_opened_is_closed_newest_first();
    what_is_refused_is_not_closed();
    an_arena_is_used_again();
    what_the_host_hands_over_lives_in_the_arena();
    what_an_export_is_given_is_of_the_heap();
}
