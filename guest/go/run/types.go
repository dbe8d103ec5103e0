package run

import (
	"encoding/json"
	"time"

	"github.com/satama/satama/guest/go/internal/failures"
)

// Failure is why a run or a step has failed.
type Failure = failures.Failure

// Status is where a run is in its life.
type Status string

// The statuses of runs.
const (
	// Running: it goes on, or waits.
	Running Status = "running"
	// Suspended: it waits until someone resumes it.
	Suspended Status = "suspended"
	// Cancelling: it was cancelled, and has not ended yet.
	Cancelling Status = "cancelling"
	// Completed: it has ended, with an output.
	Completed Status = "completed"
	// Failed: it has ended, with a failure.
	Failed Status = "failed"
	// Cancelled: it has ended, because it was cancelled.
	Cancelled Status = "cancelled"
)

// Options say how a run is started.
type Options struct {
	// Key makes two starts with it one run, as long as that is kept: the second is told its id, and
	// nothing else happens.
	Key *string
	// User is who it is for.
	User *string
	// Timeout is how long it may take. Then it is cancelled, and ends as failed.
	Timeout *time.Duration
	// Priority is from 0 to 9; 4 if nil. Each is worth a minute in the queue.
	Priority *uint8
	// Delay is how long to wait before it begins.
	Delay *time.Duration
	// Retention is how long after its end it is deleted; if nil, as the manifest says, or seven
	// days.
	Retention *time.Duration
}

// Started is what became of a start.
type Started struct {
	// ID is the run.
	ID string
	// New says whether it was started now, or had been before with the same key.
	New bool
}

// Request is a run to be started.
type Request struct {
	// Input is JSON.
	Input   json.RawMessage
	Options Options
}

// Info is a run at one moment.
type Info struct {
	ID       string
	Workflow string
	Status   Status
	// Digest is the component that it is pinned to: sha256: and 64 digits.
	Digest string
	// Generation is how often it was continued as new.
	Generation uint32
	User       *string
	Key        *string
	Parent     *string
	Priority   uint8
	Created    time.Time
	Updated    time.Time
	Ended      *time.Time
	// Events is how many its history has.
	Events uint32
	// WaitsFor is what it waits for, in words; or that no host has its component.
	WaitsFor *string
	// Input is JSON. Nil in a list.
	Input json.RawMessage
	// Output is JSON, if it is completed. Nil in a list.
	Output json.RawMessage
	// Failure is set if it has failed. Nil in a list.
	Failure *Failure
}

// StepStatus is where a step is.
type StepStatus string

// The statuses of steps.
const (
	// StepPending: it runs, or waits for a host or for its next attempt.
	StepPending StepStatus = "pending"
	// StepSucceeded: it is done.
	StepSucceeded StepStatus = "succeeded"
	// StepFailed: it has failed for good.
	StepFailed StepStatus = "failed"
)

// Step is one step, or something else that the body asked for.
type Step struct {
	// Number is its place in the order in which the body asked: from zero.
	Number uint32
	// Kind is step, function, child, timer, approval, suspend or state.
	Kind string
	Name string
	// Target is the function or workflow.
	Target *string
	// Child is the child's run.
	Child    *string
	Status   StepStatus
	Attempts uint32
	Undo     bool
	// Input is JSON: what it was given, where that is kept.
	Input   json.RawMessage
	Output  json.RawMessage
	Failure *Failure
	// Created is when it was recorded first.
	Created time.Time
	// Ended is when it came to its end.
	Ended *time.Time
}

// Event is one event of a history.
type Event struct {
	// Index is its place, from zero.
	Index uint32
	At    time.Time
	// Event is JSON: an object with one member, whose name is its kind.
	Event json.RawMessage
}

// Filter says which runs to find. What is nil does not matter.
type Filter struct {
	Status *Status
	User   *string
	// Since finds those created at this time or later.
	Since *time.Time
	// Until finds those created before this time.
	Until *time.Time
}

// Page is part of a list, newest first.
type Page struct {
	// Runs may be fewer than were asked for, or none, while there is a next page.
	Runs []Info
	// Next is where to go on, or nil if this was the last page.
	Next *string
}

// VersionStatus says whether a version starts new runs. Those that it has started go on in any
// case.
type VersionStatus string

// The statuses of versions.
const (
	// Draft: not yet.
	Draft VersionStatus = "draft"
	// Active: the newest that is active does.
	Active VersionStatus = "active"
	// Declined: no more.
	Declined VersionStatus = "declined"
)

// Version is a version of a workflow: a component that has it.
type Version struct {
	Digest string
	Status VersionStatus
	// Source is the component's name, as its host was told it.
	Source    string
	FirstSeen time.Time
	// LastSeen is when a host that serves it was last seen.
	LastSeen time.Time
}

// Schedule is a run that is started again and again.
type Schedule struct {
	Name string
	// Cron has five or six fields, the first of six being seconds; in UTC.
	Cron string
	// Input is JSON.
	Input json.RawMessage
	Next  time.Time
}
