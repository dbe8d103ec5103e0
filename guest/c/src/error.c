/* Errors, and what they say. */
#include "wire.h"

static const char *const NAMES[] = {
    [SATAMA_OK] = "ok",
    [SATAMA_ACCESS_DENIED] = "access-denied",
    [SATAMA_NOT_FOUND] = "not-found",
    [SATAMA_ALREADY_EXISTS] = "already-exists",
    [SATAMA_INVALID_JSON] = "invalid-json",
    [SATAMA_INVALID_CURSOR] = "invalid-cursor",
    [SATAMA_INVALID_CLOSE] = "invalid-close",
    [SATAMA_INVALID_NAME] = "invalid-name",
    [SATAMA_INVALID] = "invalid",
    [SATAMA_TOO_LARGE] = "too-large",
    [SATAMA_NOT_A_COUNTER] = "not-a-counter",
    [SATAMA_CLAIM_LOST] = "claim-lost",
    [SATAMA_UNDECRYPTABLE] = "undecryptable",
    [SATAMA_NOT_AUTHENTIC] = "not-authentic",
    [SATAMA_ILLEGAL] = "illegal",
    [SATAMA_NO_VERSION] = "no-version",
    [SATAMA_CANCELLED] = "cancelled",
    [SATAMA_MISPLACED] = "misplaced",
    [SATAMA_QUOTA_EXCEEDED] = "quota-exceeded",
    [SATAMA_UNAVAILABLE] = "unavailable",
    [SATAMA_FAILED] = "failed",
    [SATAMA_CONTENDED] = "contended",
    [SATAMA_STOPPED] = "stopped",
};

/* What those say that have nothing of their own to say. */
static const char *const TEXTS[] = {
    [SATAMA_OK] = "there is no error",
    [SATAMA_ACCESS_DENIED] = "the manifest does not name it",
    [SATAMA_NOT_FOUND] = "there is none",
    [SATAMA_ALREADY_EXISTS] = "there is one already",
    [SATAMA_INVALID_JSON] = "it is not JSON",
    [SATAMA_INVALID_CURSOR] = "no page gave this cursor",
    [SATAMA_INVALID_CLOSE] = "a socket cannot be closed with this",
    [SATAMA_INVALID_NAME] = "no secret can have this name",
    [SATAMA_NOT_A_COUNTER] = "it is not a counter",
    [SATAMA_CLAIM_LOST] = "the claim is lost",
    [SATAMA_UNDECRYPTABLE] = "no key of the host opens it",
    [SATAMA_NOT_AUTHENTIC] = "it does not open",
    [SATAMA_NO_VERSION] = "no component that serves this workflow was seen",
    [SATAMA_CANCELLED] = "the run is being cancelled",
    [SATAMA_QUOTA_EXCEEDED] = "the tenant calls too often",
    [SATAMA_UNAVAILABLE] = "the store did not answer in time",
    [SATAMA_CONTENDED] = "other writers were faster, 32 times in a row",
    [SATAMA_STOPPED] = "the walk was ended",
};

satama_error satama_error_of(satama_code code)
{
    satama_error error = {0};
    error.code = code;
    return error;
}

satama_error satama_ok(void)
{
    return satama_error_of(SATAMA_OK);
}

satama_error satama_stop(void)
{
    return satama_error_of(SATAMA_STOPPED);
}

satama_error satama_raise(const satama_wire_error *wire, const satama_error_cases *cases)
{
    /* A host of a newer minor version may have more cases; none of them is a success. */
    satama_code code = wire->tag < cases->count ? cases->codes[wire->tag] : SATAMA_UNAVAILABLE;
    satama_error error = satama_error_of(code);
    error.of_workflow = cases->of_workflow;
    if (code == SATAMA_TOO_LARGE) error.limit = wire->carries.limit;
    if (code == SATAMA_ILLEGAL) error.status = wire->carries.status;
    if (code == cases->text) error.text = wire->carries.text;
    return error;
}

const char *satama_error_name(satama_code code)
{
    return NAMES[code];
}

satama_view satama_error_code(const satama_error *error)
{
    if (error->code == SATAMA_FAILED) return error->failure->code;
    return satama_text(NAMES[error->code]);
}

satama_view satama_error_text(satama_arena *arena, const satama_error *error)
{
    switch (error->code) {
    case SATAMA_FAILED:
        return satama_format(arena, "%.*s: %.*s", SATAMA_ARG(error->failure->code),
                             SATAMA_ARG(error->failure->message));
    case SATAMA_TOO_LARGE:
        return satama_format(arena, "over the limit of %llu", (unsigned long long)error->limit);
    case SATAMA_ILLEGAL:
        return satama_format(arena, "the run is %s", satama_status_name(error->status));
    case SATAMA_INVALID:
    case SATAMA_MISPLACED:
        return error->text;
    case SATAMA_INVALID_JSON:
        if (error->text.len > 0) {
            return satama_format(arena, "the field %.*s is not JSON", SATAMA_ARG(error->text));
        }
        return satama_text(TEXTS[error->code]);
    default:
        return satama_text(TEXTS[error->code]);
    }
}

const char *satama_status_name(satama_status status)
{
    static const char *const statuses[] = {"running",   "suspended", "cancelling",
                                           "completed", "failed",    "cancelled"};
    return status < 6 ? statuses[status] : "unknown";
}

static satama_error fail(satama_arena *arena, const char *code, satama_view message, bool retry)
{
    satama_failure *failure = satama_alloc(arena, sizeof *failure);
    failure->code = satama_copy(arena, satama_text(code));
    failure->message = satama_copy(arena, message);
    failure->retry = retry;
    satama_error error = satama_error_of(SATAMA_FAILED);
    error.failure = failure;
    return error;
}

satama_error satama_retryable(satama_arena *arena, const char *code, satama_view message)
{
    return fail(arena, code, message, true);
}

satama_error satama_fatal(satama_arena *arena, const char *code, satama_view message)
{
    return fail(arena, code, message, false);
}

satama_error satama_with_details(satama_arena *arena, satama_error error, satama_view details)
{
    satama_failure *failure = satama_alloc(arena, sizeof *failure);
    *failure = satama_failure_of(arena, &error);
    failure->details = satama_some(satama_copy(arena, details));
    error = satama_error_of(SATAMA_FAILED);
    error.failure = failure;
    return error;
}

satama_failure satama_failure_of(satama_arena *arena, const satama_error *error)
{
    if (error->code == SATAMA_FAILED) return *error->failure;
    satama_failure failure = {0};
    failure.message = satama_error_text(arena, error);
    if (error->of_workflow || error->code == SATAMA_CANCELLED) {
        failure.code = satama_text(NAMES[error->code]);
        failure.retry = error->code == SATAMA_QUOTA_EXCEEDED || error->code == SATAMA_UNAVAILABLE;
    } else {
        failure.code = satama_text("error");
        failure.retry = true;
    }
    return failure;
}

const satama_failure *satama_failure_keep(satama_arena *arena, const satama_failure *failure)
{
    satama_failure *kept = satama_alloc(arena, sizeof *kept);
    kept->code = satama_copy(arena, failure->code);
    kept->message = satama_copy(arena, failure->message);
    kept->retry = failure->retry;
    kept->details = failure->details;
    if (kept->details.has) kept->details.value = satama_copy(arena, failure->details.value);
    return kept;
}

satama_error satama_error_keep(satama_arena *arena, satama_error error)
{
    if (error.text.len > 0) error.text = satama_copy(arena, error.text);
    if (error.failure != NULL) error.failure = satama_failure_keep(arena, error.failure);
    return error;
}
