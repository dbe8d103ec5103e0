package run

import (
	"errors"
	"testing"
	"time"

	satama "github.com/satama/satama/guest/go"
)

func TestAFilterIsAsItIsSaid(t *testing.T) {
	filter, err := Filter{Status: new(Failed), Until: new(time.UnixMilli(-5))}.wit()
	if err != nil || filter.Status.Some() != 4 || filter.UntilMs.Some() != 0 || filter.SinceMs.IsSome() {
		t.Fatal(filter, err)
	}
	if _, err := (Filter{Status: new(Status("gone"))}).wit(); !errors.Is(err, satama.ErrInvalid) {
		t.Fatal(err)
	}
}

func TestOptionsAreAsTheyAreSaid(t *testing.T) {
	options := Options{Timeout: new(time.Millisecond + 1), Priority: new(uint8(0))}.wit()
	if options.TimeoutMs.Some() != 2 || options.Priority.Some() != 0 || options.Key.IsSome() {
		t.Fatal(options)
	}
}
