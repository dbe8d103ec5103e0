/* Values that one caller computes while the others wait. */
#include <satama/cache.h>

#include "wire.h"

/* How long a caller waits for another's value before it computes its own. */
#define WAIT_MS 10000

/* How long others wait for a caller whose host died. */
#define CLAIM_MS 60000

/* The limits of cache.wit. A longer time-to-live is taken as this; a longer value is not kept. */
#define TTL_MS_MAX (30ull * 24 * 60 * 60 * 1000)
#define VALUE_BYTES_MAX (1u << 20)

satama_fill_options satama_fill_defaults(void)
{
    satama_fill_options options = {WAIT_MS, CLAIM_MS, satama_none()};
    return options;
}

satama_error satama_cached(satama_arena *arena, satama_bucket bucket, satama_view key,
                           satama_fill_options options, uint64_t ttl_ms, satama_compute compute,
                           void *context, satama_cached_value *value)
{
    /* The claim lives here, so that it is given up when this returns. */
    SATAMA_ARENA(claims);
    satama_filled filled = {.kind = SATAMA_BUSY};
    satama_error error = satama_cache_fill(&claims, bucket, key, options, &filled);
    if (error.code != SATAMA_OK && error.code != SATAMA_UNAVAILABLE &&
        error.code != SATAMA_QUOTA_EXCEEDED) {
        return error;
    }
    satama_cached_value found = {0};
    found.hit = error.code == SATAMA_OK && filled.kind == SATAMA_HIT;
    if (found.hit) {
        found.value = satama_copy(arena, filled.value);
    } else {
        SATAMA_TRY(compute(arena, context, &found.value));
    }
    if (error.code == SATAMA_OK && filled.kind == SATAMA_CLAIMED &&
        found.value.len <= VALUE_BYTES_MAX) {
        /* Whatever became of the copy, the caller has the value. */
        uint64_t ttl = ttl_ms < TTL_MS_MAX ? ttl_ms : TTL_MS_MAX;
        (void)satama_cache_complete(&claims, filled.claim, found.value, ttl);
    }
    if (value != NULL) *value = found;
    return satama_ok();
}
