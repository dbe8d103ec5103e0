/* The calls of `cache`. */
#include <satama/cache.h>

#include "wire.h"

WIT("cache", "[static]bucket.open")
void satama_wit_bucket_open(const char *name, size_t name_len, void *answer);
WIT("cache", "[resource-drop]bucket") void satama_wit_bucket_drop(uint32_t bucket);
WIT("cache", "[method]bucket.get")
void satama_wit_bucket_get(uint32_t bucket, const char *key, size_t key_len, void *answer);
WIT("cache", "[method]bucket.get-many")
void satama_wit_bucket_get_many(uint32_t bucket, const satama_view *keys, size_t count,
                                void *answer);
WIT("cache", "[method]bucket.set")
void satama_wit_bucket_set(uint32_t bucket, const char *key, size_t key_len, const char *value,
                           size_t value_len, uint64_t ttl_ms, bool has_group, const char *group,
                           size_t group_len, void *answer);
WIT("cache", "[method]bucket.set-many")
void satama_wit_bucket_set_many(uint32_t bucket, const satama_cache_entry *entries, size_t count,
                                void *answer);
WIT("cache", "[method]bucket.set-if-absent")
void satama_wit_bucket_set_if_absent(uint32_t bucket, const char *key, size_t key_len,
                                     const char *value, size_t value_len, uint64_t ttl_ms,
                                     bool has_group, const char *group, size_t group_len,
                                     void *answer);
WIT("cache", "[method]bucket.delete")
void satama_wit_bucket_delete(uint32_t bucket, const char *key, size_t key_len, void *answer);
WIT("cache", "[method]bucket.exists")
void satama_wit_bucket_exists(uint32_t bucket, const char *key, size_t key_len, void *answer);
WIT("cache", "[method]bucket.ttl")
void satama_wit_bucket_ttl(uint32_t bucket, const char *key, size_t key_len, void *answer);
WIT("cache", "[method]bucket.add")
void satama_wit_bucket_add(uint32_t bucket, const char *key, size_t key_len, int64_t delta,
                           uint64_t ttl_ms, bool has_group, const char *group, size_t group_len,
                           void *answer);
WIT("cache", "[method]bucket.invalidate-group")
void satama_wit_bucket_invalidate_group(uint32_t bucket, const char *group, size_t group_len,
                                        void *answer);
WIT("cache", "[method]bucket.invalidate-all")
void satama_wit_bucket_invalidate_all(uint32_t bucket, void *answer);
WIT("cache", "[method]bucket.fill")
void satama_wit_bucket_fill(uint32_t bucket, const char *key, size_t key_len, uint64_t wait_ms,
                            uint64_t claim_ms, bool has_group, const char *group, size_t group_len,
                            void *answer);
WIT("cache", "[method]bucket.counts")
void satama_wit_bucket_counts(uint32_t bucket, void *answer);
WIT("cache", "[method]claim.complete")
void satama_wit_claim_complete(uint32_t claim, const char *value, size_t value_len,
                               uint64_t ttl_ms, void *answer);
WIT("cache", "[resource-drop]claim") void satama_wit_claim_drop(uint32_t claim);

static const satama_error_cases ERRORS = {
    .count = 6,
    .codes = {SATAMA_ACCESS_DENIED, SATAMA_TOO_LARGE, SATAMA_NOT_A_COUNTER, SATAMA_CLAIM_LOST,
              SATAMA_QUOTA_EXCEEDED, SATAMA_UNAVAILABLE},
};

static void drop_bucket(uint32_t handle)
{
    satama_wit_bucket_drop(handle);
}

static void drop_claim(uint32_t handle)
{
    satama_wit_claim_drop(handle);
}

satama_error satama_cache_open(satama_arena *arena, satama_view name, satama_bucket *bucket)
{
    ANSWER(satama_bucket) answer;
    CALL(arena, satama_wit_bucket_open(name.ptr, name.len, &answer));
    GIVE_HANDLE(arena, answer, ERRORS, bucket, drop_bucket);
}

satama_error satama_cache_get(satama_arena *arena, satama_bucket bucket, satama_view key,
                              satama_maybe *value)
{
    ANSWER(satama_maybe) answer;
    CALL(arena, satama_wit_bucket_get(bucket.handle, key.ptr, key.len, &answer));
    GIVE(answer, ERRORS, value);
}

satama_error satama_cache_get_many(satama_arena *arena, satama_bucket bucket, satama_views keys,
                                   satama_maybes *values)
{
    ANSWER(satama_maybes) answer;
    CALL(arena, satama_wit_bucket_get_many(bucket.handle, keys.items, keys.count, &answer));
    GIVE(answer, ERRORS, values);
}

satama_error satama_cache_set(satama_arena *arena, satama_bucket bucket, satama_view key,
                              satama_view value, satama_cache_options options)
{
    satama_no_answer answer;
    CALL(arena, satama_wit_bucket_set(bucket.handle, key.ptr, key.len, value.ptr, value.len,
                                      options.ttl_ms, MAYBE(options.group), &answer));
    CHECK(answer, ERRORS);
    return satama_ok();
}

satama_error satama_cache_set_many(satama_arena *arena, satama_bucket bucket,
                                   const satama_cache_entry *entries, size_t count)
{
    satama_no_answer answer;
    CALL(arena, satama_wit_bucket_set_many(bucket.handle, entries, count, &answer));
    CHECK(answer, ERRORS);
    return satama_ok();
}

satama_error satama_cache_set_if_absent(satama_arena *arena, satama_bucket bucket, satama_view key,
                                        satama_view value, satama_cache_options options, bool *set)
{
    ANSWER(bool) answer;
    CALL(arena, satama_wit_bucket_set_if_absent(bucket.handle, key.ptr, key.len, value.ptr,
                                                value.len, options.ttl_ms, MAYBE(options.group),
                                                &answer));
    GIVE(answer, ERRORS, set);
}

satama_error satama_cache_delete(satama_arena *arena, satama_bucket bucket, satama_view key,
                                 bool *found)
{
    ANSWER(bool) answer;
    CALL(arena, satama_wit_bucket_delete(bucket.handle, key.ptr, key.len, &answer));
    GIVE(answer, ERRORS, found);
}

satama_error satama_cache_exists(satama_arena *arena, satama_bucket bucket, satama_view key,
                                 bool *found)
{
    ANSWER(bool) answer;
    CALL(arena, satama_wit_bucket_exists(bucket.handle, key.ptr, key.len, &answer));
    GIVE(answer, ERRORS, found);
}

satama_error satama_cache_ttl(satama_arena *arena, satama_bucket bucket, satama_view key,
                              satama_maybe_u64 *ttl_ms)
{
    ANSWER(satama_maybe_u64) answer;
    CALL(arena, satama_wit_bucket_ttl(bucket.handle, key.ptr, key.len, &answer));
    GIVE(answer, ERRORS, ttl_ms);
}

satama_error satama_cache_add(satama_arena *arena, satama_bucket bucket, satama_view key,
                              int64_t delta, satama_cache_options options, int64_t *sum)
{
    ANSWER(int64_t) answer;
    CALL(arena, satama_wit_bucket_add(bucket.handle, key.ptr, key.len, delta, options.ttl_ms,
                                      MAYBE(options.group), &answer));
    GIVE(answer, ERRORS, sum);
}

satama_error satama_cache_invalidate_group(satama_arena *arena, satama_bucket bucket,
                                           satama_view group)
{
    satama_no_answer answer;
    CALL(arena, satama_wit_bucket_invalidate_group(bucket.handle, group.ptr, group.len, &answer));
    CHECK(answer, ERRORS);
    return satama_ok();
}

satama_error satama_cache_invalidate_all(satama_arena *arena, satama_bucket bucket)
{
    satama_no_answer answer;
    CALL(arena, satama_wit_bucket_invalidate_all(bucket.handle, &answer));
    CHECK(answer, ERRORS);
    return satama_ok();
}

satama_error satama_cache_fill(satama_arena *arena, satama_bucket bucket, satama_view key,
                               satama_fill_options options, satama_filled *filled)
{
    ANSWER(satama_filled) answer;
    CALL(arena, satama_wit_bucket_fill(bucket.handle, key.ptr, key.len, options.wait_ms,
                                       options.claim_ms, MAYBE(options.group), &answer));
    CHECK(answer, ERRORS);
    if (answer.value.ok.kind == SATAMA_CLAIMED) {
        satama_arena_own(arena, drop_claim, answer.value.ok.claim.handle);
    }
    if (filled != NULL) *filled = answer.value.ok;
    return satama_ok();
}

satama_error satama_cache_complete(satama_arena *arena, satama_claim claim, satama_view value,
                                   uint64_t ttl_ms)
{
    satama_no_answer answer;
    CALL(arena,
         satama_wit_claim_complete(claim.handle, value.ptr, value.len, ttl_ms, &answer));
    CHECK(answer, ERRORS);
    return satama_ok();
}

satama_error satama_cache_counts_of(satama_arena *arena, satama_bucket bucket,
                                    satama_cache_counts *counts)
{
    ANSWER(satama_cache_counts) answer;
    CALL(arena, satama_wit_bucket_counts(bucket.handle, &answer));
    GIVE(answer, ERRORS, counts);
}
