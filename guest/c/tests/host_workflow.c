/* The calls of `workflow` that the tests' code makes of its host. */
#include "../src/workflow.h"
#include "host.h"

static void refuse(void *answer, uint8_t tag, uint64_t limit)
{
    satama_no_answer *no = answer;
    memset(no, 0, sizeof *no);
    no->is_error = true;
    no->value.error.tag = tag;
    no->value.error.carries.limit = limit;
}

#define OK(type, given_value) \
    do { \
        ANSWER(type) *made = answer; \
        memset(made, 0, sizeof *made); \
        made->value.ok = (given_value); \
    } while (0)

/* Whether this call is told of a cancel. */
static bool told(void *answer)
{
    if (host.cancelled == 0) return false;
    host.cancelled--;
    refuse(answer, 0, 0);
    return true;
}

static uint32_t attempt;

static satama_wire_attempt attempted(void)
{
    satama_wire_attempt made = {++attempt, given("key")};
    return made;
}

void satama_wit_workflow_uuid(void *answer);
void satama_wit_workflow_uuid(void *answer)
{
    host_asked("uuid;");
    OK(satama_view, given("token"));
}

void satama_wit_workflow_begin(const char *name, size_t name_len, bool has_retry,
                               uint32_t attempts, uint64_t delay_ms, int32_t backoff,
                               uint64_t delay_max_ms, uint8_t jitter_percent, bool has_timeout,
                               uint64_t timeout_ms, bool undo, void *answer);
void satama_wit_workflow_begin(const char *name, size_t name_len, bool has_retry,
                               uint32_t attempts, uint64_t delay_ms, int32_t backoff,
                               uint64_t delay_max_ms, uint8_t jitter_percent, bool has_timeout,
                               uint64_t timeout_ms, bool undo, void *answer)
{
    (void)delay_ms, (void)delay_max_ms, (void)jitter_percent, (void)has_timeout, (void)timeout_ms;
    host_asked("begin %.*s", (int)name_len, name);
    if (has_retry) host_asked(" of %u%s", attempts, backoff == 1 ? "" : " fixed");
    host_asked("%s;", undo ? " undo" : "");
    if (told(answer)) return;
    attempt = 0;
    satama_begun begun = {.kind = BEGUN_EXECUTE, .execute = attempted()};
    OK(satama_begun, begun);
}

void satama_wit_workflow_finish(int32_t is_failure, const char *json_or_code, size_t len,
                                const char *message, size_t message_len, bool retry,
                                bool has_details, const char *details, size_t details_len,
                                void *answer);
void satama_wit_workflow_finish(int32_t is_failure, const char *json_or_code, size_t len,
                                const char *message, size_t message_len, bool retry,
                                bool has_details, const char *details, size_t details_len,
                                void *answer)
{
    (void)message, (void)message_len, (void)has_details, (void)details, (void)details_len;
    struct {
        uint8_t kind;
        satama_wire_attempt again;
    } verdict = {(uint8_t)(is_failure ? 1 : 0), {0, {NULL, 0}}};
    host_asked("%s %.*s;", is_failure ? "fail" : "done", (int)len, json_or_code);
    if (host.refuses && !is_failure) {
        refuse(answer, 3, 10);
        return;
    }
    if (is_failure && retry && attempt < host.attempts) {
        verdict.kind = 2;
        verdict.again = attempted();
    }
    ANSWER(__typeof__(verdict)) *made = answer;
    memset(made, 0, sizeof *made);
    made->value.ok = verdict;
}

static uint32_t tickets;

void satama_wit_workflow_spawn(const char *name, size_t name_len, const char *function,
                               size_t function_len, const char *input, size_t input_len,
                               bool has_retry, uint32_t attempts, uint64_t delay_ms,
                               int32_t backoff, uint64_t delay_max_ms, uint8_t jitter_percent,
                               bool has_timeout, uint64_t timeout_ms, bool undo, void *answer);
void satama_wit_workflow_spawn(const char *name, size_t name_len, const char *function,
                               size_t function_len, const char *input, size_t input_len,
                               bool has_retry, uint32_t attempts, uint64_t delay_ms,
                               int32_t backoff, uint64_t delay_max_ms, uint8_t jitter_percent,
                               bool has_timeout, uint64_t timeout_ms, bool undo, void *answer)
{
    (void)has_retry, (void)attempts, (void)delay_ms, (void)backoff, (void)delay_max_ms;
    (void)jitter_percent, (void)has_timeout, (void)timeout_ms, (void)undo;
    host_asked("spawn %.*s %.*s %.*s;", (int)name_len, name, (int)function_len, function,
               (int)input_len, input);
    OK(uint32_t, ++tickets);
}

void satama_wit_workflow_timer(const char *name, size_t name_len, uint64_t duration_ms,
                               void *answer);
void satama_wit_workflow_timer(const char *name, size_t name_len, uint64_t duration_ms,
                               void *answer)
{
    host_asked("timer %.*s %llu;", (int)name_len, name, (unsigned long long)duration_ms);
    OK(uint32_t, ++tickets);
}

void satama_wit_workflow_signal(const char *name, size_t name_len, void *answer);
void satama_wit_workflow_signal(const char *name, size_t name_len, void *answer)
{
    tickets = 0;
    host_asked("signal %.*s;", (int)name_len, name);
    OK(uint32_t, ++tickets);
}

void satama_wit_workflow_approval(const char *name, size_t name_len, const char *data,
                                  size_t data_len, bool has_expiry, uint64_t expires_ms,
                                  void *answer);
void satama_wit_workflow_approval(const char *name, size_t name_len, const char *data,
                                  size_t data_len, bool has_expiry, uint64_t expires_ms,
                                  void *answer)
{
    (void)data, (void)data_len, (void)has_expiry, (void)expires_ms;
    host_asked("approval %.*s;", (int)name_len, name);
    OK(uint32_t, ++tickets);
}

void satama_wit_workflow_wait(uint32_t ticket, void *answer);
void satama_wit_workflow_wait(uint32_t ticket, void *answer)
{
    struct {
        uint8_t kind;
        union {
            satama_view done;
            satama_failure failed;
        };
    } outcome = {0, {{NULL, 0}}};
    host_asked("wait %u;", ticket);
    if (told(answer)) return;
    if (host.fails) {
        outcome.kind = 1;
        outcome.failed.code = given("broken");
        outcome.failed.message = given("it broke");
    } else if (host.outcome == NULL) {
        outcome.kind = 2;
    } else {
        outcome.done = given(host.outcome);
    }
    ANSWER(__typeof__(outcome)) *made = answer;
    memset(made, 0, sizeof *made);
    made->value.ok = outcome;
}

void satama_wit_workflow_wait_any(const uint32_t *pending, size_t count, void *answer);
void satama_wit_workflow_wait_any(const uint32_t *pending, size_t count, void *answer)
{
    (void)pending;
    host_asked("any of %zu;", count);
    OK(uint32_t, host.fails ? 1 : 0);
}

void satama_wit_workflow_wait_all(const uint32_t *pending, size_t count, void *answer);
void satama_wit_workflow_wait_all(const uint32_t *pending, size_t count, void *answer)
{
    (void)pending;
    host_asked("all of %zu;", count);
    memset(answer, 0, sizeof(satama_no_answer));
}

void satama_wit_workflow_forget(const uint32_t *pending, size_t count, void *answer);
void satama_wit_workflow_forget(const uint32_t *pending, size_t count, void *answer)
{
    (void)count;
    host_asked("forget %u;", pending[0]);
    /* As of a ticket that is none: with a text, which is not to leak. */
    satama_no_answer *no = answer;
    memset(no, 0, sizeof *no);
    no->is_error = true;
    no->value.error.tag = 4;
    no->value.error.carries.text = given("no such ticket");
}
