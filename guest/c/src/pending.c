/* What a body waits for. */
#include "workflow.h"

WIT("workflow", "wait") void satama_wit_workflow_wait(uint32_t ticket, void *answer);
WIT("workflow", "wait-any")
void satama_wit_workflow_wait_any(const uint32_t *tickets, size_t count, void *answer);
WIT("workflow", "wait-all")
void satama_wit_workflow_wait_all(const uint32_t *tickets, size_t count, void *answer);
WIT("workflow", "forget")
void satama_wit_workflow_forget(const uint32_t *tickets, size_t count, void *answer);

/* What came of something that was waited for, as the host says it. */
enum { OUTCOME_DONE = 0, OUTCOME_FAILED, OUTCOME_EXPIRED };

typedef struct satama_wire_outcome {
    uint8_t kind;
    union {
        satama_view done;
        satama_failure failed;
    };
} satama_wire_outcome;

/* Gives a ticket up that no wait has answered. */
static void give_up(void *what)
{
    satama_pending *pending = what;
    if (pending->answered) return;
    /* There is no other place to say that it failed, and nothing that could be done. */
    SATAMA_ARENA(arena);
    satama_no_answer answer;
    CALL(&arena, satama_wit_workflow_forget(&pending->ticket, 1, &answer));
}

satama_pending *satama_pending_of(satama_arena *arena, uint32_t ticket)
{
    satama_pending *pending = satama_alloc(arena, sizeof *pending);
    pending->ticket = ticket;
    satama_arena_defer(arena, give_up, pending);
    return pending;
}

satama_error satama_wait(satama_arena *arena, satama_pending *pending, satama_view *result)
{
    ANSWER(satama_wire_outcome) answer;
    CALL(arena, satama_wit_workflow_wait(pending->ticket, &answer));
    CHECK(answer, satama_workflow_errors);
    pending->answered = true;
    const satama_wire_outcome *outcome = &answer.value.ok;
    if (outcome->kind == OUTCOME_EXPIRED) {
        return satama_fatal(arena, "expired", satama_text("nobody decided in time"));
    }
    if (outcome->kind == OUTCOME_FAILED) {
        satama_error error = satama_error_of(SATAMA_FAILED);
        error.failure = satama_failure_keep(arena, &outcome->failed);
        return error;
    }
    if (result != NULL) *result = outcome->done;
    return satama_ok();
}

static uint32_t *tickets_of(satama_arena *arena, satama_pending *const *pending, size_t count)
{
    uint32_t *tickets = satama_alloc(arena, count * sizeof *tickets);
    for (size_t at = 0; at < count; at++) tickets[at] = pending[at]->ticket;
    return tickets;
}

satama_error satama_settled(satama_arena *arena, satama_pending *const *pending, size_t count,
                            satama_outcome *outcomes)
{
    const uint32_t *tickets = tickets_of(arena, pending, count);
    satama_no_answer answer;
    CALL(arena, satama_wit_workflow_wait_all(tickets, count, &answer));
    CHECK(answer, satama_workflow_errors);
    for (size_t at = 0; at < count; at++) {
        memset(&outcomes[at], 0, sizeof outcomes[at]);
        satama_error error = satama_wait(arena, pending[at], &outcomes[at].result);
        if (error.code != SATAMA_OK && error.code != SATAMA_FAILED) return error;
        outcomes[at].failure = error.failure;
    }
    return satama_ok();
}

satama_error satama_all(satama_arena *arena, satama_pending *const *pending, size_t count,
                        satama_view *results)
{
    satama_outcome *outcomes = satama_alloc(arena, count * sizeof *outcomes);
    SATAMA_TRY(satama_settled(arena, pending, count, outcomes));
    for (size_t at = 0; at < count; at++) {
        if (outcomes[at].failure != NULL) {
            satama_error error = satama_error_of(SATAMA_FAILED);
            error.failure = outcomes[at].failure;
            return error;
        }
        if (results != NULL) results[at] = outcomes[at].result;
    }
    return satama_ok();
}

satama_error satama_any(satama_arena *arena, satama_pending *const *pending, size_t count,
                        size_t *first)
{
    if (count == 0) {
        satama_error error = satama_error_of(SATAMA_MISPLACED);
        error.of_workflow = true;
        error.text = satama_text("there is nothing to wait for");
        return error;
    }
    const uint32_t *tickets = tickets_of(arena, pending, count);
    ANSWER(uint32_t) answer;
    CALL(arena, satama_wit_workflow_wait_any(tickets, count, &answer));
    CHECK(answer, satama_workflow_errors);
    if (first != NULL) *first = answer.value.ok;
    return satama_ok();
}
