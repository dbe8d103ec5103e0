//go:build !wasm

package workflow

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/satama/satama/guest/go/internal/failures"
	functionHandler "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_function_handler"
	wit "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_workflow"
	handler "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_workflow_handler"
)

func ending(workflow, input string) string {
	switch end := run(workflow, input); end.Tag() {
	case handler.Ending_Completed:
		return "completed " + end.Completed()
	case handler.Ending_Failed:
		return "failed " + end.Failed().Code
	case handler.Ending_Continued:
		return "continued " + end.Continued()
	default:
		return "cancelled"
	}
}

func TestABodyEndsAsItSays(t *testing.T) {
	Register("add", func(n uint8) (uint8, error) { return n + 1, nil })
	Register("again", func(n uint8) (uint8, error) { return 0, ContinueAsNew(n + 1) })
	Register("cancelled", func(struct{}) (struct{}, error) { return struct{}{}, ErrCancelled })
	Register("child", func(any) (any, error) { return nil, Fatal("cancelled", "") })
	Register("no", func(any) (any, error) { return nil, Fatal("no", "") })
	Register("nil", func(any) (any, error) { var failure *Failure; return nil, failure })
	Register("html", func(any) (string, error) { return "<&>", nil })
	for call, want := range map[[2]string]string{
		{"add", "1"}:          "completed 2",
		{"again", "1"}:        "continued 2",
		{"cancelled", "null"}: "cancelled",
		{"child", "null"}:     "cancelled",
		{"no", "null"}:        "failed no",
		{"nil", "null"}:       "failed error",
		{"html", "null"}:      `completed "<&>"`,
		{"add", "x"}:          "failed invalid-input",
		{"add", "null"}:       "failed invalid-input",
		{"x", "1"}:            "failed unknown-workflow",
	} {
		equal(t, ending(call[0], call[1]), want)
	}
}

func TestAFunctionMayAskForWhichStepItIs(t *testing.T) {
	RegisterFunction("plain", func(n uint8) (uint8, error) { return n + 1, nil })
	RegisterFunction("fails", func(struct{}) (struct{}, error) {
		return struct{}{}, errors.New("why")
	})
	RegisterFunctionWith("number", func(_ any, context Context) (uint32, error) {
		return context.Attempt.Number, nil
	})
	context := functionHandler.Context{Attempt: wit.Attempt{Number: 2, Key: "k"}}
	equal(t, call("plain", "1", context).Ok(), "2")
	equal(t, call("number", "null", context).Ok(), "2")
	failure := call("plain", "{}", context).Err()
	equal(t, failure.Code+" "+call("x", "1", context).Err().Code, "invalid-input unknown-function")
	equal(t, failure.Retry, false)
	equal(t, call("fails", "null", context).Err().Retry, true)
}

func TestWhatNobodyWaitedForIsGivenUp(t *testing.T) {
	run := start(t)
	first, _ := Signal[int]("a")
	second, _ := Signal[int]("a")
	one, err := first.Wait()
	equal(t, one, 1)
	equal(t, err, nil)
	first.Close()
	equal(t, len(run.forgotten), 0)
	second.Close()
	second.Close()
	equal(t, run.forgotten, []uint32{1})
	value, ok, err := SignalWithin[int]("a", time.Second)
	if value != 1 || !ok || err != nil {
		t.Fatal(value, ok, err)
	}
	equal(t, run.forgotten, []uint32{1, 3})
}

func TestWhatABodyLeavesIsGivenUpInOrderAtItsEnd(t *testing.T) {
	run := start(t)
	Register("leaves", func(any) (any, error) {
		_, _ = Signal[int]("a")
		_, _ = Timer("b", time.Second)
		third, _ := Signal[int]("c")
		third.Close()
		return nil, ContinueAsNew(1)
	})
	equal(t, ending("leaves", "null"), "continued 1")
	equal(t, run.forgotten, []uint32{2, 0, 1})
	equal(t, ending("leaves", "null"), "continued 1")
	equal(t, len(run.forgotten), 6)
}

func TestAllAreWaitedFor(t *testing.T) {
	start(t)
	spawned := func(functions ...string) []*Pending[int] {
		list := []*Pending[int]{}
		for n, function := range functions {
			pending, _ := Spawn[int](function, n)
			list = append(list, pending)
		}
		return list
	}
	values, err := All(spawned("same", "same")...)
	equal(t, values, []int{0, 1})
	equal(t, err, nil)
	_, err = All(spawned("same", "fail")...)
	equal(t, CodeOf(err), "told")
	ends, err := AllSettled(spawned("same", "fail")...)
	equal(t, err, nil)
	equal(t, ends[0].Failure == nil && ends[1].Failure.Code == "told", true)
	_, err = Any()
	equal(t, CodeOf(err), "misplaced")
}

func TestStateIsReadAsItWasWritten(t *testing.T) {
	start(t)
	_, ok, err := State[string]("stage")
	equal(t, ok, false)
	equal(t, err, nil)
	equal(t, SetState("stage", "a"), nil)
	stage, ok, err := State[string]("stage")
	equal(t, stage, "a")
	equal(t, ok, true)
	equal(t, err, nil)
	_, _, err = State[int]("stage")
	equal(t, CodeOf(err), "invalid-result")
}

func TestOnlyWhatWasApprovedIs(t *testing.T) {
	read := func(json string) Decision {
		decided, err := decision(wit.MakeOutcomeDone(json))
		equal(t, err, nil)
		return decided
	}
	want := Decision{Approved: true, By: new("ann"), Data: []byte("[1]")}
	equal(t, read(`{"approved": true, "by": "ann", "data": [1]}`), want)
	want = Decision{Data: []byte("null")}
	equal(t, read(`{"approved": false, "by": null, "data": null}`), want)
	equal(t, read(`{"approved": "true"}`).Approved, false)
	expired, err := decision(wit.MakeOutcomeExpired())
	equal(t, expired, Decision{Expired: true})
	equal(t, err, nil)
}

func TestOptionsAreAsTheyAreSaid(t *testing.T) {
	step := newStep("a", []StepOption{Retries(5), Timeout(time.Millisecond + 1), Named("b")})
	options := step.wit()
	retry := options.Retry.Some()
	equal(t, retry.Attempts, uint32(6))
	equal(t, retry.DelayMs, uint64(1000))
	equal(t, retry.DelayMaxMs, uint64(60000))
	equal(t, retry.JitterPercent, uint8(20))
	equal(t, options.TimeoutMs.Some(), uint64(2))
	equal(t, step.name, "b")
	step = newStep("a", nil)
	equal(t, step.wit().Retry.IsNone(), true)
}

func TestWhatIsTooLongIsCutBetweenCharacters(t *testing.T) {
	long := strings.Repeat("é", 8<<10)
	failure := failures.Wit(Fatal("x"+long, long+"\xff").WithDetails(long))
	equal(t, len(failure.Code), 8<<10-1)
	equal(t, len(failure.Message), 8<<10)
	equal(t, utf8.ValidString(failure.Code), true)
	equal(t, failure.Details.IsNone(), true)
	failure = failures.Wit(Fatal(strings.Repeat("\xffa", 4096), strings.Repeat("\x80", 9000)))
	equal(t, len(failure.Code) <= 8<<10 && len(failure.Message) <= 8<<10, true)
	equal(t, utf8.ValidString(failure.Code) && utf8.ValidString(failure.Message), true)
	equal(t, failure.Message != "", true)
	failure = failures.Wit(&Failure{Code: "raw", Details: []byte("oops")})
	equal(t, failure.Details.IsNone(), true)
}
