package channel

import (
	"encoding/json"
	"errors"
	"testing"

	satama "github.com/satama/satama/guest/go"
)

// one is a store with one channel, which loses so many races.
type one struct {
	state State
	races int
}

func (o *one) GetState(string) (State, error) {
	return o.state, nil
}

func (o *one) CompareAndSetState(
	_ string, version uint64, value json.RawMessage,
) (uint64, bool, error) {
	if o.races > 0 {
		o.races--
		return version + 1, false, nil
	}
	o.state = State{Version: version + 1, Value: value}
	return version + 1, true, nil
}

func count(n int, ok bool) (int, error) {
	if !ok {
		return 7, nil
	}
	return n + 1, nil
}

func TestAStateIsChangedUntilNobodyElseIsFaster(t *testing.T) {
	store := &one{races: 31}
	for _, want := range []int{7, 8} {
		if n, err := changeState(store, "a", count); n != want || err != nil {
			t.Fatal(n, err)
		}
	}
	store.races = 32
	if _, err := changeState(store, "a", count); !errors.Is(err, satama.ErrContended) {
		t.Fatal(err)
	}
	store.state.Value = json.RawMessage(`"text"`)
	if _, err := changeState(store, "a", count); err == nil {
		t.Fatal("a text is no number")
	}
}
