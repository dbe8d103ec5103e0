/* Errors: one type for all interfaces, whose codes are the cases that the WIT has. */
#ifndef SATAMA_ERROR_H
#define SATAMA_ERROR_H

#include <satama/arena.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What to tell apart. Their names are those of the WIT; wit/world.wit says what was written. */
typedef enum satama_code {
    /* No error. */
    SATAMA_OK = 0,
    /* The manifest does not name it. */
    SATAMA_ACCESS_DENIED,
    /* There is none of this name, or no longer. */
    SATAMA_NOT_FOUND,
    /* There is one of this name. */
    SATAMA_ALREADY_EXISTS,
    /* It is not JSON. Of a session, `text` is the field. */
    SATAMA_INVALID_JSON,
    /* The cursor is not one that a page gave. */
    SATAMA_INVALID_CURSOR,
    /* No code or reason that a socket can be closed with. */
    SATAMA_INVALID_CLOSE,
    /* No name that a secret can have. */
    SATAMA_INVALID_NAME,
    /* An input or a cron expression is none: `text` says why. */
    SATAMA_INVALID,
    /* Over a limit, which is `limit`: bytes, items or milliseconds. */
    SATAMA_TOO_LARGE,
    /* No counter, or the sum would be none. */
    SATAMA_NOT_A_COUNTER,
    /* The claim is not held any more. */
    SATAMA_CLAIM_LOST,
    /* No key of the host opens it. */
    SATAMA_UNDECRYPTABLE,
    /* What was sealed does not open. */
    SATAMA_NOT_AUTHENTIC,
    /* Not as the run is now: `status`. */
    SATAMA_ILLEGAL,
    /* No component that serves this workflow has been seen. */
    SATAMA_NO_VERSION,
    /* The run is being cancelled. Said once: what is called after that works. */
    SATAMA_CANCELLED,
    /* Not here, such as a step within a step: `text` says which. */
    SATAMA_MISPLACED,
    /* Too many calls or handles. */
    SATAMA_QUOTA_EXCEEDED,
    /* The store did not answer in time. */
    SATAMA_UNAVAILABLE,
    /* The SDK's own: a step, function, child or body has failed, with `failure`. */
    SATAMA_FAILED,
    /* The SDK's own: other writers were faster, 32 times in a row. */
    SATAMA_CONTENDED,
    /* The SDK's own: `satama_stop`, which ends a walk through a list. */
    SATAMA_STOPPED
} satama_code;

/* Where a run is in its life. */
typedef uint8_t satama_status;
enum {
    SATAMA_STATUS_RUNNING = 0,
    SATAMA_STATUS_SUSPENDED,
    SATAMA_STATUS_CANCELLING,
    SATAMA_STATUS_COMPLETED,
    SATAMA_STATUS_FAILED,
    SATAMA_STATUS_CANCELLED
};

/* Why a step, a function or a run failed, as its author words it. */
typedef struct satama_failure {
    /* What to tell apart, such as `card-declined`. */
    satama_view code;
    /* For people. */
    satama_view message;
    /* Whether another attempt may succeed. */
    bool retry;
    /* More, as JSON. */
    satama_maybe details;
} satama_failure;

/* Why a call came to no result. */
typedef struct satama_error {
    satama_code code;
    /* Whether it is a call of the interface `workflow` that says this. */
    bool of_workflow;
    /* Of SATAMA_ILLEGAL. */
    satama_status status;
    /* Of SATAMA_TOO_LARGE. */
    uint64_t limit;
    /* Of SATAMA_INVALID_JSON, SATAMA_INVALID and SATAMA_MISPLACED. */
    satama_view text;
    /* Of SATAMA_FAILED. */
    const satama_failure *failure;
} satama_error;

/* Returns from a function with the error of a call, if it has one. */
#define SATAMA_TRY(call) \
    do { \
        satama_error satama_tried = (call); \
        if (satama_tried.code != SATAMA_OK) return satama_tried; \
    } while (0)

/* No error. */
satama_error satama_ok(void);

/* An error of this code alone. */
satama_error satama_error_of(satama_code code);

/* Ends a walk through a list from within, without an error. */
satama_error satama_stop(void);

/* The name that the WIT has for a code, such as `too-large`; `ok`, `failed`, `contended` and
 * `stopped` of those that it does not have. */
const char *satama_error_name(satama_code code);

/* What an error is to be told apart by: the code of its failure, or the name that the WIT has. */
satama_view satama_error_code(const satama_error *error);

/* What an error says, for people. */
satama_view satama_error_text(satama_arena *arena, const satama_error *error);

/* The name of a status, such as `running`. */
const char *satama_status_name(satama_status status);

/* A failure after which another attempt may succeed, with a code of its own. */
satama_error satama_retryable(satama_arena *arena, const char *code, satama_view message);

/* A failure after which no other attempt is made. */
satama_error satama_fatal(satama_arena *arena, const char *code, satama_view message);

/* The same failure with details, as JSON. */
satama_error satama_with_details(satama_arena *arena, satama_error failure, satama_view details);

/* An error as the failure that a step, a function or a run ends with: its own, if it has one. What
 * the interface `workflow` says keeps its code, and is final but for `quota-exceeded` and
 * `unavailable`. Anything else has the code `error`, and may be tried again. */
satama_failure satama_failure_of(satama_arena *arena, const satama_error *error);

#ifdef __cplusplus
}
#endif

#endif
