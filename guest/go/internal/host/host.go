// Package host calls imports of the component.
package host

import (
	"math"
	"strings"
	"sync"
	"time"

	witRuntime "go.bytecodealliance.org/pkg/wit/runtime"
	witTypes "go.bytecodealliance.org/pkg/wit/types"
)

// Another goroutine's call would free what the host has just handed over.
var calls sync.Mutex

// Call calls an import.
func Call[T any](call func() T) T {
	calls.Lock()
	defer calls.Unlock()
	witRuntime.DropCollected()
	result := call()
	witRuntime.Lifted()
	return result
}

// Result calls an import that may fail, whose error is one of Go by fail.
func Result[T, E any](
	call func() witTypes.Result[T, E], fail func(E) error,
) (value T, err error) {
	result := Call(call)
	if result.IsErr() {
		return value, fail(result.Err())
	}
	return result.Ok(), nil
}

// Done calls an import that may fail, and answers nothing else.
func Done[E any](call func() witTypes.Result[witTypes.Unit, E], fail func(E) error) error {
	_, err := Result(call, fail)
	return err
}

// Option is an option of the WIT.
func Option[T any](value *T) witTypes.Option[T] {
	if value == nil {
		return witTypes.None[T]()
	}
	return witTypes.Some(*value)
}

// Pointer is what an option of the WIT has, or nil.
func Pointer[T any](option witTypes.Option[T]) *T {
	if option.IsNone() {
		return nil
	}
	return new(option.Some())
}

// Map makes another list of a list.
func Map[A, B any](list []A, with func(A) B) []B {
	mapped := make([]B, 0, len(list))
	for _, item := range list {
		mapped = append(mapped, with(item))
	}
	return mapped
}

// Millis is a duration in milliseconds, rounded up. A negative one is zero.
func Millis(duration time.Duration) uint64 {
	if duration <= 0 {
		return 0
	}
	whole := uint64(duration / time.Millisecond)
	if duration%time.Millisecond != 0 {
		whole++
	}
	return whole
}

// OptionMillis is the same of what may be none.
func OptionMillis(duration *time.Duration) witTypes.Option[uint64] {
	if duration == nil {
		return witTypes.None[uint64]()
	}
	return witTypes.Some(Millis(*duration))
}

// Duration is so many milliseconds, or the longest duration there is.
func Duration(millis uint64) time.Duration {
	if millis > math.MaxInt64/uint64(time.Millisecond) {
		return math.MaxInt64
	}
	return time.Duration(millis) * time.Millisecond
}

// Time is a time of the WIT, in milliseconds since 1970.
func Time(millis uint64) time.Time {
	return time.UnixMilli(int64(millis)).UTC()
}

// OptionTime is the same of what may be none.
func OptionTime(millis witTypes.Option[uint64]) *time.Time {
	if millis.IsNone() {
		return nil
	}
	return new(Time(millis.Some()))
}

// UTF8 is a text with what is not UTF-8 replaced: the host ends an instance that hands it such.
func UTF8(text string) string {
	return strings.ToValidUTF8(text, "\uFFFD")
}
