/* What the files of `workflow` share. */
#ifndef SATAMA_WORKFLOW_SHARED_H
#define SATAMA_WORKFLOW_SHARED_H

#include <satama/handlers.h>

#include "wire.h"

/* The cases of `workflow`. */
extern const satama_error_cases satama_workflow_errors;

/* What to do about a step, as the host says it. */
enum { BEGUN_EXECUTE = 0, BEGUN_DONE, BEGUN_FAILED };

typedef struct satama_begun {
    uint8_t kind;
    union {
        satama_wire_attempt execute;
        satama_view done;
        satama_failure failed;
    };
} satama_begun;

struct satama_pending {
    uint32_t ticket;
    /* Whether a wait has answered: if not, the ticket is given up with the arena. */
    bool answered;
};

/* Begins a step: after this it is open, or has come to an end before. */
satama_error satama_step_begin(satama_arena *arena, const satama_step *step, satama_begun *begun);

/* Runs the code of a step that was begun, until its end is recorded. */
satama_error satama_step_drive(satama_arena *arena, const satama_begun *begun, satama_view token,
                               satama_work work, void *context, satama_view *result);

/* What a ticket stands for, given up with the arena unless a wait has answered. */
satama_pending *satama_pending_of(satama_arena *arena, uint32_t ticket);

/* JSON, where none was set: null. */
satama_view satama_json_or_null(satama_view json);

/* A failure as the host takes it: texts are UTF-8, what is too long is cut, and details that are no
 * JSON, or would be none, are left out. */
satama_failure satama_failure_cut(satama_arena *arena, satama_failure failure);

#endif
