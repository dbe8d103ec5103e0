package workflow

import (
	"errors"

	satama "github.com/satama/satama/guest/go"
	"github.com/satama/satama/guest/go/internal/failures"
	"github.com/satama/satama/guest/go/internal/host"
	wit "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_workflow"
	witTypes "go.bytecodealliance.org/pkg/wit/types"
)

// Attempt is one attempt of a step.
type Attempt struct {
	// Number counts from one.
	Number uint32
	// Key is the same for every attempt of this step of this run, and for no other: a UUID, for
	// whoever can tell a repeated request by it.
	Key string
}

// Step does something to the world, once recorded never again: the step called name, tried once
// unless [Retries] says otherwise. Its result is what can be read back from its record, also the
// first time.
//
// Work may still run more than once, if a host is lost between its effect and the record; the
// attempt has a key to tell by. Services have their effects in it, and no other step may be begun.
func Step[T any](
	name string, work func(Attempt) (T, error), options ...StepOption,
) (zero T, err error) {
	step := newStep(name, options)
	begun, err := step.begin()
	if err != nil {
		return zero, err
	}
	json, err := drive(begun, func(attempt Attempt) (string, error) {
		return record(work(attempt))
	})
	if err != nil {
		return zero, err
	}
	return output[T](json)
}

// Call has a function run as a step of its name, or of the one that [Named] says, in an instance of
// its own on whichever host serves it, and waits for its result.
func Call[T any](function string, value any, options ...StepOption) (zero T, err error) {
	pending, err := Spawn[T](function, value, options...)
	if err != nil {
		return zero, err
	}
	defer pending.Close()
	return pending.Wait()
}

// Spawn is [Call], and does not wait: the function runs at the same time as what comes next.
func Spawn[T any](function string, value any, options ...StepOption) (*Pending[T], error) {
	json, err := input(value)
	if err != nil {
		return nil, err
	}
	step := newStep(function, options)
	return pendingOf[T](host.Result(func() witTypes.Result[uint32, wit.Error] {
		return calls.spawn(step.name, function, json, step.wit())
	}, failed))
}

// Child starts a run of a workflow as a child. It is cancelled when this run ends. Its name is that
// of the workflow, or what [Named] says.
func Child[T any](workflow string, value any, options ...ChildOption) (*Pending[T], error) {
	json, err := input(value)
	if err != nil {
		return nil, err
	}
	child := newChild(workflow, options)
	return pendingOf[T](host.Result(func() witTypes.Result[uint32, wit.Error] {
		return calls.child(child.name, workflow, json, child.wit())
	}, failed))
}

// begin begins a step: after this it is open, or has come to an end before.
func (o *stepOptions) begin() (wit.Begun, error) {
	return host.Result(func() witTypes.Result[wit.Begun, wit.Error] {
		return calls.begin(o.name, o.wit())
	}, failed)
}

// drive runs work until the step's end is recorded. Its recorded result.
func drive(begun wit.Begun, work func(Attempt) (string, error)) (string, error) {
	switch begun.Tag() {
	case wit.Begun_Done:
		return begun.Done(), nil
	case wit.Begun_Failed:
		return "", failures.Of(begun.Failed())
	}
	attempt := begun.Execute()
	for {
		json, cause := work(Attempt(attempt))
		verdict, err := finish(json, cause)
		if errors.Is(err, satama.ErrInvalidJSON) || errors.Is(err, satama.ErrTooLarge) {
			// The step is open still: it ends with why it could not.
			cause = FailureOf(err)
			verdict, err = finish("", cause)
		}
		if err != nil {
			return "", err
		}
		if verdict.Tag() == wit.Verdict_Again {
			attempt = verdict.Again()
			continue
		}
		if cause != nil {
			return "", failures.Of(failures.Wit(FailureOf(cause)))
		}
		return json, nil
	}
}

func finish(json string, cause error) (wit.Verdict, error) {
	end := witTypes.Ok[string, wit.Failure](json)
	if cause != nil {
		end = witTypes.Err[string](failures.Wit(FailureOf(cause)))
	}
	return host.Result(func() witTypes.Result[wit.Verdict, wit.Error] {
		return calls.finish(end)
	}, failed)
}

// record is what an attempt came to, as it is recorded: such that it can be read back as well.
func record[T any](value T, err error) (string, error) {
	if err != nil {
		return "", err
	}
	json, err := input(value)
	if err != nil {
		return "", err
	}
	_, err = output[T](json)
	return json, err
}
