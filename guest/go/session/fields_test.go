package session

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	satama "github.com/satama/satama/guest/go"
)

// one is a store with one session, which loses so many races.
type one struct {
	snapshot *Snapshot
	races    int
}

func (o *one) Get(string) (*Snapshot, error) {
	return o.snapshot, nil
}

func (o *one) CompareAndSet(_ string, version uint64, fields []Field) (uint64, bool, error) {
	if o.races > 0 {
		o.races--
		return version + 1, false, nil
	}
	o.snapshot = &Snapshot{Version: version + 1, Fields: fields}
	return version + 1, true, nil
}

func count(fields *Fields) error {
	n, _, err := fields.Get[int]("n")
	if err != nil {
		return err
	}
	return fields.Set("n", n+1)
}

func TestAChangeIsTriedUntilNobodyElseIsFaster(t *testing.T) {
	store := &one{races: 31}
	for range 2 {
		if err := changeWith(store, "ann", count); err != nil {
			t.Fatal(err)
		}
	}
	n, ok, err := store.snapshot.Value[int]("n")
	if n != 2 || !ok || err != nil || store.snapshot.Version != 2 {
		t.Fatal(n, ok, err, store.snapshot)
	}
	store.races = 32
	if err := changeWith(store, "ann", count); !errors.Is(err, satama.ErrContended) {
		t.Fatal(err)
	}
	refused := errors.New("refused")
	if err := changeWith(store, "ann", func(*Fields) error { return refused }); err != refused {
		t.Fatal(err)
	}
}

func TestWhatIsNotSetStaysAsItWasWritten(t *testing.T) {
	kept := json.RawMessage("[1.50,  1E400]")
	fields := fieldsOf(&Snapshot{Fields: []Field{{"n", json.RawMessage("1")}, {"kept", kept}}})
	if err := fields.Set("n", 2); err != nil {
		t.Fatal(err)
	}
	want := []Field{{"kept", kept}, {"n", json.RawMessage("2")}}
	if got := fields.List(); !reflect.DeepEqual(got, want) {
		t.Fatal(got)
	}
	if _, _, err := fields.Get[string]("n"); err == nil {
		t.Fatal("a number is no text")
	}
	if !fields.Remove("n") || fields.Remove("n") {
		t.Fatal("it is removed once")
	}
	if _, ok, err := fields.Get[int]("n"); ok || err != nil {
		t.Fatal(ok, err)
	}
}

func TestAStoreHasAnExpiry(t *testing.T) {
	if _, err := Open("granted", Expiry{}); !errors.Is(err, satama.ErrInvalid) {
		t.Fatal(err)
	}
}
