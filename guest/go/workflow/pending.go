package workflow

import (
	"encoding/json"
	"errors"

	satama "github.com/satama/satama/guest/go"
	"github.com/satama/satama/guest/go/internal/failures"
	"github.com/satama/satama/guest/go/internal/host"
	wit "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_workflow"
	witTypes "go.bytecodealliance.org/pkg/wit/types"
)

// Pending is something that was asked for and has not come to an end perhaps: a function, a child,
// a timer, a signal or an approval.
//
// Closed before a wait has answered, it is given up: a timer or an approval ends, and a signal goes
// to who asks next. What a body has not closed is given up when it ends. Unlike other handles it is
// not given up because it was collected: when that is would not be the same when the body is
// replayed.
type Pending[T any] struct {
	ticket uint32
	read   func(wit.Outcome) (T, error)
	// Whether a wait has answered: if not, the ticket is given up by Close.
	answered bool
}

// Waits is a [*Pending] of any type.
type Waits interface {
	place() uint32
}

// Settled is what came of something that was waited for.
type Settled[T any] struct {
	// Value is its result.
	Value T
	// Failure is why it has none, or nil.
	Failure *Failure
}

// Wait waits for it. After [ErrCancelled] it can be waited for again.
func (p *Pending[T]) Wait() (zero T, err error) {
	outcome, err := host.Result(func() witTypes.Result[wit.Outcome, wit.Error] {
		return calls.wait(p.ticket)
	}, failed)
	if err != nil {
		return zero, err
	}
	p.answered = true
	return p.read(outcome)
}

// Close gives it up, if no wait has answered.
func (p *Pending[T]) Close() {
	if p.answered {
		return
	}
	p.answered = true
	// There is no other place to say that it failed, and nothing that could be done.
	_ = host.Done(func() witTypes.Result[witTypes.Unit, wit.Error] {
		return calls.forget([]uint32{p.ticket})
	}, failed)
}

func (p *Pending[T]) place() uint32 {
	return p.ticket
}

// All waits for all of these. Their results, in their order; or the failure of the one that is
// first in the list, of those that failed. They are closed then.
func All[T any](pending ...*Pending[T]) ([]T, error) {
	ends, err := AllSettled(pending...)
	if err != nil {
		return nil, err
	}
	values := make([]T, 0, len(ends))
	for _, end := range ends {
		if end.Failure != nil {
			return nil, end.Failure
		}
		values = append(values, end.Value)
	}
	return values, nil
}

// AllSettled waits for all of these, and says of each what came of it. They are closed then.
func AllSettled[T any](pending ...*Pending[T]) ([]Settled[T], error) {
	tickets := make([]uint32, 0, len(pending))
	for _, one := range pending {
		tickets = append(tickets, one.ticket)
		defer one.Close()
	}
	err := host.Done(func() witTypes.Result[witTypes.Unit, wit.Error] {
		return calls.waitAll(tickets)
	}, failed)
	if err != nil {
		return nil, err
	}
	ends := make([]Settled[T], 0, len(pending))
	for _, one := range pending {
		value, err := one.Wait()
		failure, ok := errors.AsType[*Failure](err)
		if err != nil && !ok {
			return nil, err
		}
		ends = append(ends, Settled[T]{value, failure})
	}
	return ends, nil
}

// Any waits for any of these. Which it is, as its place in the list: of those that have come to an
// end, the one that was first. What came of it, its own Wait tells, at once. Of none it is an
// error.
func Any(pending ...Waits) (int, error) {
	if len(pending) == 0 {
		detail := "there is nothing to wait for"
		return 0, &satama.Error{Service: service, Code: satama.ErrMisplaced, Detail: detail}
	}
	tickets := make([]uint32, 0, len(pending))
	for _, one := range pending {
		tickets = append(tickets, one.place())
	}
	first, err := host.Result(func() witTypes.Result[uint32, wit.Error] {
		return calls.waitAny(tickets)
	}, failed)
	return int(first), err
}

// asked are those that the body has asked for: it is called on one goroutine.
var asked []interface{ Close() }

// forgetAsked gives up those that the body has not waited for, in the order in which it asked.
func forgetAsked() {
	for _, one := range asked {
		one.Close()
	}
	asked = nil
}

func pendingWith[T any](ticket uint32, read func(wit.Outcome) (T, error)) *Pending[T] {
	pending := &Pending[T]{ticket: ticket, read: read}
	asked = append(asked, pending)
	return pending
}

// pendingOf is what a ticket stands for, whose result is JSON.
func pendingOf[T any](ticket uint32, err error) (*Pending[T], error) {
	if err != nil {
		return nil, err
	}
	return pendingWith(ticket, func(outcome wit.Outcome) (zero T, err error) {
		json, err := done(outcome)
		if err != nil {
			return zero, err
		}
		return output[T](string(json))
	}), nil
}

// done is the result, of what has one.
func done(outcome wit.Outcome) (json.RawMessage, error) {
	switch outcome.Tag() {
	case wit.Outcome_Done:
		return json.RawMessage(outcome.Done()), nil
	case wit.Outcome_Failed:
		return nil, failures.Of(outcome.Failed())
	default:
		return nil, Fatal("expired", "nobody decided in time")
	}
}
