// Package run is about runs of durable workflows, from outside: start, see, and control them.
//
//	orders, err := run.Open("checkout")
//	if err != nil {
//		return err
//	}
//	defer orders.Close()
//	started, err := orders.Begin(order, run.Options{Key: new("order-17")})
//	taken, err := orders.Signal(started.ID, "paid", json.RawMessage("true"), nil)
//
// Every call on one run is atomic, and is seen by every host as soon as it returns. A list is read
// from several places, one after the other.
//
// Names and start keys are at most 255 bytes; an input, output and a signal 256 KiB each (a
// manifest may lower that), a page 100 items, a batch 64. The manifest grants runs with [run]
// workflows.
//
// Errors are [*satama.Error]: satama.ErrAccessDenied of Open, satama.ErrNotFound, satama.ErrIllegal
// with the run's status, satama.ErrNoVersion, satama.ErrInvalid, satama.ErrInvalidCursor,
// satama.ErrTooLarge, satama.ErrQuotaExceeded and satama.ErrUnavailable.
package run

import (
	"encoding/json"
	"iter"
	"time"

	satama "github.com/satama/satama/guest/go"
	"github.com/satama/satama/guest/go/internal/codec"
	"github.com/satama/satama/guest/go/internal/host"
	wit "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_run"
	witTypes "go.bytecodealliance.org/pkg/wit/types"
)

// Most runs that a page has.
const pageMax = 100

// Runs are the runs of one workflow. Holding one is the permission to see and control them.
type Runs struct {
	wit *wit.Runs
}

// Names are the granted workflows that have runs or a version, in the order of their bytes. Safe to
// retry.
func Names() ([]string, error) {
	return host.Result(wit.Names, failed)
}

// Open opens the runs of a workflow. Does not reach the store.
func Open(workflow string) (*Runs, error) {
	runs, err := host.Result(func() witTypes.Result[*wit.Runs, wit.Error] {
		return wit.RunsOpen(workflow)
	}, failed)
	if err != nil {
		return nil, err
	}
	return &Runs{runs}, nil
}

// Close gives the handle back. The runs must not be used after it.
func (r *Runs) Close() {
	r.wit.Drop()
}

// Begin starts a run with what is written as JSON. Otherwise as Start; what cannot be JSON fails as
// satama.ErrInvalid.
func (r *Runs) Begin(input any, options Options) (Started, error) {
	text, err := codec.Encode(input)
	if err != nil {
		invalid := &satama.Error{Service: "run", Code: satama.ErrInvalid, Detail: err.Error()}
		return Started{}, invalid
	}
	return r.Start(json.RawMessage(text), options)
}

// Start starts a run, of the newest active version of the workflow. The input is JSON. Retried
// after satama.ErrUnavailable without a key, it may start two.
func (r *Runs) Start(input json.RawMessage, options Options) (Started, error) {
	started, err := host.Result(func() witTypes.Result[wit.Started, wit.Error] {
		return r.wit.Start(string(input), options.wit())
	}, failed)
	return startedOf(started), err
}

// StartMany starts at most 64. Each is atomic, all together are not: after satama.ErrUnavailable
// some may have been started.
func (r *Runs) StartMany(requests []Request) ([]Started, error) {
	list := host.Map(requests, func(request Request) wit.Request {
		return wit.Request{Input: string(request.Input), Options: request.Options.wit()}
	})
	started, err := host.Result(func() witTypes.Result[[]wit.Started, wit.Error] {
		return r.wit.StartMany(list)
	}, failed)
	return host.Map(started, startedOf), err
}

// Get is the run, or nil. Safe to retry.
func (r *Runs) Get(id string) (*Info, error) {
	info, err := host.Result(func() witTypes.Result[witTypes.Option[wit.Info], wit.Error] {
		return r.wit.Get(id)
	}, failed)
	return optional(info), err
}

// GetMany are at most 64 runs, each or nil. Safe to retry.
func (r *Runs) GetMany(ids []string) ([]*Info, error) {
	infos, err := host.Result(func() witTypes.Result[[]witTypes.Option[wit.Info], wit.Error] {
		return r.wit.GetMany(ids)
	}, failed)
	return host.Map(infos, optional), err
}

// Find are runs, newest first, at most limit; zero is taken as one. From the start without a
// cursor. Safe to retry.
func (r *Runs) Find(filter Filter, cursor *string, limit uint32) (Page, error) {
	which, err := filter.wit()
	if err != nil {
		return Page{}, err
	}
	page, err := host.Result(func() witTypes.Result[wit.Page, wit.Error] {
		return r.wit.Find(which, host.Option(cursor), limit)
	}, failed)
	return Page{Runs: host.Map(page.Runs, infoOf), Next: host.Pointer(page.Next)}, err
}

// All are all runs that a filter finds, newest first, read page by page. Ends with the first error.
func (r *Runs) All(filter Filter) iter.Seq2[Info, error] {
	return host.All(func(cursor *string) ([]Info, *string, error) {
		page, err := r.Find(filter, cursor, pageMax)
		return page.Runs, page.Next, err
	})
}

// Steps are the steps of a run, in the order in which its body asked for them. Safe to retry.
func (r *Runs) Steps(id string) ([]Step, error) {
	steps, err := host.Result(func() witTypes.Result[[]wit.Step, wit.Error] {
		return r.wit.Steps(id)
	}, failed)
	return host.Map(steps, stepOf), err
}

// History is the history of a run from an event on, at most limit events; zero is taken as one.
// Safe to retry.
func (r *Runs) History(id string, since, limit uint32) ([]Event, error) {
	events, err := host.Result(func() witTypes.Result[[]wit.Event, wit.Error] {
		return r.wit.History(id, since, limit)
	}, failed)
	return host.Map(events, eventOf), err
}

// State is a part of a run's state, as JSON, or nil. Safe to retry.
func (r *Runs) State(id, name string) (json.RawMessage, error) {
	state, err := host.Result(func() witTypes.Result[witTypes.Option[string], wit.Error] {
		return r.wit.State(id, name)
	}, failed)
	return raw(state), err
}

// Wait waits until the run has ended, or timeout has passed, at most 30 seconds; how it is then.
// The store is not asked again and again meanwhile. Safe to retry.
func (r *Runs) Wait(id string, timeout time.Duration) (*Info, error) {
	info, err := host.Result(func() witTypes.Result[wit.Info, wit.Error] {
		return r.wit.Wait(id, host.Millis(timeout))
	}, failed)
	if err != nil {
		return nil, err
	}
	return new(infoOf(info)), nil
}

// Changes waits until there are events from since on, or timeout has passed; at most 100 of them.
// Safe to retry.
func (r *Runs) Changes(id string, since uint32, timeout time.Duration) ([]Event, error) {
	events, err := host.Result(func() witTypes.Result[[]wit.Event, wit.Error] {
		return r.wit.Changes(id, since, host.Millis(timeout))
	}, failed)
	return host.Map(events, eventOf), err
}

// Signal sends a signal, whose payload is JSON. Of two with one key, the second is not taken. True
// if it was. Without a key, retried after satama.ErrUnavailable it may come twice.
func (r *Runs) Signal(id, name string, payload json.RawMessage, key *string) (bool, error) {
	return host.Result(func() witTypes.Result[bool, wit.Error] {
		return r.wit.Signal(id, name, string(payload), host.Option(key))
	}, failed)
}

// Decide decides an approval that the run has asked for. The first decision counts. The data is
// JSON, nested at most 126 deep. satama.ErrIllegal if no such approval is open.
func (r *Runs) Decide(id, name string, approved bool, by *string, data json.RawMessage) error {
	return r.done(func() witTypes.Result[witTypes.Unit, wit.Error] {
		return r.wit.Decide(id, name, approved, host.Option(by), string(data))
	})
}

// Resume resumes a suspended run.
func (r *Runs) Resume(id string) error {
	return r.done(func() witTypes.Result[witTypes.Unit, wit.Error] { return r.wit.Resume(id) })
}

// Cancel cancels a run, and its children. It is told, and can undo what it did; with force it is
// not told, and ends now. A run that is being cancelled already stays so. Safe to retry.
func (r *Runs) Cancel(id, reason string, force bool) error {
	return r.done(func() witTypes.Result[witTypes.Unit, wit.Error] {
		return r.wit.Cancel(id, reason, force)
	})
}

// Retry lets a run that failed or was cancelled go on from a step, whose record and those of all
// after it are left out from now on; with nil, from the step that failed. The WIT says what becomes
// of steps that were undone.
func (r *Runs) Retry(id string, number *uint32) error {
	return r.done(func() witTypes.Result[witTypes.Unit, wit.Error] {
		return r.wit.Retry(id, host.Option(number))
	})
}

// Delete deletes a run that has ended, with all that belongs to it, its children too. True if there
// was one. Safe to retry.
func (r *Runs) Delete(id string) (bool, error) {
	return host.Result(func() witTypes.Result[bool, wit.Error] { return r.wit.Delete(id) }, failed)
}

// Versions are the versions of this workflow, newest first; at most 100. Safe to retry.
func (r *Runs) Versions() ([]Version, error) {
	versions, err := host.Result(func() witTypes.Result[[]wit.Version, wit.Error] {
		return r.wit.Versions()
	}, failed)
	return host.Map(versions, versionOf), err
}

// SetVersion sets whether a version starts new runs. False if there is none of this digest. Safe to
// retry.
func (r *Runs) SetVersion(digest string, status VersionStatus) (bool, error) {
	number, err := number(versionStatuses, status)
	if err != nil {
		return false, err
	}
	return host.Result(func() witTypes.Result[bool, wit.Error] {
		return r.wit.SetVersion(digest, number)
	}, failed)
}

// Schedule starts a run each time a cron expression says so, in UTC. The input is JSON. Replaces
// the schedule of this name. A run that could not be started at its time, for no host was up, is
// started once later. Safe to retry.
func (r *Runs) Schedule(
	name, cron string, input json.RawMessage, options Options,
) (Schedule, error) {
	schedule, err := host.Result(func() witTypes.Result[wit.Schedule, wit.Error] {
		return r.wit.Schedule(name, cron, string(input), options.wit())
	}, failed)
	if err != nil {
		return Schedule{}, err
	}
	return scheduleOf(schedule), nil
}

// Unschedule ends a schedule. True if there was one. Safe to retry.
func (r *Runs) Unschedule(name string) (bool, error) {
	return host.Result(func() witTypes.Result[bool, wit.Error] {
		return r.wit.Unschedule(name)
	}, failed)
}

// Schedules are the schedules of this workflow, in the order of their names; at most 100. Safe to
// retry.
func (r *Runs) Schedules() ([]Schedule, error) {
	schedules, err := host.Result(func() witTypes.Result[[]wit.Schedule, wit.Error] {
		return r.wit.Schedules()
	}, failed)
	return host.Map(schedules, scheduleOf), err
}

func (r *Runs) done(call func() witTypes.Result[witTypes.Unit, wit.Error]) error {
	return host.Done(call, failed)
}

func optional(info witTypes.Option[wit.Info]) *Info {
	if info.IsNone() {
		return nil
	}
	return new(infoOf(info.Some()))
}
