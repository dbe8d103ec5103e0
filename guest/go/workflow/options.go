package workflow

import (
	"math"
	"time"

	"github.com/satama/satama/guest/go/internal/host"
	wit "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_workflow"
	witTypes "go.bytecodealliance.org/pkg/wit/types"
)

const (
	// How long the wait before the second attempt is, unless something else is said.
	delay = time.Second
	// How long it may become.
	delayMax = time.Minute
	// How much of it may be left out at random, in percent.
	jitterPercent = 20
)

// StepOption is an option of a step: [Named], [Retries], [Fixed], [Exponential], [Jitter],
// [Timeout] or [Undoing].
type StepOption interface {
	step(*stepOptions)
}

// ChildOption is an option of a child: [Named], [Timeout] or [Priority].
type ChildOption interface {
	child(*childOptions)
}

// Option is an option of a step or of a child.
type Option interface {
	StepOption
	ChildOption
}

type stepOptions struct {
	name     string
	retries  uint32
	backoff  wit.Backoff
	delay    time.Duration
	delayMax time.Duration
	jitter   uint8
	timeout  *time.Duration
	undo     bool
}

type childOptions struct {
	name     string
	timeout  *time.Duration
	priority *uint8
}

type named string

type timeout time.Duration

type stepFunc func(*stepOptions)

type childFunc func(*childOptions)

// Named is the name in the history of what is asked for. Without, it is that of the function or
// workflow.
func Named(name string) Option {
	return named(name)
}

// Timeout ends an attempt of a step that takes longer: it has failed as timeout then. It cancels a
// child after so long, all its generations together; it has failed then.
func Timeout(after time.Duration) Option {
	return timeout(after)
}

// Retries tries a step again up to so many times, so once more than this in all. None, unless told.
// The waits are from one second to a minute, twice as long each time, unless told.
func Retries(retries uint32) StepOption {
	return stepFunc(func(o *stepOptions) { o.retries = retries })
}

// Fixed waits the same time before each other attempt, and leaves nothing of it out.
func Fixed(delay time.Duration) StepOption {
	return stepFunc(func(o *stepOptions) {
		o.backoff, o.delay, o.delayMax, o.jitter = wit.Backoff_Fixed, delay, delay, 0
	})
}

// Exponential waits twice as long before each other attempt, up to delayMax; a fifth of it is left
// to chance.
func Exponential(delay, delayMax time.Duration) StepOption {
	return stepFunc(func(o *stepOptions) {
		o.backoff, o.delay, o.delayMax = wit.Backoff_Exponential, delay, delayMax
		o.jitter = jitterPercent
	})
}

// Jitter says how much of a wait may be left out at random, in percent; at most 100. After [Fixed]
// or [Exponential].
func Jitter(percent uint8) StepOption {
	return stepFunc(func(o *stepOptions) { o.jitter = percent })
}

// Undoing marks a step as one that undoes an earlier one. A [Saga] does so by itself.
func Undoing() StepOption {
	return stepFunc(func(o *stepOptions) { o.undo = true })
}

// Priority is a child's, from 0 to 9; its parent's, unless told.
func Priority(priority uint8) ChildOption {
	return childFunc(func(o *childOptions) { o.priority = &priority })
}

func (n named) step(o *stepOptions)   { o.name = string(n) }
func (n named) child(o *childOptions) { o.name = string(n) }

func (t timeout) step(o *stepOptions)   { o.timeout = new(time.Duration(t)) }
func (t timeout) child(o *childOptions) { o.timeout = new(time.Duration(t)) }

func (f stepFunc) step(o *stepOptions)    { f(o) }
func (f childFunc) child(o *childOptions) { f(o) }

func newStep(name string, options []StepOption) stepOptions {
	step := stepOptions{
		name:     name,
		backoff:  wit.Backoff_Exponential,
		delay:    delay,
		delayMax: delayMax,
		jitter:   jitterPercent,
	}
	for _, option := range options {
		option.step(&step)
	}
	return step
}

func newChild(name string, options []ChildOption) childOptions {
	child := childOptions{name: name}
	for _, option := range options {
		option.child(&child)
	}
	return child
}

func (o *stepOptions) wit() wit.StepOptions {
	retry := witTypes.None[wit.Retry]()
	if o.retries > 0 {
		attempts := o.retries
		if attempts < math.MaxUint32 {
			attempts++
		}
		retry = witTypes.Some(wit.Retry{
			Attempts:      attempts,
			DelayMs:       host.Millis(o.delay),
			Backoff:       o.backoff,
			DelayMaxMs:    host.Millis(o.delayMax),
			JitterPercent: o.jitter,
		})
	}
	return wit.StepOptions{Retry: retry, TimeoutMs: host.OptionMillis(o.timeout), Undo: o.undo}
}

func (o *childOptions) wit() wit.ChildOptions {
	return wit.ChildOptions{
		TimeoutMs: host.OptionMillis(o.timeout),
		Priority:  host.Option(o.priority),
	}
}
