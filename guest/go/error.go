package satama

import "strconv"

// Code tells errors apart: the name of a case in the WIT, such as not-found. It is an error, so
// that errors.Is finds it in any error of a service:
//
//	if errors.Is(err, satama.ErrUnavailable) { … }
type Code string

// The cases that errors of the services have. The packages document which function answers what.
const (
	// ErrAccessDenied says that the manifest does not name it. It may not exist.
	ErrAccessDenied Code = "access-denied"
	// ErrAlreadyExists says that there is one of this id.
	ErrAlreadyExists Code = "already-exists"
	// ErrClaimLost says that a claim does not hold any more: what was computed may be stale.
	ErrClaimLost Code = "claim-lost"
	// ErrIllegal says that a run is not such that this could be done to it. Detail is its status.
	ErrIllegal Code = "illegal"
	// ErrInvalid says that an input, an output, an expiry or a cron expression is not one. Detail
	// says why.
	ErrInvalid Code = "invalid"
	// ErrInvalidClose says that a code or a reason may not be sent to a socket.
	ErrInvalidClose Code = "invalid-close"
	// ErrInvalidCursor says that a cursor is not one that a page gave.
	ErrInvalidCursor Code = "invalid-cursor"
	// ErrInvalidJSON says that a value is not JSON. Detail is the field's name, of a session.
	ErrInvalidJSON Code = "invalid-json"
	// ErrInvalidName says that no secret can have this name.
	ErrInvalidName Code = "invalid-name"
	// ErrMisplaced says that this cannot be called here. Detail says why.
	ErrMisplaced Code = "misplaced"
	// ErrNoVersion says that no component that serves this workflow has been seen.
	ErrNoVersion Code = "no-version"
	// ErrNotACounter says that the value is not a counter, or the sum would not be one.
	ErrNotACounter Code = "not-a-counter"
	// ErrNotAuthentic says that something sealed does not open.
	ErrNotAuthentic Code = "not-authentic"
	// ErrNotFound says that there is none of this name, or no longer.
	ErrNotFound Code = "not-found"
	// ErrQuotaExceeded says that there are too many calls, handles or items. Back off.
	ErrQuotaExceeded Code = "quota-exceeded"
	// ErrTooLarge says that something is over a limit, which is Limit: bytes, items or
	// milliseconds.
	ErrTooLarge Code = "too-large"
	// ErrUnavailable says that the store did not answer in time: a write may or may not have
	// happened. Retrying may succeed.
	ErrUnavailable Code = "unavailable"
	// ErrUndecryptable says that no key of this host opens a secret, or it was tampered with.
	ErrUndecryptable Code = "undecryptable"
	// ErrContended is not of the WIT: an update with a function lost to other writers, 32 times
	// in a row.
	ErrContended Code = "contended"
)

// Error is the code itself.
func (c Code) Error() string {
	return string(c)
}

// Error is why a call of a service came to no result. Nothing was written, but for
// [ErrUnavailable].
type Error struct {
	// Service is the WIT interface that defines the error, such as cache; secret also of what
	// credential, secretuse and secretreveal answer.
	Service string
	// Code is which case of its error it is.
	Code Code
	// Limit is what was passed, of [ErrTooLarge]: bytes, items or milliseconds.
	Limit uint64
	// Detail is what is said besides, by [ErrIllegal], [ErrInvalid], [ErrInvalidJSON] and
	// [ErrMisplaced].
	Detail string
}

// Error is such as "cache: too-large: over the limit of 1024".
func (e *Error) Error() string {
	text := e.Service + ": " + string(e.Code)
	if e.Code == ErrTooLarge {
		text += ": over the limit of " + strconv.FormatUint(e.Limit, 10)
	}
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}

// Is tells errors.Is whether the target is this error's code.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == e.Code
}
