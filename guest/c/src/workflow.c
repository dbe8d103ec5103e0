/* What a body asks about its run. */
#include "workflow.h"

const satama_error_cases satama_workflow_errors = {
    .text = SATAMA_MISPLACED,
    .of_workflow = true,
    .count = 7,
    .codes = {SATAMA_CANCELLED, SATAMA_ACCESS_DENIED, SATAMA_INVALID_JSON, SATAMA_TOO_LARGE,
              SATAMA_MISPLACED, SATAMA_QUOTA_EXCEEDED, SATAMA_UNAVAILABLE},
};

WIT("workflow", "info") void satama_wit_workflow_info(void *answer);
WIT("workflow", "now-ms") void satama_wit_workflow_now_ms(void *answer);
WIT("workflow", "random") void satama_wit_workflow_random(void *answer);
WIT("workflow", "uuid") void satama_wit_workflow_uuid(void *answer);
WIT("workflow", "suspend")
void satama_wit_workflow_suspend(const char *reason, size_t reason_len, void *answer);
WIT("workflow", "set-state")
void satama_wit_workflow_set_state(const char *name, size_t name_len, const char *value,
                                   size_t value_len, void *answer);
WIT("workflow", "get-state")
void satama_wit_workflow_get_state(const char *name, size_t name_len, void *answer);

satama_error satama_info(satama_arena *arena, satama_facts *facts)
{
    ANSWER(satama_facts) answer;
    CALL(arena, satama_wit_workflow_info(&answer));
    GIVE(answer, satama_workflow_errors, facts);
}

satama_error satama_now(satama_arena *arena, uint64_t *now_ms)
{
    ANSWER(uint64_t) answer;
    CALL(arena, satama_wit_workflow_now_ms(&answer));
    GIVE(answer, satama_workflow_errors, now_ms);
}

satama_error satama_random(satama_arena *arena, uint64_t *number)
{
    ANSWER(uint64_t) answer;
    CALL(arena, satama_wit_workflow_random(&answer));
    GIVE(answer, satama_workflow_errors, number);
}

satama_error satama_uuid(satama_arena *arena, satama_view *uuid)
{
    ANSWER(satama_view) answer;
    CALL(arena, satama_wit_workflow_uuid(&answer));
    GIVE(answer, satama_workflow_errors, uuid);
}

satama_error satama_suspend(satama_arena *arena, satama_view reason)
{
    satama_no_answer answer;
    CALL(arena, satama_wit_workflow_suspend(reason.ptr, reason.len, &answer));
    CHECK(answer, satama_workflow_errors);
    return satama_ok();
}

satama_error satama_set_state(satama_arena *arena, satama_view name, satama_view value)
{
    satama_no_answer answer;
    CALL(arena,
         satama_wit_workflow_set_state(name.ptr, name.len, value.ptr, value.len, &answer));
    CHECK(answer, satama_workflow_errors);
    return satama_ok();
}

satama_error satama_state(satama_arena *arena, satama_view name, satama_maybe *value)
{
    ANSWER(satama_maybe) answer;
    CALL(arena, satama_wit_workflow_get_state(name.ptr, name.len, &answer));
    GIVE(answer, satama_workflow_errors, value);
}

satama_view satama_json_or_null(satama_view json)
{
    return json.ptr == NULL ? satama_text("null") : json;
}
