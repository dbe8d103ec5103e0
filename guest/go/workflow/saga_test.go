//go:build !wasm

package workflow

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	satama "github.com/satama/satama/guest/go"
)

func equal(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %#v\nwant %#v", got, want)
	}
}

// world is what was done in it, in its order.
type world []string

func (w *world) take() []string {
	done := *w
	*w = nil
	return done
}

func undoer(done *world, name string) func(Undo[int]) error {
	return func(undo Undo[int]) error {
		what := "unknown"
		switch undo.Effect {
		case Done:
			what = fmt.Sprintf("done %d", undo.Result)
		case HasFailed:
			what = "failed " + undo.Failure.Code
		}
		*done = append(*done, fmt.Sprintf("undo %s %s %s", name, undo.Token, what))
		return nil
	}
}

// three are three steps, of which one fails, each tried twice.
func three(done *world, fails string) (int, error) {
	return RunSaga(func(saga *Saga) (int, error) {
		sum := 0
		for n, name := range []string{"a", "b", "c"} {
			result, err := saga.Step(name, undoer(done, name), func(doing Doing) (int, error) {
				*done = append(*done, fmt.Sprintf("do %s %s", name, doing.Token))
				if name == fails {
					return 0, Retryable("told", "")
				}
				return n + 1, nil
			}, Retries(1))
			if err != nil {
				return 0, err
			}
			sum += result
		}
		return sum, nil
	})
}

func TestWhatFailsIsUndoneNewestFirst(t *testing.T) {
	run, done := start(t), &world{}
	sum, err := three(done, "none")
	equal(t, sum, 6)
	equal(t, err, nil)
	equal(t, run.lines(), []string{"a: 1", "b: 2", "c: 3"})

	run = start(t)
	done.take()
	_, err = three(done, "b")
	equal(t, err, error(Retryable("told", "")))
	equal(t, run.lines(), []string{"a: 1", "b: failed told", "undo b: null", "undo a: null"})
	equal(t, done.take(), []string{
		"do a token-1", "do b token-2", "do b token-2",
		"undo b token-2 failed told", "undo a token-1 done 1",
	})
	run.replay()
	if _, err = three(done, "b"); err == nil || len(*done) > 0 {
		t.Fatal(err, done)
	}
}

// Told by any call, whatever else happens: nothing that was done is left, each is undone once, and
// a replay does nothing and ends the same.
func TestACancelUndoesEverythingWhereverItComes(t *testing.T) {
	for _, fails := range []string{"none", "a", "b", "c"} {
		for n := range 16 {
			run, done := start(t), &world{}
			if n < 8 {
				run.at = n
			} else {
				run.within = n - 8
			}
			sum, err := three(done, fails)
			lines := done.take()
			did, undone := map[string]int{}, map[string]int{}
			for _, line := range lines {
				parts := strings.Split(line, " ")
				if parts[0] == "do" {
					did[parts[2]]++
				} else {
					undone[parts[2]]++
				}
			}
			unknown := 0
			for token, times := range undone {
				if did[token] == 0 {
					unknown++
				}
				if err == nil || times != 1 {
					t.Fatal(fails, n, lines)
				}
			}
			for token := range did {
				if err != nil && undone[token] != 1 {
					t.Fatal(fails, n, lines)
				}
			}
			// The one that was told may have been done by a host that was lost.
			if unknown > 1 {
				t.Fatal(fails, n, lines)
			}
			before := run.lines()
			run.replay()
			again, errAgain := three(done, fails)
			equal(t, again, sum)
			equal(t, errAgain, err)
			equal(t, len(*done), 0)
			equal(t, run.lines(), before)
		}
	}
}

func TestAStepThatWasToldMayHaveRun(t *testing.T) {
	run, done := start(t), &world{}
	run.at = 1
	_, err := RunSaga(func(saga *Saga) (int, error) {
		one := func(Doing) (int, error) { return 1, nil }
		if _, err := saga.Step("a", undoer(done, "a"), one); err != nil {
			return 0, err
		}
		return saga.Step("b", undoer(done, "b"), one)
	})
	if !errors.Is(err, ErrCancelled) {
		t.Fatal(err)
	}
	equal(t, done.take(), []string{"undo b token-2 unknown", "undo a token-1 done 1"})
	equal(t, run.lines(), []string{"a: 1", "undo b: null", "undo a: null"})
}

func TestACancelWhileItIsUndoneKeepsNothingFromIt(t *testing.T) {
	run, done, tries := start(t), &world{}, 0
	run.within = 1
	body := func() error {
		_, err := RunSaga(func(saga *Saga) (int, error) {
			one := func(Doing) (int, error) { return 1, nil }
			if _, err := saga.Step("a", undoer(done, "a"), one); err != nil {
				return 0, err
			}
			saga.Defer("d", func(attempt Attempt) error {
				tries++
				*done = append(*done, "undo d "+attempt.Key)
				if tries == 1 {
					return Retryable("x", "")
				}
				return nil
			})
			return 0, Fatal("why", "")
		})
		return err
	}
	equal(t, CodeOf(body()), "why")
	want := []string{"a: 1", "undo d: abandoned", "undo d: null", "undo a: null"}
	equal(t, run.lines(), want)
	equal(t, done.take(), []string{"undo d key-1", "undo d key-2", "undo a token-1 done 1"})
	run.replay()
	equal(t, CodeOf(body()), "why")
	equal(t, len(*done), 0)
}

func TestWhatCannotBeUndoneIsToldAndKeepsNoOtherFromIt(t *testing.T) {
	start(t)
	done := &world{}
	_, err := RunSaga(func(saga *Saga) (int, error) {
		one := func(Doing) (int, error) { return 1, nil }
		if _, err := saga.Step("a", undoer(done, "a"), one); err != nil {
			return 0, err
		}
		stuck := func(Undo[int]) error { return Fatal("stuck", "it is") }
		if _, err := saga.Step("b", stuck, one); err != nil {
			return 0, err
		}
		return 0, Fatal("why", "because")
	})
	failure := FailureOf(err)
	equal(t, failure.Code, "undo-failed")
	equal(t, failure.Message, "why: because; not undone: b (stuck: it is)")
	equal(t, string(failure.Details), `[["b","stuck: it is"]]`)
	equal(t, done.take(), []string{"undo a token-1 done 1"})
}

func TestAFunctionIsWaitedForBeforeItIsUndone(t *testing.T) {
	for function, undone := range map[string]string{"same": "done 7", "fail": "failed told"} {
		run, done := start(t), &world{}
		run.at = 0
		_, err := RunSaga(func(saga *Saga) (int, error) {
			return saga.Call(function, func(string) any { return 7 }, undoer(done, "f"))
		})
		if !errors.Is(err, ErrCancelled) {
			t.Fatal(err)
		}
		equal(t, done.take(), []string{"undo f token-1 " + undone})
	}
}

func TestContinueAsNewUndoesNothing(t *testing.T) {
	run, done := start(t), &world{}
	_, err := RunSaga(func(saga *Saga) (int, error) {
		one := func(Doing) (int, error) { return 1, nil }
		if _, err := saga.Step("a", undoer(done, "a"), one); err != nil {
			return 0, err
		}
		return 0, ContinueAsNew(2)
	})
	equal(t, err, ContinueAsNew(2))
	equal(t, run.lines(), []string{"a: 1"})
}

func TestAResultThatCannotBeRecordedIsAFailureThatIs(t *testing.T) {
	run := start(t)
	run.bytesMax = 4
	_, err := Step("huge", func(Attempt) (string, error) { return "too large", nil })
	equal(t, CodeOf(err), "too-large")
	_, err = Step("infinite", func(Attempt) (float64, error) { return math.Inf(1), nil })
	equal(t, CodeOf(err), "invalid-json")
	_, err = Step("null", func(Attempt) (null, error) { return null{1}, nil })
	equal(t, CodeOf(err), "invalid-result")
	one, err := Step("next", func(Attempt) (int, error) { return 1, nil })
	equal(t, err, nil)
	equal(t, one, 1)
	want := []string{
		"huge: failed too-large", "infinite: failed invalid-json", "null: failed invalid-result",
		"next: 1",
	}
	equal(t, run.lines(), want)
}

// null is written as what cannot be read back.
type null struct{ n int }

func (null) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

func TestAStepInAStepIsRefusedAndNotTriedAgain(t *testing.T) {
	run := start(t)
	_, err := Step("outer", func(Attempt) (int, error) {
		return Step("inner", func(Attempt) (int, error) { return 1, nil })
	}, Retries(5))
	equal(t, err, error(Fatal("misplaced", "a step is open")))
	equal(t, run.lines(), []string{"outer: failed misplaced"})
}

func TestAnyErrorIsAFailureThatMayBeRetried(t *testing.T) {
	equal(t, FailureOf(errors.New("why")), Retryable("error", "why"))
	equal(t, FailureOf(fmt.Errorf("so: %w", Fatal("code", "why"))), Fatal("code", "why"))
	tooLarge := &satama.Error{Service: "workflow", Code: satama.ErrTooLarge, Limit: 3}
	equal(t, FailureOf(tooLarge), Fatal("too-large", "over the limit of 3"))
	elsewhere := &satama.Error{Service: "cache", Code: satama.ErrTooLarge, Limit: 3}
	equal(t, FailureOf(elsewhere), Retryable("error", "cache: too-large: over the limit of 3"))
	equal(t, CodeOf(ErrCancelled), "cancelled")
}
