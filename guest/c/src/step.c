/* Steps: where a body does something to the world. */
#include <satama/json.h>

#include "workflow.h"

/* The wait before the second attempt, how long it may become, and how much of it is left to chance,
 * unless something else is said. */
#define DELAY_MS 1000
#define DELAY_MAX_MS 60000
#define JITTER_PERCENT 20

/* Longest part of a failure, in bytes: the limit in workflow.wit. */
#define FAILURE_BYTES_MAX ((size_t)8 << 10)

WIT("workflow", "begin")
void satama_wit_workflow_begin(const char *name, size_t name_len, bool has_retry,
                               uint32_t attempts, uint64_t delay_ms, int32_t backoff,
                               uint64_t delay_max_ms, uint8_t jitter_percent, bool has_timeout,
                               uint64_t timeout_ms, bool undo, void *answer);
WIT("workflow", "finish")
void satama_wit_workflow_finish(int32_t is_failure, const char *json_or_code, size_t len,
                                const char *message, size_t message_len, bool retry,
                                bool has_details, const char *details, size_t details_len,
                                void *answer);
WIT("workflow", "spawn")
void satama_wit_workflow_spawn(const char *name, size_t name_len, const char *function,
                               size_t function_len, const char *input, size_t input_len,
                               bool has_retry, uint32_t attempts, uint64_t delay_ms,
                               int32_t backoff, uint64_t delay_max_ms, uint8_t jitter_percent,
                               bool has_timeout, uint64_t timeout_ms, bool undo, void *answer);

/* What became of an attempt, as the host says it. */
enum { VERDICT_DONE = 0, VERDICT_FAILED, VERDICT_AGAIN };

typedef struct satama_verdict {
    uint8_t kind;
    satama_wire_attempt again;
} satama_verdict;

/* What an attempt came to. */
typedef struct satama_end {
    bool is_failure;
    satama_view json;
    satama_failure failure;
} satama_end;

satama_backoff satama_backoff_fixed(uint64_t delay_ms)
{
    satama_backoff backoff = {SATAMA_BACKOFF_FIXED, delay_ms, delay_ms, 0};
    return backoff;
}

satama_backoff satama_backoff_exponential(uint64_t delay_ms, uint64_t delay_max_ms)
{
    satama_backoff backoff = {SATAMA_BACKOFF_EXPONENTIAL, delay_ms, delay_max_ms, JITTER_PERCENT};
    return backoff;
}

satama_step satama_step_named(const char *name)
{
    satama_step step = {0};
    step.name = satama_text(name);
    return step;
}

/* The options of a step, flat, as `begin` and `spawn` take them. */
#define OPTIONS(step, backoff) \
    (step)->retries > 0, attempts(step), (backoff).delay_ms, \
        (backoff).kind == SATAMA_BACKOFF_EXPONENTIAL, (backoff).delay_max_ms, \
        (backoff).jitter_percent, (step)->timeout_ms.has, (step)->timeout_ms.value, (step)->undo

static uint32_t attempts(const satama_step *step)
{
    return step->retries == UINT32_MAX ? UINT32_MAX : step->retries + 1;
}

static satama_backoff backoff_of(const satama_step *step)
{
    if (step->backoff.kind != SATAMA_BACKOFF_DEFAULT) return step->backoff;
    return satama_backoff_exponential(DELAY_MS, DELAY_MAX_MS);
}

/* As much of a text as fits, in whole characters. */
static satama_view cut(satama_view text)
{
    if (text.len <= FAILURE_BYTES_MAX) return text;
    text.len = FAILURE_BYTES_MAX;
    /* What follows the end is not the first byte of a character: UTF-8, RFC 3629. */
    while (text.len > 0 && (text.ptr[text.len] & 0xc0) == 0x80) text.len--;
    return text;
}

satama_failure satama_failure_cut(satama_arena *arena, satama_failure failure)
{
    satama_view details = failure.details.value;
    failure.code = cut(satama_utf8(arena, failure.code));
    failure.message = cut(satama_utf8(arena, failure.message));
    bool is_text = satama_utf8(arena, details).ptr == details.ptr;
    if (details.len > FAILURE_BYTES_MAX || !is_text || !satama_json_valid(details)) {
        failure.details = satama_none();
    }
    return failure;
}

satama_error satama_step_begin(satama_arena *arena, const satama_step *step, satama_begun *begun)
{
    ANSWER(satama_begun) answer;
    satama_backoff backoff = backoff_of(step);
    CALL(arena, satama_wit_workflow_begin(step->name.ptr, step->name.len, OPTIONS(step, backoff),
                                          &answer));
    GIVE(answer, satama_workflow_errors, begun);
}

static satama_error finish(satama_arena *arena, const satama_end *end, satama_verdict *verdict)
{
    ANSWER(satama_verdict) answer;
    satama_failure failure = satama_failure_cut(arena, end->failure);
    satama_view first = end->is_failure ? failure.code : end->json;
    CALL(arena, satama_wit_workflow_finish(end->is_failure, first.ptr, first.len,
                                           failure.message.ptr, failure.message.len, failure.retry,
                                           MAYBE(failure.details), &answer));
    GIVE(answer, satama_workflow_errors, verdict);
}

/* Has a step that is open end as failed. */
static void end_as(satama_arena *arena, satama_end *end, const satama_error *error)
{
    end->is_failure = true;
    end->failure = satama_failure_of(arena, error);
}

static satama_error attempt_once(satama_arena *arena, const satama_attempt *attempt,
                                 satama_work work, void *context, satama_end *end,
                                 satama_verdict *verdict)
{
    memset(end, 0, sizeof *end);
    satama_error error = work(arena, context, attempt, &end->json);
    end->json = satama_json_or_null(end->json);
    if (error.code != SATAMA_OK) end_as(arena, end, &error);
    error = finish(arena, end, verdict);
    if (error.code == SATAMA_INVALID_JSON || error.code == SATAMA_TOO_LARGE) {
        /* The step is open still: it ends with why it could not. */
        end_as(arena, end, &error);
        error = finish(arena, end, verdict);
    }
    return error;
}

static satama_error failed_as(satama_arena *arena, const satama_failure *failure)
{
    satama_error error = satama_error_of(SATAMA_FAILED);
    error.failure = satama_failure_keep(arena, failure);
    return error;
}

satama_error satama_step_drive(satama_arena *arena, const satama_begun *begun, satama_view token,
                               satama_work work, void *context, satama_view *result)
{
    if (begun->kind == BEGUN_FAILED) return failed_as(arena, &begun->failed);
    satama_view json = begun->done;
    if (begun->kind == BEGUN_EXECUTE) {
        satama_verdict verdict = {VERDICT_AGAIN, begun->execute};
        satama_end end;
        while (verdict.kind == VERDICT_AGAIN) {
            satama_attempt attempt = {verdict.again.number, verdict.again.key, token};
            SATAMA_TRY(attempt_once(arena, &attempt, work, context, &end, &verdict));
        }
        if (end.is_failure) {
            end.failure = satama_failure_cut(arena, end.failure);
            return failed_as(arena, &end.failure);
        }
        /* It may be of the work's own memory, which the next step writes to. */
        json = satama_copy(arena, end.json);
    }
    if (result != NULL) *result = json;
    return satama_ok();
}

satama_error satama_step_run(satama_arena *arena, const satama_step *step, satama_work work,
                             void *context, satama_view *result)
{
    satama_begun begun;
    SATAMA_TRY(satama_step_begin(arena, step, &begun));
    return satama_step_drive(arena, &begun, satama_text(""), work, context, result);
}

satama_error satama_step_spawn(satama_arena *arena, const satama_step *step, const char *function,
                               satama_view input, satama_pending **pending)
{
    ANSWER(uint32_t) answer;
    satama_backoff backoff = backoff_of(step);
    satama_view name = satama_text(function);
    input = satama_json_or_null(input);
    CALL(arena, satama_wit_workflow_spawn(step->name.ptr, step->name.len, name.ptr, name.len,
                                          input.ptr, input.len, OPTIONS(step, backoff), &answer));
    CHECK(answer, satama_workflow_errors);
    *pending = satama_pending_of(arena, answer.value.ok);
    return satama_ok();
}

satama_error satama_step_call(satama_arena *arena, const satama_step *step, const char *function,
                              satama_view input, satama_view *result)
{
    satama_pending *pending;
    SATAMA_TRY(satama_step_spawn(arena, step, function, input, &pending));
    return satama_wait(arena, pending, result);
}

satama_error satama_do(satama_arena *arena, const char *name, satama_work work, void *context,
                       satama_view *result)
{
    satama_step step = satama_step_named(name);
    return satama_step_run(arena, &step, work, context, result);
}

satama_error satama_call(satama_arena *arena, const char *function, satama_view input,
                         satama_view *result)
{
    satama_step step = satama_step_named(function);
    return satama_step_call(arena, &step, function, input, result);
}

satama_error satama_spawn(satama_arena *arena, const char *function, satama_view input,
                          satama_pending **pending)
{
    satama_step step = satama_step_named(function);
    return satama_step_spawn(arena, &step, function, input, pending);
}
