//go:build !wasm

package workflow

import (
	"fmt"
	"math"
	"testing"

	wit "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_workflow"
	witTypes "go.bytecodealliance.org/pkg/wit/types"
)

// fake is a host for tests: one run, whose steps it records, and replays.
type fake struct {
	t *testing.T
	// What is recorded, in its order.
	record []recorded
	// When the body is told of a cancel: by the call with the number at, or by the step with the
	// number within, while it waits for another attempt.
	at, within int
	// A result is too large if it has more bytes than this.
	bytesMax  int
	next      int
	hasTold   bool
	drawn     int
	open      *recorded
	number    uint32
	options   wit.StepOptions
	functions []wit.Outcome
	forgotten []uint32
	state     map[string]string
}

// recorded is a step, and what came of it.
type recorded struct {
	name    string
	undo    bool
	json    string
	failure *wit.Failure
	// It was given up while it waited for another attempt.
	abandoned bool
}

const never = -1

type noUnit = witTypes.Unit

// start has this package call a new run.
func start(t *testing.T) *fake {
	run := &fake{t: t, at: never, within: never, bytesMax: math.MaxInt, state: map[string]string{}}
	before := calls
	t.Cleanup(func() { calls = before })
	calls = api{
		uuid: run.uuid, begin: run.begin, finish: run.finish, spawn: run.spawn, signal: run.signal,
		timer: run.timer, wait: run.wait, waitAny: run.waitAny, waitAll: run.waitAll,
		forget: run.forget, setState: run.setState, getState: run.getState,
	}
	return run
}

// replay loses the host of the body, which is called again from its start.
func (f *fake) replay() {
	f.next, f.hasTold, f.drawn, f.open, f.functions, f.forgotten = 0, false, 0, nil, nil, nil
}

// lines are the steps that are recorded, as name: what came of it.
func (f *fake) lines() []string {
	lines := []string{}
	for _, step := range f.record {
		line := step.name + ": " + step.json
		if step.failure != nil {
			line = step.name + ": failed " + step.failure.Code
		}
		if step.abandoned {
			line = step.name + ": abandoned"
		}
		if step.undo {
			line = "undo " + line
		}
		lines = append(lines, line)
	}
	return lines
}

func (f *fake) tells(now int) bool {
	tells := !f.hasTold && now == f.next
	f.hasTold = f.hasTold || tells
	return tells
}

func (f *fake) attempt(number uint32) wit.Attempt {
	f.number = number
	return wit.Attempt{Number: number, Key: fmt.Sprintf("key-%d", f.next)}
}

func (f *fake) end(step recorded) {
	f.record = append(f.record, step)
	f.open = nil
	f.next++
}

func cancelled[T any]() witTypes.Result[T, wit.Error] {
	return witTypes.Err[T](wit.MakeErrorCancelled())
}

func (f *fake) uuid() witTypes.Result[string, wit.Error] {
	f.drawn++
	return witTypes.Ok[string, wit.Error](fmt.Sprintf("token-%d", f.drawn))
}

func (f *fake) begin(name string, options wit.StepOptions) witTypes.Result[wit.Begun, wit.Error] {
	if f.open != nil {
		return witTypes.Err[wit.Begun](wit.MakeErrorMisplaced("a step is open"))
	}
	if f.tells(f.at) {
		return cancelled[wit.Begun]()
	}
	if f.next >= len(f.record) {
		f.open, f.options = &recorded{name: name, undo: options.Undo}, options
		return witTypes.Ok[wit.Begun, wit.Error](wit.MakeBegunExecute(f.attempt(1)))
	}
	step := f.record[f.next]
	if step.name != name {
		f.t.Fatalf("step %d is %q, and was %q", f.next, name, step.name)
	}
	f.next++
	if step.abandoned {
		f.hasTold = true
		return cancelled[wit.Begun]()
	}
	if step.failure != nil {
		return witTypes.Ok[wit.Begun, wit.Error](wit.MakeBegunFailed(*step.failure))
	}
	return witTypes.Ok[wit.Begun, wit.Error](wit.MakeBegunDone(step.json))
}

func (f *fake) finish(
	end witTypes.Result[string, wit.Failure],
) witTypes.Result[wit.Verdict, wit.Error] {
	if f.open == nil {
		return witTypes.Err[wit.Verdict](wit.MakeErrorMisplaced("no step is open"))
	}
	step := *f.open
	if end.IsOk() {
		if len(end.Ok()) > f.bytesMax {
			return witTypes.Err[wit.Verdict](wit.MakeErrorTooLarge(0))
		}
		step.json = end.Ok()
		f.end(step)
		return witTypes.Ok[wit.Verdict, wit.Error](wit.MakeVerdictDone())
	}
	attempts := f.options.Retry.SomeOr(wit.Retry{Attempts: 1}).Attempts
	step.failure = new(end.Err())
	if !step.failure.Retry || f.number >= attempts {
		f.end(step)
		return witTypes.Ok[wit.Verdict, wit.Error](wit.MakeVerdictFailed())
	}
	if f.tells(f.within) {
		step.abandoned = true
		f.end(step)
		return cancelled[wit.Verdict]()
	}
	return witTypes.Ok[wit.Verdict, wit.Error](wit.MakeVerdictAgain(f.attempt(f.number + 1)))
}

// spawn has a function that returns its input; or fails, if it is called fail.
func (f *fake) spawn(
	_, function, input string, _ wit.StepOptions,
) witTypes.Result[uint32, wit.Error] {
	outcome := wit.MakeOutcomeDone(input)
	if function == "fail" {
		outcome = wit.MakeOutcomeFailed(wit.Failure{Code: "told"})
	}
	f.functions = append(f.functions, outcome)
	return witTypes.Ok[uint32, wit.Error](uint32(len(f.functions) - 1))
}

// signal has come already.
func (f *fake) signal(name string) witTypes.Result[uint32, wit.Error] {
	return f.spawn("", name, "1", wit.StepOptions{})
}

func (f *fake) timer(name string, _ uint64) witTypes.Result[uint32, wit.Error] {
	return f.spawn("", name, "null", wit.StepOptions{})
}

func (f *fake) wait(ticket uint32) witTypes.Result[wit.Outcome, wit.Error] {
	if f.tells(f.at) {
		return cancelled[wit.Outcome]()
	}
	return witTypes.Ok[wit.Outcome, wit.Error](f.functions[ticket])
}

func (f *fake) waitAny(tickets []uint32) witTypes.Result[uint32, wit.Error] {
	return witTypes.Ok[uint32, wit.Error](0)
}

func (f *fake) waitAll(tickets []uint32) witTypes.Result[noUnit, wit.Error] {
	return witTypes.Ok[noUnit, wit.Error](noUnit{})
}

func (f *fake) forget(tickets []uint32) witTypes.Result[noUnit, wit.Error] {
	f.forgotten = append(f.forgotten, tickets...)
	return witTypes.Ok[noUnit, wit.Error](noUnit{})
}

func (f *fake) setState(name, json string) witTypes.Result[noUnit, wit.Error] {
	f.state[name] = json
	return witTypes.Ok[noUnit, wit.Error](noUnit{})
}

func (f *fake) getState(name string) witTypes.Result[witTypes.Option[string], wit.Error] {
	state := witTypes.None[string]()
	if json, ok := f.state[name]; ok {
		state = witTypes.Some(json)
	}
	return witTypes.Ok[witTypes.Option[string], wit.Error](state)
}
