package language

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	satama "github.com/satama/satama/guest/go"
	"github.com/satama/satama/guest/go/run"
	"github.com/satama/satama/guest/go/workflow"
)

const moment = 5 * time.Millisecond

// outside starts the workflows below, does what they wait for, and says what came of them.
func outside(l *lines) {
	t := said{l}
	r := must(run.Open("story"))
	defer r.Close()
	id := must(r.Begin(map[string]int{"n": 3}, run.Options{User: new("ann-ä")})).ID
	flag(l, "signal")(r.Signal(id, "go", raw(`{"from": "ä€😀"}`), nil))
	asked(r, id, "approval", "pay")
	t.say("decide", ok{}, r.Decide(id, "pay", false, new("bob"), raw(`"too much"`)))
	info := must(r.Wait(id, patience))
	t.say("story", plain(info.Status), nil)
	var told []string
	_ = json.Unmarshal(info.Output, &told)
	for _, line := range told {
		t.say("story", line, nil)
	}
	state, err := r.State(id, "progress")
	t.say("its state", text(state), err)
	state, err = r.State(id, "seen")
	t.say("what a function set", text(state), err)
	t.steps("its steps")(r.Steps(id))

	ended(t, "undone", `"card"`)
	ended(t, "counts", "2")
	ended(t, "echo", `{"ä": [1, null, true, 1.5]}`)

	c := must(run.Open("cancelled"))
	defer c.Close()
	id = begin(c, "null")
	asked(c, id, "step", "reserve")
	t.say("cancel", ok{}, c.Cancel(id, "enough", false))
	t.run("wait")(c.Wait(id, patience))
	state, err = c.State(id, "told")
	t.say("it was told", text(state), err)
	t.steps("its steps")(c.Steps(id))
}

// ended says how a run ends.
func ended(t said, name, input string) {
	r := must(run.Open(name))
	defer r.Close()
	id := begin(r, input)
	info, err := r.Wait(id, patience)
	t.run(name)(info, err)
	if info != nil && info.Failure != nil {
		t.say("why", info.Failure.Message, nil)
		t.say("details", text(info.Failure.Details), nil)
	}
	t.steps("its steps")(r.Steps(id))
}

// compact is JSON, written anew.
func compact(value any) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err.Error()
	}
	return strings.TrimSuffix(text.String(), "\n")
}

// Input is that of the story.
type Input struct {
	N int `json:"n"`
}

// story is one of everything.
func story(input Input) ([]string, error) {
	t := lines{}
	info, err := workflow.Info()
	if err != nil {
		return nil, err
	}
	t.say("workflow", info.Workflow, nil)
	t.say("user", info.User, nil)
	t.say("parent", info.Parent, nil)
	t.say("generation", info.Generation, nil)
	t.say("input", input.N, nil)
	random, err := workflow.Random()
	t.say("random", random < 1<<53, err)
	uuid, err := workflow.UUID()
	t.say("uuid", len(uuid), err)
	began, err := workflow.Now()
	t.say("it begins", began.After(time.UnixMilli(0)), err)
	for _, part := range []func(*lines) error{functions, steps, waits} {
		if err := part(&t); err != nil {
			return nil, err
		}
	}
	now, err := workflow.Now()
	t.say("time goes on", !now.Before(began.Add(moment)), err)
	if err := refusals(&t); err != nil {
		return nil, err
	}
	if err := workflow.SetState("progress", map[string]string{"done": "ä€😀"}); err != nil {
		return nil, err
	}
	state, found, err := workflow.State[any]("progress")
	t.say("state", maybe(compact(state), found), err)
	number, found, err := workflow.State[int]("none")
	t.say("no state", maybe(number, found), err)
	return t, nil
}

func functions(t *lines) error {
	pending := []*workflow.Pending[int]{}
	for n := 1; n <= 3; n++ {
		one, err := workflow.Spawn[int]("double", n)
		if err != nil {
			return err
		}
		pending = append(pending, one)
	}
	doubled, err := workflow.All(pending...)
	if err != nil {
		return err
	}
	t.say("in parallel", plain(list(doubled, func(n int) string { return fmt.Sprint(n) })), nil)
	called, err := workflow.Call[int]("double", 21)
	if err != nil {
		return err
	}
	t.say("called", called, nil)
	third, err := workflow.Spawn[int]("third-time", nil, workflow.Named("third"),
		workflow.Retries(5), workflow.Fixed(time.Millisecond))
	if err != nil {
		return err
	}
	refused, err := workflow.Spawn[int]("refuse", "no")
	if err != nil {
		return err
	}
	settled, err := workflow.AllSettled(third, refused)
	if err != nil {
		return err
	}
	t.say("settled", plain(list(settled, func(end workflow.Settled[int]) string {
		if end.Failure != nil {
			return showError(end.Failure)
		}
		return fmt.Sprint(end.Value)
	})), nil)
	facts, err := workflow.Call[any]("facts", nil, workflow.Named("ask"),
		workflow.Timeout(10*time.Minute))
	if err != nil {
		return err
	}
	t.say("a function knows", compact(facts), nil)
	child, err := workflow.Child[any]("echo", []string{"ä"}, workflow.Named("little"),
		workflow.Priority(9), workflow.Timeout(10*time.Minute))
	if err != nil {
		return err
	}
	defer child.Close()
	little, err := child.Wait()
	t.say("child", compact(little), nil)
	return err
}

func steps(t *lines) error {
	one, err := workflow.Step("one", func(workflow.Attempt) (string, error) {
		return "tehty-ä", nil
	})
	if err != nil {
		return err
	}
	t.say("step", one, nil)
	keys := map[string]bool{}
	tried, err := workflow.Step("tried", func(attempt workflow.Attempt) (uint32, error) {
		keys[attempt.Key] = true
		if attempt.Number < 3 {
			return 0, workflow.Retryable("early", "not yet")
		}
		if len(keys) > 1 {
			return 0, workflow.Fatal("keys", "the key is another")
		}
		return attempt.Number, nil
	}, workflow.Retries(2), workflow.Exponential(time.Millisecond, 2*time.Millisecond),
		workflow.Jitter(50))
	t.say("tried", tried, err)
	_, err = workflow.Step("fatal", func(workflow.Attempt) (struct{}, error) {
		failure := workflow.Fatal("no", "never-ä").WithDetails([]int{1, 2})
		return struct{}{}, failure
	}, workflow.Retries(5))
	t.say("fatal", ok{}, err)
	t.say("its details", text(workflow.FailureOf(err).Details), nil)
	return nil
}

func waits(t *lines) error {
	if err := workflow.Sleep(moment); err != nil {
		return err
	}
	if err := workflow.SleepUntil(must(workflow.Now()).Add(moment)); err != nil {
		return err
	}
	late, err := workflow.Timer("late", time.Hour)
	if err != nil {
		return err
	}
	soon, err := workflow.TimerAt("soon", must(workflow.Now()))
	if err != nil {
		return err
	}
	first, err := workflow.Any(late, soon)
	if err != nil {
		return err
	}
	t.say("first", first, nil)
	if _, err := soon.Wait(); err != nil {
		return err
	}
	late.Close()
	signal, err := workflow.Signal[any]("go")
	if err != nil {
		return err
	}
	brought, err := signal.Wait()
	if err != nil {
		return err
	}
	t.say("signal", compact(brought), nil)
	never, came, err := workflow.SignalWithin[any]("never", moment)
	if err != nil {
		return err
	}
	t.say("no signal", maybe(compact(never), came), nil)
	return approvals(t)
}

func approvals(t *lines) error {
	expired, err := workflow.Approval("quick", nil, new(time.Millisecond))
	if err != nil {
		return err
	}
	t.say("nobody decides", expired.Expired, nil)
	decision, err := workflow.Approval("pay", map[string]int{"cents": 100}, nil)
	if err != nil {
		return err
	}
	decided := "refused " + optional(decision.By) + " " + string(decision.Data)
	if decision.Expired {
		decided = "expired"
	} else if decision.Approved {
		decided = "approved"
	}
	t.say("approval", decided, nil)
	return nil
}

func refusals(t *lines) error {
	_, err := workflow.Call[any]("other", nil)
	t.say("a function that is not granted", ok{}, err)
	_, err = workflow.Call[any](strings.Repeat("f", 256), nil)
	t.say("a longer name", ok{}, err)
	t.say("a longer wait", ok{}, workflow.Sleep(11*365*24*time.Hour))
	deep := json.RawMessage(strings.Repeat("[", 200) + "null" + strings.Repeat("]", 200))
	t.say("state that is nested too deep", ok{}, workflow.SetState("deep", deep))
	large := strings.Repeat("v", 256<<10)
	t.say("a larger state", ok{}, workflow.SetState("large", large))
	_, err = workflow.Any()
	t.say("nothing to wait for", ok{}, err)
	nested, err := workflow.Step("outer", func(workflow.Attempt) (string, error) {
		_, err := workflow.Step("inner", func(workflow.Attempt) (struct{}, error) {
			return struct{}{}, nil
		})
		if errors.Is(err, satama.ErrMisplaced) {
			return showError(err), nil
		}
		return "it was begun", nil
	})
	t.say("a step in a step", nested, err)
	return err
}

// undone is refused at its third step, and undoes the two before.
func undone(input string) (struct{}, error) {
	return workflow.RunSaga(func(saga *workflow.Saga) (struct{}, error) {
		none := struct{}{}
		nothing := func(workflow.Undo[int]) error { return nil }
		_, err := saga.Step("reserve", nothing, func(workflow.Doing) (int, error) { return 7, nil })
		if err != nil {
			return none, err
		}
		two := func(string) any { return 2 }
		_, err = saga.Call("double", two, nothing, workflow.Named("double it"))
		if err != nil {
			return none, err
		}
		saga.Defer("note", func(workflow.Attempt) error { return nil })
		declined := workflow.Fatal("card-declined", "no "+input).WithDetails([]string{"ä"})
		_, err = saga.Step("charge", nothing, func(workflow.Doing) (int, error) {
			return 0, declined
		})
		return none, err
	})
}

// waitsForPeople waits for all that somebody else can do.
func waitsForPeople(any) (string, error) {
	if err := workflow.Suspend("why"); err != nil {
		return "", err
	}
	signal, err := workflow.Signal[any]("go")
	if err != nil {
		return "", err
	}
	defer signal.Close()
	brought, err := signal.Wait()
	if err != nil {
		return "", err
	}
	decision, err := workflow.Approval("pay", "ä", nil)
	if err != nil {
		return "", err
	}
	var by *string
	if decision.Approved {
		by = decision.By
	}
	return compact(brought) + " " + optional(by), nil
}

// counts goes on as new, and counts down.
func counts(n int) (string, error) {
	if n == 0 {
		return "zero", nil
	}
	_, err := workflow.Step("count", func(workflow.Attempt) (int, error) { return n, nil })
	if err != nil {
		return "", err
	}
	return "", workflow.ContinueAsNew(n - 1)
}

// cancelled is cancelled while it waits, and undoes what it did.
func cancelled(any) (struct{}, error) {
	return workflow.RunSaga(func(saga *workflow.Saga) (struct{}, error) {
		none := struct{}{}
		nothing := func(workflow.Undo[struct{}]) error { return nil }
		_, err := saga.Step("reserve", nothing, func(workflow.Doing) (struct{}, error) {
			return none, nil
		})
		if err != nil {
			return none, err
		}
		never, err := workflow.Signal[any]("never")
		if err != nil {
			return none, err
		}
		defer never.Close()
		_, told := never.Wait()
		// Said once: all that comes after it works.
		if err := workflow.SetState("told", workflow.CodeOf(told)); err != nil {
			return none, err
		}
		return none, told
	})
}

func echo(input any) (any, error) {
	return input, nil
}

func double(n int) (int, error) {
	return 2 * n, nil
}

func thirdTime(_ any, context workflow.Context) (uint32, error) {
	if context.Attempt.Number < 3 {
		return 0, workflow.Retryable("early", "not yet")
	}
	return context.Attempt.Number, nil
}

func refuse(why string) (int, error) {
	return 0, workflow.Fatal("refused", why).WithDetails(map[string]int{"ä": 1})
}

func facts(_ any, context workflow.Context) (any, error) {
	if err := workflow.SetState("seen", context.Step); err != nil {
		return nil, err
	}
	seen, _, err := workflow.State[string]("seen")
	return []any{
		context.Workflow, context.Step, context.User, context.Attempt.Number,
		len(context.Attempt.Key), seen,
	}, err
}
