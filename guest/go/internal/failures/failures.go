// Package failures has the failure of a run or of a step, which packages workflow and run share.
package failures

import (
	"encoding/json"
	"unicode/utf8"

	"github.com/satama/satama/guest/go/internal/codec"
	"github.com/satama/satama/guest/go/internal/host"
	wit "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_workflow"
	witTypes "go.bytecodealliance.org/pkg/wit/types"
)

// Longest part of a failure, in bytes: the limit in workflow.wit.
const bytesMax = 8 << 10

// Failure is why a step, a function or a run failed, as its author words it. It is an error.
type Failure struct {
	// Code is what to tell apart, such as card-declined; error if it was made from an error.
	Code string
	// Message is for people.
	Message string
	// Retry says whether another attempt may succeed.
	Retry bool
	// Details is more, as JSON, or nil.
	Details json.RawMessage
}

// Error is the code and the message.
func (f *Failure) Error() string {
	if f == nil {
		return "a nil *Failure"
	}
	return f.Code + ": " + f.Message
}

// WithDetails is the same failure, with more for programs. What cannot be JSON is left out.
func (f *Failure) WithDetails(details any) *Failure {
	with := *f
	with.Details = nil
	if text, err := codec.Encode(details); err == nil {
		with.Details = json.RawMessage(text)
	}
	return &with
}

// NoRetry is the same failure, with no other attempt made after it.
func (f *Failure) NoRetry() *Failure {
	with := *f
	with.Retry = false
	return &with
}

// Wit is a failure as the host takes it: what is too long is cut, and details that are no JSON, or
// would be none, are left out.
func Wit(failure *Failure) wit.Failure {
	details := witTypes.None[string]()
	if len(failure.Details) <= bytesMax && json.Valid(failure.Details) {
		details = witTypes.Some(string(failure.Details))
	}
	return wit.Failure{
		Code:    cut(failure.Code),
		Message: cut(failure.Message),
		Retry:   failure.Retry,
		Details: details,
	}
}

// Of is a failure of the host's.
func Of(failure wit.Failure) *Failure {
	var details json.RawMessage
	if text := host.Pointer(failure.Details); text != nil {
		details = json.RawMessage(*text)
	}
	return &Failure{failure.Code, failure.Message, failure.Retry, details}
}

// cut is as much of a text as fits, and nothing that is not UTF-8.
func cut(text string) string {
	// First, as what stands for a byte that is none is longer.
	text = host.UTF8(text)
	if len(text) > bytesMax {
		end := bytesMax
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	return text
}
