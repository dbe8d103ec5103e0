// Package workflow is about durable workflows: bodies that read like ordinary code, and survive the
// end of any host.
//
// What a body does to the world it does in steps, whose results are recorded. It is called again
// from its start whenever its run goes on, and given what is recorded; so it must ask for the same
// again.
//
//	func init() {
//		workflow.Register("greet", greet)
//		workflow.RegisterFunction("send", send)
//	}
//
//	func greet(name string) (string, error) {
//		text, err := workflow.Step("compose", func(workflow.Attempt) (string, error) {
//			return "Hello, " + name + "!", nil
//		})
//		if err != nil {
//			return "", err
//		}
//		if err := workflow.Sleep(24 * time.Hour); err != nil {
//			return "", err
//		}
//		if _, err := workflow.Call[int]("send", text, workflow.Retries(5)); err != nil {
//			return "", err
//		}
//		reply, ok, err := workflow.SignalWithin[string]("reply", time.Hour)
//		if err == nil && !ok {
//			err = workflow.Fatal("no-reply", name+" does not answer")
//		}
//		return reply, err
//	}
//
//	func send(text string) (int, error) {
//		fmt.Println(text)
//		return len(text), nil
//	}
//
// [time.Now] and crypto/rand are the run's own in a body: they answer the same when it is replayed.
// The order of a map's keys, the functions of math/rand, and which case a select takes are not: what
// a step draws of them is not drawn when its result is given back. A body sorts the keys of a map,
// draws with [Random] or math/rand.New, and waits by this package; [time.Sleep] ends its instance. Only
// the goroutine that a body is called on may call this package.
//
// Names are at most 255 bytes; an input, a result, and what is sent to a run 256 KiB of JSON each (a
// manifest may lower that); a failure's text 8 KiB. A history is at most 10,000 events and 16 MiB: a
// body that may come near that goes on by [ContinueAsNew]. The manifest grants workflows with
// [workflow] bodies and functions.
//
// Errors are a [*Failure], of what a step, a function or a child failed with; or a [*satama.Error]:
// [ErrCancelled], satama.ErrAccessDenied, satama.ErrInvalidJSON, satama.ErrTooLarge,
// satama.ErrMisplaced, satama.ErrQuotaExceeded and satama.ErrUnavailable.
//
// A panic ends the instance, with its stack trace on standard error. In a body the run waits a
// while, and its body is called again in another instance; in a function it is a failure called
// trapped, which may be tried again. What is to be told to the run is returned as an error.
package workflow

import (
	"time"

	"github.com/satama/satama/guest/go/internal/codec"
	"github.com/satama/satama/guest/go/internal/host"
	wit "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_workflow"
	witTypes "go.bytecodealliance.org/pkg/wit/types"
)

// Facts are what a run is.
type Facts struct {
	// Run is its id.
	Run      string
	Workflow string
	// Generation is how often it was continued as new: zero at first.
	Generation uint32
	// User is who it is for, if that is known.
	User *string
	// Parent is the run that has this as its child, if one has.
	Parent  *string
	Started time.Time
	// HistoryEvents are the events of its history so far, as the body has seen it.
	HistoryEvents uint32
	// ContinueSoon says whether the history is long enough to continue as new: 2,500 events or
	// 4 MiB.
	ContinueSoon bool
}

// Info is this run, as the body has seen it so far.
func Info() (Facts, error) {
	facts, err := host.Result(calls.info, failed)
	if err != nil {
		return Facts{}, err
	}
	return Facts{
		Run:           facts.Run,
		Workflow:      facts.Workflow,
		Generation:    facts.Generation,
		User:          host.Pointer(facts.User),
		Parent:        host.Pointer(facts.Parent),
		Started:       host.Time(facts.StartedAtMs),
		HistoryEvents: facts.HistoryEvents,
		ContinueSoon:  facts.ContinueSoon,
	}, nil
}

// Now is the time of the last event that the body has seen, in whole milliseconds. It moves on with
// each step and wait, and never back.
func Now() (time.Time, error) {
	millis, err := host.Result(calls.nowMs, failed)
	if err != nil {
		return time.Time{}, err
	}
	return host.Time(millis), nil
}

// Random is the next random number of this run, below 2^53. Not for secrets: who can read the store
// can compute it.
func Random() (uint64, error) {
	return host.Result(calls.random, failed)
}

// UUID is the next random id of this run: a UUID of version 4. As [Random].
func UUID() (string, error) {
	return host.Result(calls.uuid, failed)
}

// State is a part of the run's state. False if there is none. Works in a function too, for the run
// that it is a step of.
func State[T any](name string) (value T, ok bool, err error) {
	state, err := host.Result(func() witTypes.Result[witTypes.Option[string], wit.Error] {
		return calls.getState(name)
	}, failed)
	if err != nil || state.IsNone() {
		return value, false, err
	}
	value, err = output[T](state.Some())
	return value, err == nil, err
}

// SetState sets a part of the run's state, which is seen from outside. Works in a function too.
func SetState(name string, value any) error {
	json, err := input(value)
	if err != nil {
		return err
	}
	return host.Done(func() witTypes.Result[witTypes.Unit, wit.Error] {
		return calls.setState(name, json)
	}, failed)
}

// Suspend stops until someone resumes the run.
func Suspend(reason string) error {
	return host.Done(func() witTypes.Result[witTypes.Unit, wit.Error] {
		return calls.suspend(host.UTF8(reason))
	}, failed)
}

// input is a value that a body asks something with, or that it returns.
func input(value any) (string, error) {
	json, err := codec.Encode(value)
	if err != nil {
		return "", Fatal("invalid-json", err.Error())
	}
	return json, nil
}

// output is what came of something.
func output[T any](json string) (T, error) {
	value, err := codec.Decode[T](json)
	if err != nil {
		return value, Fatal("invalid-result", err.Error())
	}
	return value, nil
}
