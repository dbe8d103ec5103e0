package workflow

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/satama/satama/guest/go/internal/host"
)

// How often undoing something is tried again: left undone it needs a person.
const undoRetries = 9

// Saga are steps that can be undone, newest first.
//
// A step may have had an effect though it has no result: it failed after some attempts, or the run
// was cancelled while it was tried. So it is undone too, and [Undo.Effect] says which.
//
// Any call within a saga may be told of a cancel, setting the state as well. So nothing should be
// called after the step from which there is no way back.
type Saga struct {
	undos   []compensation
	options []StepOption
}

type compensation struct {
	name string
	run  func(name string, options []StepOption) error
}

// Doing is an attempt of a step that can be undone.
type Doing struct {
	Attempt
	// Token is the same for every attempt of this step, and for what undoes it: a UUID, to name
	// what is done by, so that it is found when it is to be undone.
	Token string
}

// Effect is what there is to undo.
type Effect int

// What there is to undo.
const (
	// Unknown: the step may have had an effect: the run was cancelled before its end was recorded.
	Unknown Effect = iota
	// Done: the step is done, and has a result.
	Done
	// HasFailed: the step has failed. It may have had an effect all the same, if not by its last
	// attempt then by one before.
	HasFailed
)

// Undo is an attempt to undo a step whose result is a T.
type Undo[T any] struct {
	Attempt
	// Token is what [Doing.Token] was.
	Token string
	// Effect is what there is to undo.
	Effect Effect
	// Result is the step's, if it is done.
	Result T
	// Failure is why it failed, if it has.
	Failure *Failure
}

// RunSaga runs a body. If that comes to no result, it undoes its steps, newest first, and fails with
// why. [ContinueAsNew] undoes nothing.
//
//	return workflow.RunSaga(func(saga *workflow.Saga) (Shelf, error) {
//		shelf, err := saga.Step("reserve",
//			func(undo workflow.Undo[Shelf]) error { return release(undo.Token) },
//			func(doing workflow.Doing) (Shelf, error) { return reserve(book, doing.Token) })
//		if err != nil {
//			return shelf, err
//		}
//		return shelf, pay(saga)
//	})
//
// How to undo, such as how often to try, is said by options: nine times again, with waits from a
// second to a minute, unless told.
func RunSaga[T any](body func(*Saga) (T, error), options ...StepOption) (T, error) {
	saga := NewSaga(options...)
	value, err := body(saga)
	if _, ok := errors.AsType[*continued](err); err == nil || ok {
		return value, err
	}
	var none T
	return none, saga.Fail(err)
}

// NewSaga is a saga without steps. [RunSaga] is what is usually wanted.
func NewSaga(options ...StepOption) *Saga {
	return &Saga{options: append([]StepOption{Retries(undoRetries)}, options...)}
}

// Step runs work as a step, as [Step] does, that undo undoes.
func (s *Saga) Step[T any](
	name string, undo func(Undo[T]) error, work func(Doing) (T, error), options ...StepOption,
) (zero T, err error) {
	step := newStep(name, options)
	token, err := UUID()
	if err != nil {
		return zero, err
	}
	begun, err := step.begin()
	var result string
	if err == nil {
		result, err = drive(begun, func(attempt Attempt) (string, error) {
			return record(work(Doing{attempt, token}))
		})
	} else if !told(err) {
		return zero, err
	}
	// Told of a cancel, a host may have been lost between the effect and its record.
	s.push(step.name, effectOf[T](token, result, err), undo)
	if err != nil {
		return zero, err
	}
	return output[T](result)
}

// Call has a function run as a step and waits for its result; undo undoes it. What it is given is
// made from the step's token, as in [Doing.Token].
//
// If the run is cancelled meanwhile, the function is waited for before it is undone.
func (s *Saga) Call[T any](
	function string, value func(token string) any, undo func(Undo[T]) error, options ...StepOption,
) (zero T, err error) {
	token, err := UUID()
	if err != nil {
		return zero, err
	}
	pending, err := Spawn[json.RawMessage](function, value(token), options...)
	if err != nil {
		return zero, err
	}
	step := newStep(function, options)
	result, err := pending.Wait()
	if told(err) {
		s.undos = append(s.undos, compensation{step.name, func(name string, how []StepOption) error {
			defer pending.Close()
			result, err := uncancelled(pending.Wait)
			return compensate(effectOf[T](token, string(result), err), undo)(name, how)
		}})
		return zero, err
	}
	s.push(step.name, effectOf[T](token, string(result), err), undo)
	if err != nil {
		return zero, err
	}
	return output[T](string(result))
}

// Defer has undo run, as the step called name, when the steps before it are undone: for what was
// done in other ways.
func (s *Saga) Defer(name string, undo func(Attempt) error) {
	s.push(name, Undo[struct{}]{}, func(step Undo[struct{}]) error { return undo(step.Attempt) })
}

// Undo undoes all steps, newest first, each as a step of its own. Each is undone once: there is
// nothing left to undo after this.
//
// One that cannot be undone does not keep the others from it; it fails as undo-failed then, with
// what is left as its details. If the run is cancelled meanwhile, it goes on.
func (s *Saga) Undo() error {
	left := [][2]string{}
	undos := s.undos
	s.undos = nil
	for _, undo := range slices.Backward(undos) {
		// Last, so that what undoes is always marked as that.
		options := append(slices.Clone(s.options), Undoing())
		if err := undo.run(undo.name, options); err != nil {
			left = append(left, [2]string{undo.name, text(err)})
		}
	}
	if len(left) == 0 {
		return nil
	}
	names := host.Map(left, func(one [2]string) string { return one[0] + " (" + one[1] + ")" })
	return Fatal("undo-failed", "not undone: "+strings.Join(names, ", ")).WithDetails(left)
}

// Fail undoes all steps, and returns what to fail with then: the cause, if they could be undone.
func (s *Saga) Fail(cause error) error {
	err := s.Undo()
	if err == nil {
		return cause
	}
	if left, ok := errors.AsType[*Failure](err); ok {
		with := *left
		with.Message = text(cause) + "; " + left.Message
		return &with
	}
	return err
}

func (s *Saga) push[T any](name string, effect Undo[T], undo func(Undo[T]) error) {
	s.undos = append(s.undos, compensation{name, compensate(effect, undo)})
}

// compensate undoes one step.
func compensate[T any](
	effect Undo[T], undo func(Undo[T]) error,
) func(name string, options []StepOption) error {
	return func(name string, options []StepOption) error {
		_, err := uncancelled(func() (struct{}, error) {
			return Step(name, func(attempt Attempt) (struct{}, error) {
				effect.Attempt = attempt
				return struct{}{}, undo(effect)
			}, append(slices.Clone(options), Named(name))...)
		})
		return err
	}
}

// effectOf is what there is to undo of a step that was begun.
func effectOf[T any](token, result string, err error) Undo[T] {
	undo := Undo[T]{Token: token}
	if failure, ok := errors.AsType[*Failure](err); ok {
		undo.Effect, undo.Failure = HasFailed, failure
	} else if err == nil {
		if value, err := output[T](result); err == nil {
			undo.Effect, undo.Result = Done, value
		}
	}
	return undo
}

// uncancelled calls once more what was told of a cancel: that is said once.
func uncancelled[T any](call func() (T, error)) (T, error) {
	value, err := call()
	if told(err) {
		return call()
	}
	return value, err
}

// text is an error in the words of the other languages' SDKs.
func text(err error) string {
	failure := FailureOf(err)
	if _, ok := errors.AsType[*Failure](err); ok || failure.Code == "error" {
		return failure.Error()
	}
	return failure.Message
}
