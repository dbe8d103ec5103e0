package host

import (
	"errors"
	"math"
	"reflect"
	"testing"
	"time"
)

func TestAllPagesAreReadUpToAnError(t *testing.T) {
	failed := errors.New("unavailable")
	pages := map[string][]string{"": {"a", "b"}, "b": {}, "m": {"n"}}
	nexts := map[string]string{"": "b", "b": "m", "m": "n"}
	read := func(cursor *string) ([]string, *string, error) {
		at := ""
		if cursor != nil {
			at = *cursor
		}
		if at == "n" {
			return nil, nil, failed
		}
		return pages[at], new(nexts[at]), nil
	}
	got := []string{}
	for name, err := range All(read) {
		if err != nil {
			name = err.Error()
		}
		got = append(got, name)
	}
	if want := []string{"a", "b", "n", "unavailable"}; !reflect.DeepEqual(got, want) {
		t.Fatal(got)
	}
	for range All(read) {
		break
	}
}

func TestDurationsAreRoundedUp(t *testing.T) {
	for duration, want := range map[time.Duration]uint64{
		-time.Hour: 0, 0: 0, 1: 1, time.Millisecond: 1, time.Millisecond + 1: 2,
		math.MaxInt64: 9223372036855,
	} {
		if got := Millis(duration); got != want {
			t.Fatal(duration, got)
		}
	}
	if Duration(math.MaxUint64) != math.MaxInt64 || Duration(1500) != 1500*time.Millisecond {
		t.Fatal("a duration is what it was, or the longest")
	}
}
