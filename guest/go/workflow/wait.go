package workflow

import (
	"encoding/json"
	"time"

	"github.com/satama/satama/guest/go/internal/codec"
	"github.com/satama/satama/guest/go/internal/host"
	wit "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_workflow"
	witTypes "go.bytecodealliance.org/pkg/wit/types"
)

// Sleep waits for so long. It does not matter which hosts are up until then. At most ten years.
// [time.Sleep] is not for bodies.
func Sleep(duration time.Duration) error {
	return slept(Timer("sleep", duration))
}

// SleepUntil waits until a time.
func SleepUntil(at time.Time) error {
	return slept(TimerAt("sleep", at))
}

func slept(timer *Pending[struct{}], err error) error {
	if err != nil {
		return err
	}
	defer timer.Close()
	_, err = timer.Wait()
	return err
}

// Timer is a timer that goes off so long after it is recorded.
func Timer(name string, duration time.Duration) (*Pending[struct{}], error) {
	return pendingOf[struct{}](host.Result(func() witTypes.Result[uint32, wit.Error] {
		return calls.timer(name, host.Millis(duration))
	}, failed))
}

// TimerAt is a timer that goes off at a time, in whole milliseconds.
func TimerAt(name string, at time.Time) (*Pending[struct{}], error) {
	millis := at.UnixMilli()
	if at.After(time.UnixMilli(millis)) {
		millis++
	}
	return pendingOf[struct{}](host.Result(func() witTypes.Result[uint32, wit.Error] {
		return calls.timerAt(name, uint64(max(millis, 0)))
	}, failed))
}

// Signal is the next signal called name, which may have come already. Each is given once, in the
// order in which they came; one that was asked for and not waited for is given to who asks next.
func Signal[T any](name string) (*Pending[T], error) {
	return pendingOf[T](host.Result(func() witTypes.Result[uint32, wit.Error] {
		return calls.signal(name)
	}, failed))
}

// SignalWithin waits for the next signal called name, but no longer than this. False if none came.
func SignalWithin[T any](name string, duration time.Duration) (value T, ok bool, err error) {
	signal, err := Signal[T](name)
	if err != nil {
		return value, false, err
	}
	defer signal.Close()
	late, err := Timer(name, duration)
	if err != nil {
		return value, false, err
	}
	defer late.Close()
	first, err := Any(signal, late)
	if err != nil || first != 0 {
		return value, false, err
	}
	value, err = signal.Wait()
	return value, err == nil, err
}

// Decision is what became of an approval.
type Decision struct {
	// Approved says whether someone approved.
	Approved bool
	// Expired says whether nobody decided in time.
	Expired bool
	// By is who decided, if that was said.
	By *string
	// Data is JSON: what they said to it. Nil if nobody decided.
	Data json.RawMessage
}

// Approval asks for an approval and waits for it, but no longer than within, if that is not nil.
// The data is shown to whoever decides.
func Approval(name string, data any, within *time.Duration) (Decision, error) {
	pending, err := Ask(name, data, within)
	if err != nil {
		return Decision{}, err
	}
	defer pending.Close()
	return pending.Wait()
}

// Ask asks for an approval. As [Approval], and does not wait.
func Ask(name string, data any, within *time.Duration) (*Pending[Decision], error) {
	json, err := input(data)
	if err != nil {
		return nil, err
	}
	ticket, err := host.Result(func() witTypes.Result[uint32, wit.Error] {
		return calls.approval(name, json, host.OptionMillis(within))
	}, failed)
	if err != nil {
		return nil, err
	}
	return pendingWith(ticket, decision), nil
}

func decision(outcome wit.Outcome) (Decision, error) {
	if outcome.Tag() == wit.Outcome_Expired {
		return Decision{Expired: true}, nil
	}
	text, err := done(outcome)
	if err != nil {
		return Decision{}, err
	}
	read, err := output[map[string]json.RawMessage](string(text))
	if err != nil {
		return Decision{}, err
	}
	decided := Decision{Data: json.RawMessage("null")}
	// Whatever is not an approval is none.
	approved, err := codec.Decode[bool](string(read["approved"]))
	decided.Approved = err == nil && approved
	if by, err := codec.Decode[string](string(read["by"])); err == nil {
		decided.By = &by
	}
	if data, ok := read["data"]; ok {
		decided.Data = data
	}
	return decided, nil
}
