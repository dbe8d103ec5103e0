package workflow

import (
	"errors"
	"strconv"

	satama "github.com/satama/satama/guest/go"
	"github.com/satama/satama/guest/go/internal/failures"
	wit "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_workflow"
)

// ErrCancelled says that the run is being cancelled, or its time is up. Said once: what is called
// after that works, to undo what was done. A body that returns it ends as cancelled.
const ErrCancelled satama.Code = "cancelled"

// Failure is why a step, a function or a run failed, as its author words it. It is an error.
//
// Any other error that work returns is a failure called error, which may be tried again. One that
// may not is made by [Fatal].
type Failure = failures.Failure

// Retryable is a failure after which another attempt may succeed.
func Retryable(code, message string) *Failure {
	return &Failure{Code: code, Message: message, Retry: true}
}

// Fatal is a failure after which no other attempt is made.
func Fatal(code, message string) *Failure {
	return &Failure{Code: code, Message: message}
}

// CodeOf is what an error is to be told apart by: a failure's code, the name that the WIT has for
// an error of this package, or error.
func CodeOf(err error) string {
	return FailureOf(err).Code
}

// FailureOf is an error as a failure: itself, if it is one or has one in its chain; under its own
// code, if it is an error of this package; or else called error, which may be tried again.
func FailureOf(err error) *Failure {
	if failure, ok := errors.AsType[*Failure](err); ok {
		if failure == nil {
			// Of a variable of that type, which is no nil error.
			return Retryable("error", "a nil *Failure")
		}
		return failure
	}
	if of, ok := errors.AsType[*satama.Error](err); ok && of.Service == service {
		retry := of.Code == satama.ErrQuotaExceeded || of.Code == satama.ErrUnavailable
		return &Failure{Code: string(of.Code), Message: words(of), Retry: retry}
	}
	if code, ok := errors.AsType[satama.Code](err); ok && code == ErrCancelled {
		return Fatal(string(code), "the run is being cancelled")
	}
	return Retryable("error", err.Error())
}

const service = "workflow"

// words are those of the other languages' SDKs.
func words(err *satama.Error) string {
	switch err.Code {
	case ErrCancelled:
		return "the run is being cancelled"
	case satama.ErrAccessDenied:
		return "the manifest does not name it"
	case satama.ErrInvalidJSON:
		return "it is not JSON"
	case satama.ErrTooLarge:
		return "over the limit of " + strconv.FormatUint(err.Limit, 10)
	case satama.ErrMisplaced:
		return err.Detail
	case satama.ErrQuotaExceeded:
		return "the tenant calls too often"
	default:
		return "the store did not answer in time"
	}
}

// told says whether an error is that this run is being cancelled, and not that a child was.
func told(err error) bool {
	of, ok := errors.AsType[*satama.Error](err)
	return ok && of.Service == service && of.Code == ErrCancelled
}

// continued is how a body ends that goes on as new.
type continued struct {
	input any
}

// ContinueAsNew is what a body returns as its error to go on from its start with this input and an
// empty history. Its state stays, and the signals that it has not taken. A saga undoes nothing for
// it.
func ContinueAsNew(input any) error {
	return &continued{input}
}

// Error says what it is, where it is taken for an error.
func (c *continued) Error() string {
	return "the run continues as new"
}

var codes = [...]satama.Code{
	wit.Error_Cancelled:     ErrCancelled,
	wit.Error_AccessDenied:  satama.ErrAccessDenied,
	wit.Error_InvalidJson:   satama.ErrInvalidJSON,
	wit.Error_TooLarge:      satama.ErrTooLarge,
	wit.Error_Misplaced:     satama.ErrMisplaced,
	wit.Error_QuotaExceeded: satama.ErrQuotaExceeded,
	wit.Error_Unavailable:   satama.ErrUnavailable,
}

func failed(err wit.Error) error {
	failure := &satama.Error{Service: service, Code: codes[err.Tag()]}
	switch err.Tag() {
	case wit.Error_TooLarge:
		failure.Limit = err.TooLarge()
	case wit.Error_Misplaced:
		failure.Detail = err.Misplaced()
	}
	return failure
}
