/* Time, signals, approvals and children. */
#include <satama/json.h>

#include "workflow.h"

WIT("workflow", "timer")
void satama_wit_workflow_timer(const char *name, size_t name_len, uint64_t duration_ms,
                               void *answer);
WIT("workflow", "timer-at")
void satama_wit_workflow_timer_at(const char *name, size_t name_len, uint64_t at_ms, void *answer);
WIT("workflow", "signal")
void satama_wit_workflow_signal(const char *name, size_t name_len, void *answer);
WIT("workflow", "approval")
void satama_wit_workflow_approval(const char *name, size_t name_len, const char *data,
                                  size_t data_len, bool has_expiry, uint64_t expires_ms,
                                  void *answer);
WIT("workflow", "child")
void satama_wit_workflow_child(const char *name, size_t name_len, const char *workflow,
                               size_t workflow_len, const char *input, size_t input_len,
                               bool has_timeout, uint64_t timeout_ms, bool has_priority,
                               uint8_t priority, void *answer);

/* Returns from a function with what a ticket stands for. */
#define GIVE_PENDING(arena, answer, out) \
    do { \
        CHECK(answer, satama_workflow_errors); \
        *(out) = satama_pending_of(arena, (answer).value.ok); \
        return satama_ok(); \
    } while (0)

satama_error satama_timer(satama_arena *arena, const char *name, uint64_t duration_ms,
                          satama_pending **timer)
{
    ANSWER(uint32_t) answer;
    satama_view view = satama_text(name);
    CALL(arena, satama_wit_workflow_timer(view.ptr, view.len, duration_ms, &answer));
    GIVE_PENDING(arena, answer, timer);
}

satama_error satama_timer_at(satama_arena *arena, const char *name, uint64_t at_ms,
                             satama_pending **timer)
{
    ANSWER(uint32_t) answer;
    satama_view view = satama_text(name);
    CALL(arena, satama_wit_workflow_timer_at(view.ptr, view.len, at_ms, &answer));
    GIVE_PENDING(arena, answer, timer);
}

satama_error satama_signal(satama_arena *arena, const char *name, satama_pending **signal)
{
    ANSWER(uint32_t) answer;
    satama_view view = satama_text(name);
    CALL(arena, satama_wit_workflow_signal(view.ptr, view.len, &answer));
    GIVE_PENDING(arena, answer, signal);
}

satama_error satama_ask(satama_arena *arena, const char *name, satama_view data,
                        satama_maybe_u64 within_ms, satama_pending **approval)
{
    ANSWER(uint32_t) answer;
    satama_view view = satama_text(name);
    data = satama_json_or_null(data);
    CALL(arena, satama_wit_workflow_approval(view.ptr, view.len, data.ptr, data.len, within_ms.has,
                                             within_ms.value, &answer));
    GIVE_PENDING(arena, answer, approval);
}

satama_error satama_child(satama_arena *arena, const char *name, const char *workflow,
                          satama_view input, satama_child_options options, satama_pending **child)
{
    ANSWER(uint32_t) answer;
    satama_view view = satama_text(name);
    satama_view of = satama_text(workflow);
    input = satama_json_or_null(input);
    CALL(arena, satama_wit_workflow_child(view.ptr, view.len, of.ptr, of.len, input.ptr, input.len,
                                          options.timeout_ms.has, options.timeout_ms.value,
                                          options.priority.has, options.priority.value, &answer));
    GIVE_PENDING(arena, answer, child);
}

satama_error satama_sleep(satama_arena *arena, uint64_t duration_ms)
{
    satama_pending *timer;
    SATAMA_TRY(satama_timer(arena, "sleep", duration_ms, &timer));
    return satama_wait(arena, timer, NULL);
}

satama_error satama_sleep_until(satama_arena *arena, uint64_t at_ms)
{
    satama_pending *timer;
    SATAMA_TRY(satama_timer_at(arena, "sleep", at_ms, &timer));
    return satama_wait(arena, timer, NULL);
}

satama_error satama_signal_within(satama_arena *arena, const char *name, uint64_t duration_ms,
                                  satama_maybe *payload)
{
    /* What was not waited for is given up when this returns. */
    SATAMA_ARENA(inner);
    satama_pending *pending[2];
    size_t first;
    satama_view found;
    satama_error error = satama_signal(&inner, name, &pending[0]);
    if (error.code == SATAMA_OK) error = satama_timer(&inner, name, duration_ms, &pending[1]);
    if (error.code == SATAMA_OK) error = satama_any(&inner, pending, 2, &first);
    bool came = error.code == SATAMA_OK && first == 0;
    if (came) error = satama_wait(&inner, pending[0], &found);
    if (error.code != SATAMA_OK) return satama_error_keep(arena, error);
    if (payload != NULL) *payload = came ? satama_some(satama_copy(arena, found)) : satama_none();
    return satama_ok();
}

satama_error satama_decided(satama_arena *arena, satama_pending *approval,
                            satama_decision *decision)
{
    satama_view json;
    satama_decision read = {SATAMA_EXPIRED, {false, {NULL, 0}}, {"null", 4}};
    satama_error error = satama_wait(arena, approval, &json);
    /* No approval fails otherwise. */
    bool expired = error.code == SATAMA_FAILED && satama_is(error.failure->code, "expired");
    if (error.code != SATAMA_OK && !expired) return error;
    if (!expired) {
        satama_view value;
        bool approved = false;
        if (satama_json_member(json, "approved", &value)) (void)satama_json_bool(value, &approved);
        read.kind = approved ? SATAMA_APPROVED : SATAMA_REFUSED;
        if (satama_json_member(json, "by", &value)) {
            read.by.has = satama_json_text(arena, value, &read.by.value);
        }
        if (satama_json_member(json, "data", &value)) read.data = value;
    }
    if (decision != NULL) *decision = read;
    return satama_ok();
}

satama_error satama_approval(satama_arena *arena, const char *name, satama_view data,
                             satama_maybe_u64 within_ms, satama_decision *decision)
{
    satama_pending *approval;
    SATAMA_TRY(satama_ask(arena, name, data, within_ms, &approval));
    return satama_decided(arena, approval, decision);
}
