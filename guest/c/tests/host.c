/* The calls that the tests' code makes of its host. */
#include "host.h"

#include <stdarg.h>

#include "../src/workflow.h"

fake_host host;

void host_reset(void)
{
    memset(&host, 0, sizeof host);
    host.attempts = 1;
    host.outcome = "1";
}

void host_asked(const char *format, ...)
{
    size_t used = strlen(host.asked);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(host.asked + used, sizeof host.asked - used, format, arguments);
    va_end(arguments);
}

satama_view given(const char *text)
{
    size_t length = strlen(text);
    char *copy = cabi_realloc(NULL, 0, 1, length);
    memcpy(copy, text, length);
    return satama_bytes(copy, length);
}

/* Answers with an error, by its place in the WIT. */
static void refuse(void *answer, uint8_t tag)
{
    satama_no_answer *no = answer;
    memset(no, 0, sizeof *no);
    no->is_error = true;
    no->value.error.tag = tag;
}

#define OK(type, given_value) \
    do { \
        ANSWER(type) *made = answer; \
        memset(made, 0, sizeof *made); \
        made->value.ok = (given_value); \
    } while (0)

#define OPENED(type) \
    do { \
        type handle = {++host.open}; \
        OK(type, handle); \
    } while (0)

/* Cache. */

void satama_wit_bucket_open(const char *name, size_t name_len, void *answer);
void satama_wit_bucket_open(const char *name, size_t name_len, void *answer)
{
    if (name_len == 6 && memcmp(name, "denied", 6) == 0) {
        refuse(answer, 0);
        return;
    }
    OPENED(satama_bucket);
}

void satama_wit_bucket_drop(uint32_t bucket);
void satama_wit_bucket_drop(uint32_t bucket)
{
    host_asked("drop %u;", bucket);
    host.open--;
}

void satama_wit_bucket_fill(uint32_t bucket, const char *key, size_t key_len, uint64_t wait_ms,
                            uint64_t claim_ms, bool has_group, const char *group,
                            size_t group_len, void *answer);
void satama_wit_bucket_fill(uint32_t bucket, const char *key, size_t key_len, uint64_t wait_ms,
                            uint64_t claim_ms, bool has_group, const char *group,
                            size_t group_len, void *answer)
{
    (void)bucket, (void)key, (void)key_len, (void)wait_ms, (void)claim_ms;
    (void)has_group, (void)group, (void)group_len;
    if (host.fill_error != 0) {
        refuse(answer, (uint8_t)host.fill_error);
        return;
    }
    satama_filled filled = {.kind = (uint8_t)host.filled};
    if (host.filled == SATAMA_HIT) filled.value = given("kept");
    if (host.filled == SATAMA_CLAIMED) filled.claim.handle = (uint32_t)++host.open;
    OK(satama_filled, filled);
}

void satama_wit_claim_complete(uint32_t claim, const char *value, size_t value_len,
                               uint64_t ttl_ms, void *answer);
void satama_wit_claim_complete(uint32_t claim, const char *value, size_t value_len,
                               uint64_t ttl_ms, void *answer)
{
    (void)claim;
    snprintf(host.completed, sizeof host.completed, "%.*s for %llu", (int)value_len, value,
             (unsigned long long)ttl_ms);
    memset(answer, 0, sizeof(satama_no_answer));
}

void satama_wit_claim_drop(uint32_t claim);
void satama_wit_claim_drop(uint32_t claim)
{
    (void)claim;
    host_asked("drop claim;");
    host.open--;
}

void satama_wit_bucket_get_many(uint32_t bucket, const satama_view *keys, size_t count,
                                void *answer);
void satama_wit_bucket_get_many(uint32_t bucket, const satama_view *keys, size_t count,
                                void *answer)
{
    (void)bucket, (void)keys;
    satama_maybe *values =
        cabi_realloc(NULL, 0, _Alignof(satama_maybe), count * sizeof *values);
    for (size_t at = 0; at < count; at++) {
        values[at].has = at % 2 == 0;
        values[at].value = given(at % 2 == 0 ? "value" : "");
    }
    satama_maybes all = {values, count};
    OK(satama_maybes, all);
}

/* Sessions, whose one session has the field `n`. */

void satama_wit_session_get(uint32_t store, const char *id, size_t id_len, void *answer);
void satama_wit_session_get(uint32_t store, const char *id, size_t id_len, void *answer)
{
    (void)store, (void)id, (void)id_len;
    satama_maybe_session session = {0};
    if (host.has_stored) {
        satama_field *field = cabi_realloc(NULL, 0, _Alignof(satama_field), sizeof *field);
        field->name = given("n");
        field->value = given(host.stored);
        session.has = true;
        session.value.version = host.version;
        session.value.fields.items = field;
        session.value.fields.count = 1;
    }
    OK(satama_maybe_session, session);
}

/* Swaps, unless the version is another or a race is lost. */
static satama_swap swap(uint64_t version, const char *value, size_t len)
{
    satama_swap swap = {true, host.version};
    if (host.races > 0) {
        host.races--;
        return swap;
    }
    if (version == host.version) {
        swap.stale = false;
        swap.version = ++host.version;
        snprintf(host.stored, sizeof host.stored, "%.*s", (int)len, value);
        host.has_stored = true;
    }
    return swap;
}

void satama_wit_session_compare_and_set(uint32_t store, const char *id, size_t id_len,
                                        uint64_t version, const satama_field *fields,
                                        size_t count, void *answer);
void satama_wit_session_compare_and_set(uint32_t store, const char *id, size_t id_len,
                                        uint64_t version, const satama_field *fields,
                                        size_t count, void *answer)
{
    (void)store, (void)id, (void)id_len;
    satama_view value = satama_text("");
    if (count > 0) value = fields[0].value;
    OK(satama_swap, swap(version, value.ptr, value.len));
}

/* Channels, whose one channel has a state; and a list of two pages. */

void satama_wit_channel_get_state(uint32_t store, const char *id, size_t id_len, void *answer);
void satama_wit_channel_get_state(uint32_t store, const char *id, size_t id_len, void *answer)
{
    (void)store, (void)id, (void)id_len;
    satama_channel_state state = {host.version, satama_none()};
    if (host.has_stored) state.value = satama_some(given(host.stored));
    OK(satama_channel_state, state);
}

void satama_wit_channel_compare_and_set_state(uint32_t store, const char *id, size_t id_len,
                                              uint64_t version, const char *value,
                                              size_t value_len, void *answer);
void satama_wit_channel_compare_and_set_state(uint32_t store, const char *id, size_t id_len,
                                              uint64_t version, const char *value,
                                              size_t value_len, void *answer)
{
    (void)store, (void)id, (void)id_len;
    OK(satama_swap, swap(version, value, value_len));
}

void satama_wit_channel_all(uint32_t store, bool has_cursor, const char *cursor, size_t cursor_len,
                            uint32_t limit, void *answer);
void satama_wit_channel_all(uint32_t store, bool has_cursor, const char *cursor, size_t cursor_len,
                            uint32_t limit, void *answer)
{
    (void)store;
    host_asked("page of %u after %.*s;", limit, has_cursor ? (int)cursor_len : 0, cursor);
    satama_channel_entry *entries =
        cabi_realloc(NULL, 0, _Alignof(satama_channel_entry), 2 * sizeof *entries);
    for (int at = 0; at < 2; at++) {
        entries[at].id = given(at == 0 ? "a" : "b");
        entries[at].user = satama_none();
    }
    satama_channel_page page = {entries, 2, satama_none()};
    if (!has_cursor) page.next = satama_some(given("next"));
    OK(satama_channel_page, page);
}

/* Secrets. */

void satama_wit_secret_get_many(const satama_view *names, size_t count, void *answer);
void satama_wit_secret_get_many(const satama_view *names, size_t count, void *answer)
{
    (void)names;
    satama_maybe_secret *secrets =
        cabi_realloc(NULL, 0, _Alignof(satama_maybe_secret), count * sizeof *secrets);
    memset(secrets, 0, count * sizeof *secrets);
    secrets[0].has = true;
    secrets[0].value.handle = (uint32_t)++host.open;
    satama_secrets all = {secrets, count};
    OK(satama_secrets, all);
}

void satama_wit_secret_drop(uint32_t secret);
void satama_wit_secret_drop(uint32_t secret)
{
    (void)secret;
    host.open--;
}

void satama_wit_secret_reveal(uint32_t secret, void *answer);
void satama_wit_secret_reveal(uint32_t secret, void *answer)
{
    (void)secret;
    OK(satama_view, given("open sesame"));
}
