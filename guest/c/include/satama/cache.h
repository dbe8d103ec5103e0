/* Values that may be forgotten: a cache holds a copy, never the only copy. See wit/cache.wit. */
#ifndef SATAMA_CACHE_H
#define SATAMA_CACHE_H

#include <satama/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A granted key space. */
typedef struct satama_bucket {
    uint32_t handle;
} satama_bucket;

/* The right to set one missing entry. Given up if its arena is freed before it is completed. */
typedef struct satama_claim {
    uint32_t handle;
} satama_claim;

/* How an entry is kept. */
typedef struct satama_cache_options {
    /* The entry expires this long after it is set. At most 30 days. */
    uint64_t ttl_ms;
    /* The group it can be invalidated with. */
    satama_maybe group;
} satama_cache_options;

/* One entry of `satama_cache_set_many`. */
typedef struct satama_cache_entry {
    satama_view key;
    satama_view value;
    satama_cache_options options;
} satama_cache_entry;

/* How `satama_cache_fill` waits for others, and for how long others wait for this. */
typedef struct satama_fill_options {
    /* How long to wait for another caller's value. At most 30 seconds. */
    uint64_t wait_ms;
    /* A claim that is not completed expires after this. At most 5 minutes. */
    uint64_t claim_ms;
    /* The group of the entry that the claim will set. */
    satama_maybe group;
} satama_fill_options;

/* What `satama_cache_fill` found. */
enum {
    /* The live value: `value`. */
    SATAMA_HIT = 0,
    /* None, and this caller is the one who computes it: `claim`. */
    SATAMA_CLAIMED,
    /* None yet: another caller still computes it. */
    SATAMA_BUSY
};

typedef struct satama_filled {
    uint8_t kind;
    union {
        satama_view value;
        satama_claim claim;
    };
} satama_filled;

/* Reads of a bucket by all instances on this host since it started. */
typedef struct satama_cache_counts {
    uint64_t hits;
    uint64_t misses;
} satama_cache_counts;

/* An entry that expires `ttl_ms` after it is set, in no group. */
static inline satama_cache_options satama_cache_ttl_of(uint64_t ttl_ms)
{
    satama_cache_options options = {ttl_ms, {false, {NULL, 0}}};
    return options;
}

/* Opens a bucket of the calling tenant's grant. Does not reach the store. */
satama_error satama_cache_open(satama_arena *arena, satama_view name, satama_bucket *bucket);

/* The live value under a key, or none. */
satama_error satama_cache_get(satama_arena *arena, satama_bucket bucket, satama_view key,
                              satama_maybe *value);

/* The live values under at most 64 keys, in their order. */
satama_error satama_cache_get_many(satama_arena *arena, satama_bucket bucket, satama_views keys,
                                   satama_maybes *values);

/* Replaces the value under a key, its group and its expiry. */
satama_error satama_cache_set(satama_arena *arena, satama_bucket bucket, satama_view key,
                              satama_view value, satama_cache_options options);

/* Sets at most 64 entries, in their order; each atomically. */
satama_error satama_cache_set_many(satama_arena *arena, satama_bucket bucket,
                                   const satama_cache_entry *entries, size_t count);

/* Sets a value where there is none. Of two callers at once, one is told that it was set. */
satama_error satama_cache_set_if_absent(satama_arena *arena, satama_bucket bucket, satama_view key,
                                        satama_view value, satama_cache_options options,
                                        bool *set);

/* Forgets the value under a key, and any claim on it; whether there was one. */
satama_error satama_cache_delete(satama_arena *arena, satama_bucket bucket, satama_view key,
                                 bool *found);

/* Whether there is a live value under a key. Not counted as a read. */
satama_error satama_cache_exists(satama_arena *arena, satama_bucket bucket, satama_view key,
                                 bool *found);

/* How long the value under a key has to live, in milliseconds; none if there is none. */
satama_error satama_cache_ttl(satama_arena *arena, satama_bucket bucket, satama_view key,
                              satama_maybe_u64 *ttl_ms);

/* Adds to the counter under a key, from -(2^53 - 1) to 2^53 - 1. A missing one starts at zero with
 * the options; an existing one keeps its own. */
satama_error satama_cache_add(satama_arena *arena, satama_bucket bucket, satama_view key,
                              int64_t delta, satama_cache_options options, int64_t *sum);

/* Forgets every entry of a group. */
satama_error satama_cache_invalidate_group(satama_arena *arena, satama_bucket bucket,
                                           satama_view group);

/* Forgets every entry of the bucket. */
satama_error satama_cache_invalidate_all(satama_arena *arena, satama_bucket bucket);

/* The live value under a key, or the claim to compute it: of all who miss at once, on any host, one
 * gets the claim, and the others wait for its value. */
satama_error satama_cache_fill(satama_arena *arena, satama_bucket bucket, satama_view key,
                               satama_fill_options options, satama_filled *filled);

/* Sets the value of a claim, and ends it. After an error other than `claim-lost` and `unavailable`
 * the claim still holds. */
satama_error satama_cache_complete(satama_arena *arena, satama_claim claim, satama_view value,
                                   uint64_t ttl_ms);

/* Hits and misses of reads. Does not reach the store. */
satama_error satama_cache_counts_of(satama_arena *arena, satama_bucket bucket,
                                    satama_cache_counts *counts);

/* Computes a value that the cache does not have; what it is, lives in `arena`. */
typedef satama_error (*satama_compute)(satama_arena *arena, void *context, satama_view *value);

/* A value, and where it comes from. */
typedef struct satama_cached_value {
    satama_view value;
    /* Whether it was served from the cache. If not, it was computed now. */
    bool hit;
} satama_cached_value;

/* The options of `satama_cached`, unless told: it waits 10 seconds for another caller's value, and
 * has others wait 60 seconds for a caller whose host died. */
satama_fill_options satama_fill_defaults(void);

/* The value under a key, at most `ttl_ms` old: from the cache, or of `compute`, which one caller at
 * a time runs. If it fails the claim is given up at once, and its error is returned.
 *
 * A cache holds copies: while it is unavailable, over quota or too small for the value, the value
 * is computed and returned, and not kept. */
satama_error satama_cached(satama_arena *arena, satama_bucket bucket, satama_view key,
                           satama_fill_options options, uint64_t ttl_ms, satama_compute compute,
                           void *context, satama_cached_value *value);

#ifdef __cplusplus
}
#endif

#endif
