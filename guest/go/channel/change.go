package channel

import (
	"encoding/json"

	satama "github.com/satama/satama/guest/go"
	"github.com/satama/satama/guest/go/internal/codec"
)

// How often ChangeState tries. Each lost race is another writer's success, so only a channel with
// this many writers at once exhausts it.
const triesMax = 32

// swapper is what of a store ChangeState uses.
type swapper interface {
	GetState(id string) (State, error)
	CompareAndSetState(id string, version uint64, value json.RawMessage) (uint64, bool, error)
}

// ChangeState changes the state of a channel: reads it, applies change, and writes it if no one
// else has written in between. Otherwise reads it again, so change may run several times. It is
// given false if there is no state. Returns what was written; after an error of change nothing is
// written. Fails as satama.ErrContended if other writers were faster, 32 times in a row.
func (s *Store) ChangeState[T any](id string, change func(state T, ok bool) (T, error)) (T, error) {
	return changeState(s, id, change)
}

func changeState[T any](
	store swapper, id string, change func(state T, ok bool) (T, error),
) (zero T, err error) {
	for range triesMax {
		state, err := store.GetState(id)
		if err != nil {
			return zero, err
		}
		var value T
		if state.Value != nil {
			if value, err = codec.Decode[T](string(state.Value)); err != nil {
				return zero, err
			}
		}
		changed, err := change(value, state.Value != nil)
		if err != nil {
			return zero, err
		}
		text, err := codec.Encode(changed)
		if err != nil {
			return zero, err
		}
		_, swapped, err := store.CompareAndSetState(id, state.Version, json.RawMessage(text))
		if err != nil {
			return zero, err
		}
		if swapped {
			return changed, nil
		}
	}
	return zero, &satama.Error{Service: "channel", Code: satama.ErrContended}
}
