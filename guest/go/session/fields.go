package session

import (
	"encoding/json"
	"maps"
	"slices"

	satama "github.com/satama/satama/guest/go"
	"github.com/satama/satama/guest/go/internal/codec"
)

// How often Change tries. Each lost race is another writer's success, so only a session with this
// many writers at once exhausts it.
const triesMax = 32

// Fields are a session's fields, by name. What is not set stays as it was written.
type Fields struct {
	byName map[string]json.RawMessage
}

// Get is the value of the field called name. False if there is no such field.
func (f *Fields) Get[T any](name string) (value T, ok bool, err error) {
	text, ok := f.byName[name]
	if !ok {
		return value, false, nil
	}
	value, err = codec.Decode[T](string(text))
	return value, true, err
}

// Set sets the field called name.
func (f *Fields) Set(name string, value any) error {
	text, err := codec.Encode(value)
	if err != nil {
		return err
	}
	if f.byName == nil {
		f.byName = map[string]json.RawMessage{}
	}
	f.byName[name] = json.RawMessage(text)
	return nil
}

// Remove removes the field called name. True if there was one.
func (f *Fields) Remove(name string) bool {
	_, ok := f.byName[name]
	delete(f.byName, name)
	return ok
}

// List are the fields in the order of their names' bytes.
func (f *Fields) List() []Field {
	list := make([]Field, 0, len(f.byName))
	for _, name := range slices.Sorted(maps.Keys(f.byName)) {
		list = append(list, Field{Name: name, Value: f.byName[name]})
	}
	return list
}

// Value is the value of the field called name. False if the session has no such field.
func (s *Snapshot) Value[T any](name string) (T, bool, error) {
	fields := fieldsOf(s)
	return fields.Get[T](name)
}

func fieldsOf(snapshot *Snapshot) *Fields {
	fields := &Fields{byName: map[string]json.RawMessage{}}
	for _, field := range snapshot.Fields {
		fields.byName[field.Name] = field.Value
	}
	return fields
}

// swapper is what of a store Change uses.
type swapper interface {
	Get(id string) (*Snapshot, error)
	CompareAndSet(id string, version uint64, fields []Field) (uint64, bool, error)
}

// Change changes the session id as a whole, or creates it: reads it, applies change, and writes it
// if no one else has written in between. Otherwise reads it again, so change may run several times.
// After an error of change nothing is written. Fails as satama.ErrContended if other writers were
// faster, 32 times in a row.
//
// To set fields whatever the others hold, Update is enough, and one round trip.
func (s *Store) Change(id string, change func(*Fields) error) error {
	return changeWith(s, id, change)
}

func changeWith(store swapper, id string, change func(*Fields) error) error {
	for range triesMax {
		snapshot, err := store.Get(id)
		if err != nil {
			return err
		}
		if snapshot == nil {
			snapshot = &Snapshot{}
		}
		fields := fieldsOf(snapshot)
		if err := change(fields); err != nil {
			return err
		}
		_, swapped, err := store.CompareAndSet(id, snapshot.Version, fields.List())
		if err != nil || swapped {
			return err
		}
	}
	return &satama.Error{Service: "session", Code: satama.ErrContended}
}
