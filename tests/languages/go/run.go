package language

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/satama/satama/guest/go/run"
)

const (
	// Longer than any stall of a busy machine, and the most that a wait may take.
	patience = 30 * time.Second
	// A run that never was.
	missing = "0000000000000000000000000000000000"
)

func raw(text string) json.RawMessage {
	return json.RawMessage(text)
}

func showStarted(started run.Started) string {
	if started.New {
		return "new"
	}
	return "there"
}

func showRun(info *run.Info) string {
	if info == nil {
		return "none"
	}
	output, failure := "none", "none"
	if info.Output != nil {
		output = string(info.Output)
	}
	if info.Failure != nil {
		failure = info.Failure.Code
	}
	return fmt.Sprintf("%s %s generation %d user %s key %s priority %d output %s %s",
		info.Workflow, info.Status, info.Generation, optional(info.User), optional(info.Key),
		info.Priority, output, failure)
}

func showStep(step run.Step) string {
	said := fmt.Sprintf("%d %s %s %s %d", step.Number, step.Kind, step.Name, step.Status,
		step.Attempts)
	if step.Undo {
		said += " undo"
	}
	return said
}

func showSchedule(schedule run.Schedule) string {
	return fmt.Sprintf("%s %s %s %t", quote(schedule.Name), quote(schedule.Cron), schedule.Input,
		schedule.Next.UnixMilli() > 0)
}

// said are lines about what came of calls about runs.
type said struct{ *lines }

func (t said) started(what string) func(started run.Started, err error) string {
	return func(started run.Started, err error) string {
		t.say(what, plain(showStarted(started)), err)
		return started.ID
	}
}

func (t said) run(what string) func(info *run.Info, err error) {
	return func(info *run.Info, err error) { t.say(what, plain(showRun(info)), err) }
}

func (t said) steps(what string) func(steps []run.Step, err error) {
	return func(steps []run.Step, err error) { t.say(what, plain(list(steps, showStep)), err) }
}

// begin starts a run that is to work.
func begin(runs *run.Runs, input string) string {
	return must(runs.Start(raw(input), run.Options{})).ID
}

// asked waits until the body of a run has asked for something.
func asked(runs *run.Runs, id, kind, name string) {
	for seen := uint32(0); ; {
		steps := must(runs.Steps(id))
		if slices.ContainsFunc(steps, func(step run.Step) bool {
			return step.Kind == kind && step.Name == name
		}) {
			return
		}
		more := must(runs.Changes(id, seen, patience))
		seen += uint32(len(more))
		if len(more) == 0 {
			panic("it asked for no " + kind + " called " + name)
		}
	}
}

func runAll(l *lines) {
	t := said{l}
	_, err := run.Open("another")
	t.say("open another", ok{}, err)
	unserved := must(run.Open("unserved"))
	t.started("start without a version")(unserved.Start(raw("null"), run.Options{}))
	unserved.Close()
	echo, waits := must(run.Open("echo")), must(run.Open("waits"))
	starts(t, echo, waits)
	runLists(t, echo)
	controls(t, waits)
	ends(t, waits)
	versions(t, echo)
	schedules(t, echo)
	runLimits(t, echo)
	echo.Close()
	waits.Close()
}

func starts(t said, r, other *run.Runs) {
	id := t.started("start")(r.Start(raw(`{"text": "ä€😀"}`), run.Options{
		Key:       new("avain-ä"),
		User:      new("ann-ä€😀"),
		Priority:  new(uint8(9)),
		Timeout:   new(10 * time.Minute),
		Delay:     new(time.Millisecond),
		Retention: new(10 * time.Minute),
	}))
	t.started("start again")(r.Start(raw("1"), run.Options{Key: new("avain-ä")}))
	t.run("wait")(r.Wait(id, patience))
	t.run("get")(r.Get(id))
	started, err := r.StartMany([]run.Request{{Input: raw("1")}, {Input: raw("[]")}})
	t.say("start many", plain(list(started, showStarted)), err)
	for _, one := range started {
		t.run("wait")(r.Wait(one.ID, patience))
	}
	infos, err := r.GetMany([]string{started[1].ID, "none", started[0].ID})
	t.say("get many", plain(list(infos, showRun)), err)
	t.run("get missing")(r.Get(missing))
	t.started("start bad JSON")(r.Start(raw("{"), run.Options{}))
	t.started("begin")(r.Begin([]string{"ä"}, run.Options{Key: new("avain-ä")}))
	events, err := r.History(id, 0, 100)
	t.say("history", len(events), err)
	events, err = r.History(id, 1, 1)
	t.say("history since", plain(list(events, func(event run.Event) string {
		return fmt.Sprint(event.Index)
	})), err)
	events, err = r.Changes(id, 0, 0)
	bad := slices.ContainsFunc(events, func(event run.Event) bool {
		return event.Event[0] != '{' || event.At.UnixMilli() <= 0
	})
	t.say("changes", !bad, err)
	t.steps("steps")(r.Steps(id))
	state, err := r.State(id, "none")
	t.say("state", text(state), err)
	t.run("get by another workflow")(other.Get(id))
	_, err = other.Steps(id)
	t.say("steps by another workflow", ok{}, err)
	flag(t.lines, "delete by another workflow")(other.Delete(id))
}

func runLists(t said, r *run.Runs) {
	names, err := run.Names()
	t.say("names", slices.Contains(names, "echo"), err)
	count := 0
	var cursor *string
	for {
		page := must(r.Find(run.Filter{}, cursor, 2))
		count += len(page.Runs)
		if cursor = page.Next; cursor == nil {
			break
		}
	}
	t.say("find all", count, nil)
	find := func(what string, filter run.Filter) {
		page, err := r.Find(filter, nil, 100)
		t.say(what, len(page.Runs), err)
	}
	find("find of user", run.Filter{User: new("ann-ä€😀")})
	find("find completed", run.Filter{Status: new(run.Completed)})
	find("find failed", run.Filter{Status: new(run.Failed)})
	find("find before 1970", run.Filter{Until: new(time.UnixMilli(0))})
	find("find since 2^53 + 2", run.Filter{Since: new(time.UnixMilli(1<<53 + 2))})
	_, err = r.Find(run.Filter{}, new("ä"), 1)
	t.say("bad cursor", ok{}, err)
}

func controls(t said, r *run.Runs) {
	done := func(what string, err error) { t.say(what, ok{}, err) }
	signal := func(what, id, payload string, key *string) {
		taken, err := r.Signal(id, "go", raw(payload), key)
		t.say(what, taken, err)
	}
	id := begin(r, "null")
	asked(r, id, "suspend", "why")
	t.run("suspended")(r.Get(id))
	done("retry what goes on", r.Retry(id, nil))
	flag(t.lines, "delete what goes on")(r.Delete(id))
	done("resume", r.Resume(id))
	t.say("resume again", r.Resume(id) != nil, nil)
	signal("signal", id, `{"ä": 1}`, new("once"))
	signal("signal again", id, "2", new("once"))
	asked(r, id, "approval", "pay")
	done("decide another", r.Decide(id, "other", true, nil, raw("null")))
	done("decide bad JSON", r.Decide(id, "pay", true, nil, raw("{")))
	done("decide", r.Decide(id, "pay", true, new("bob-ä"), raw("[1]")))
	t.run("wait")(r.Wait(id, patience))
	t.steps("steps")(r.Steps(id))
	signal("signal what has ended", id, "1", nil)
	signal("signal bad JSON", id, "{", nil)
	signal("signal missing", missing, "1", nil)
	done("decide what has ended", r.Decide(id, "pay", true, nil, raw("null")))
}

func ends(t said, r *run.Runs) {
	done := func(what string, err error) { t.say(what, ok{}, err) }
	id := begin(r, "null")
	asked(r, id, "suspend", "why")
	done("cancel", r.Cancel(id, "ä", false))
	t.run("wait")(r.Wait(id, patience))
	done("cancel what has ended", r.Cancel(id, "", false))
	id = begin(r, "null")
	done("cancel by force", r.Cancel(id, "", true))
	t.run("wait")(r.Wait(id, patience))
	flag(t.lines, "delete")(r.Delete(id))
	flag(t.lines, "delete again")(r.Delete(id))
	t.run("wait for what is deleted")(r.Wait(id, 0))
	undone := must(run.Open("undone"))
	defer undone.Close()
	id = begin(undone, `"card"`)
	t.run("wait")(undone.Wait(id, patience))
	done("retry from where it was not", undone.Retry(id, new(uint32(70))))
	done("retry", undone.Retry(id, new(uint32(0))))
	t.run("wait")(undone.Wait(id, patience))
}

func versions(t said, r *run.Runs) {
	versions := must(r.Versions())
	draft := slices.ContainsFunc(versions, func(version run.Version) bool {
		return version.Status != run.Active
	})
	t.say("versions", len(versions), nil)
	t.say("active", !draft && versions[0].FirstSeen.UnixMilli() > 0, nil)
	digest := versions[0].Digest
	flag(t.lines, "decline")(r.SetVersion(digest, run.Declined))
	t.started("start")(r.Start(raw("null"), run.Options{}))
	flag(t.lines, "activate")(r.SetVersion(digest, run.Active))
	other := strings.ReplaceAll(digest, ":", ":0")
	flag(t.lines, "of another digest")(r.SetVersion(other, run.Draft))
}

func schedules(t said, r *run.Runs) {
	schedule := func(what, name, cron, input string) {
		schedule, err := r.Schedule(name, cron, raw(input), run.Options{})
		t.say(what, plain(showSchedule(schedule)), err)
	}
	schedule("schedule", "yö-ä", "0 0 1 1 *", "[1]")
	schedule("schedule by seconds", "b", "0 0 0 1 1 *", "null")
	schedule("bad cron", "c", "whenever", "1")
	all, err := r.Schedules()
	t.say("schedules", plain(list(all, showSchedule)), err)
	flag(t.lines, "unschedule")(r.Unschedule("yö-ä"))
	flag(t.lines, "unschedule again")(r.Unschedule("yö-ä"))
	flag(t.lines, "unschedule")(r.Unschedule("b"))
}

func runLimits(t said, r *run.Runs) {
	started, err := r.Start(jsonText(256<<10), run.Options{})
	t.say("largest input", ok{}, err)
	info, err := r.Wait(started.ID, patience)
	t.say("its output", len(info.Output), err)
	start := func(what string, input json.RawMessage, options run.Options) {
		_, err := r.Start(input, options)
		t.say(what, ok{}, err)
	}
	null := raw("null")
	start("larger input", jsonText(256<<10+1), run.Options{})
	start("longer key", null, run.Options{Key: new(strings.Repeat("k", 256))})
	start("longer user", null, run.Options{User: new(strings.Repeat("u", 256))})
	start("higher priority", null, run.Options{Priority: new(uint8(10))})
	start("timeout of 2^63", null, run.Options{Timeout: new(forever)})
	start("longer retention", null, run.Options{Retention: new(400*24*time.Hour + 1)})
	same := run.Request{Input: null, Options: run.Options{Key: new("same")}}
	requests := slices.Repeat([]run.Request{same}, 65)
	many, err := r.StartMany(requests[:64])
	t.say("most at a time", len(many), err)
	many, err = r.StartMany(requests)
	t.say("more at a time", len(many), err)
	ids := slices.Repeat([]string{"none"}, 65)
	infos, err := r.GetMany(ids[:64])
	t.say("most to get", len(infos), err)
	infos, err = r.GetMany(ids)
	t.say("more to get", len(infos), err)
	_, err = r.Find(run.Filter{}, nil, 101)
	t.say("larger page", ok{}, err)
	_, err = r.Wait(missing, patience+1)
	t.say("longer wait", ok{}, err)
}
