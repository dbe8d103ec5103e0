package run

import (
	"encoding/json"
	"slices"
	"time"

	satama "github.com/satama/satama/guest/go"
	"github.com/satama/satama/guest/go/internal/failures"
	"github.com/satama/satama/guest/go/internal/host"
	wit "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_run"
	workflow "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_workflow"
	witTypes "go.bytecodealliance.org/pkg/wit/types"
)

var (
	statuses        = []Status{Running, Suspended, Cancelling, Completed, Failed, Cancelled}
	stepStatuses    = []StepStatus{StepPending, StepSucceeded, StepFailed}
	versionStatuses = []VersionStatus{Draft, Active, Declined}
)

func (o Options) wit() wit.Options {
	return wit.Options{
		Key:         host.Option(o.Key),
		User:        host.Option(o.User),
		TimeoutMs:   host.OptionMillis(o.Timeout),
		Priority:    host.Option(o.Priority),
		DelayMs:     host.OptionMillis(o.Delay),
		RetentionMs: host.OptionMillis(o.Retention),
	}
}

func (f Filter) wit() (wit.Filter, error) {
	filter := wit.Filter{
		Status:  witTypes.None[wit.Status](),
		User:    host.Option(f.User),
		SinceMs: millis(f.Since),
		UntilMs: millis(f.Until),
	}
	if f.Status != nil {
		status, err := number(statuses, *f.Status)
		if err != nil {
			return filter, err
		}
		filter.Status = witTypes.Some(status)
	}
	return filter, nil
}

// number is which case of the WIT a name is.
func number[T ~string](cases []T, name T) (uint8, error) {
	at := slices.Index(cases, name)
	if at < 0 {
		detail := "there is no status " + string(name)
		return 0, &satama.Error{Service: "run", Code: satama.ErrInvalid, Detail: detail}
	}
	return uint8(at), nil
}

func millis(at *time.Time) witTypes.Option[uint64] {
	if at == nil {
		return witTypes.None[uint64]()
	}
	return witTypes.Some(uint64(max(at.UnixMilli(), 0)))
}

func raw(text witTypes.Option[string]) json.RawMessage {
	if text.IsNone() {
		return nil
	}
	return json.RawMessage(text.Some())
}

func failureOf(failure witTypes.Option[workflow.Failure]) *Failure {
	if failure.IsNone() {
		return nil
	}
	return failures.Of(failure.Some())
}

func startedOf(started wit.Started) Started {
	return Started{ID: started.Id, New: started.New}
}

func infoOf(info wit.Info) Info {
	return Info{
		ID:         info.Id,
		Workflow:   info.Workflow,
		Status:     statuses[info.Status],
		Digest:     info.Digest,
		Generation: info.Generation,
		User:       host.Pointer(info.User),
		Key:        host.Pointer(info.Key),
		Parent:     host.Pointer(info.Parent),
		Priority:   info.Priority,
		Created:    host.Time(info.CreatedAtMs),
		Updated:    host.Time(info.UpdatedAtMs),
		Ended:      host.OptionTime(info.EndedAtMs),
		Events:     info.Events,
		WaitsFor:   host.Pointer(info.WaitsFor),
		Input:      raw(info.Input),
		Output:     raw(info.Output),
		Failure:    failureOf(info.Failure),
	}
}

func stepOf(step wit.Step) Step {
	return Step{
		Number:   step.Number,
		Kind:     step.Kind,
		Name:     step.Name,
		Target:   host.Pointer(step.Target),
		Child:    host.Pointer(step.Child),
		Status:   stepStatuses[step.Status],
		Attempts: step.Attempts,
		Undo:     step.Undo,
		Input:    raw(step.Input),
		Output:   raw(step.Output),
		Failure:  failureOf(step.Failure),
		Created:  host.Time(step.CreatedAtMs),
		Ended:    host.OptionTime(step.EndedAtMs),
	}
}

func eventOf(event wit.Event) Event {
	return Event{event.Index, host.Time(event.AtMs), json.RawMessage(event.Event)}
}

func versionOf(version wit.Version) Version {
	return Version{
		Digest:    version.Digest,
		Status:    versionStatuses[version.Status],
		Source:    version.Source,
		FirstSeen: host.Time(version.FirstSeenAtMs),
		LastSeen:  host.Time(version.LastSeenAtMs),
	}
}

func scheduleOf(schedule wit.Schedule) Schedule {
	return Schedule{
		Name:  schedule.Name,
		Cron:  schedule.Cron,
		Input: json.RawMessage(schedule.Input),
		Next:  host.Time(schedule.NextAtMs),
	}
}

var codes = [...]satama.Code{
	wit.Error_AccessDenied:  satama.ErrAccessDenied,
	wit.Error_NotFound:      satama.ErrNotFound,
	wit.Error_Illegal:       satama.ErrIllegal,
	wit.Error_NoVersion:     satama.ErrNoVersion,
	wit.Error_Invalid:       satama.ErrInvalid,
	wit.Error_InvalidCursor: satama.ErrInvalidCursor,
	wit.Error_TooLarge:      satama.ErrTooLarge,
	wit.Error_QuotaExceeded: satama.ErrQuotaExceeded,
	wit.Error_Unavailable:   satama.ErrUnavailable,
}

func failed(err wit.Error) error {
	failure := &satama.Error{Service: "run", Code: codes[err.Tag()]}
	switch err.Tag() {
	case wit.Error_Illegal:
		failure.Detail = string(statuses[err.Illegal()])
	case wit.Error_Invalid:
		failure.Detail = err.Invalid()
	case wit.Error_TooLarge:
		failure.Limit = err.TooLarge()
	}
	return failure
}
