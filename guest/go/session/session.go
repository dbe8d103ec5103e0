// Package session keeps what is known of a visitor between calls: a few named fields, one version.
//
//	store, err := session.Open("visits", session.Sliding(time.Hour))
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//	err = store.Change("ann", func(fields *session.Fields) error {
//		visits, _, err := fields.Get[int]("visits")
//		if err != nil {
//			return err
//		}
//		return fields.Set("visits", visits+1)
//	})
//
// Every operation on one session is atomic and is seen by every host as soon as it returns. Each
// write gives the session a new version; a version is never used twice for one id. A write that was
// acknowledged survives the end of any host.
//
// An id is at most 1024 bytes, a field's name 255, a field's value 64 KiB (a manifest may lower the
// first and the third), a session 256 fields and 1 MiB, a time-to-live 400 days. The manifest
// grants stores with [session] stores.
//
// Errors are [*satama.Error]: satama.ErrAccessDenied of Open, satama.ErrInvalidJSON with the name
// of the field, satama.ErrTooLarge, satama.ErrQuotaExceeded and satama.ErrUnavailable.
package session

import (
	"encoding/json"
	"time"

	satama "github.com/satama/satama/guest/go"
	"github.com/satama/satama/guest/go/internal/codec"
	"github.com/satama/satama/guest/go/internal/host"
	wit "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_session"
	witTypes "go.bytecodealliance.org/pkg/wit/types"
)

// Store is a granted set of sessions. Holding one is the permission to use it.
//
// Writes with the same name twice among the fields keep the last.
type Store struct {
	wit *wit.Store
}

// Expiry is when a session expires. At most 400 days. Made by [Sliding] and [Fixed].
type Expiry struct {
	wit wit.Expiry
}

// Field is one named value.
type Field struct {
	Name string
	// Value is JSON, nested at most 127 deep. Kept as it was written.
	Value json.RawMessage
}

// Snapshot is a session as it was at one moment.
type Snapshot struct {
	// Version grows with every write; below 2^53. No session has version zero.
	Version uint64
	// Fields are in the order of their names' bytes.
	Fields []Field
	// ExpiresIn is how long until it expires.
	ExpiresIn time.Duration
}

// Sliding is this long after the session was last read or written.
func Sliding(ttl time.Duration) Expiry {
	return Expiry{wit.MakeExpirySlidingMs(host.Millis(ttl))}
}

// Fixed is this long after the session was created, whatever happens to it.
func Fixed(ttl time.Duration) Expiry {
	return Expiry{wit.MakeExpiryFixedMs(host.Millis(ttl))}
}

// NewField is the field called name with value, as JSON.
func NewField(name string, value any) (Field, error) {
	text, err := codec.Encode(value)
	return Field{Name: name, Value: json.RawMessage(text)}, err
}

// Open opens the store called name in the calling tenant's grant, to keep its sessions for expiry.
// Does not reach the store.
func Open(name string, expiry Expiry) (*Store, error) {
	if expiry == (Expiry{}) {
		detail := "an Expiry is made by Sliding or Fixed"
		return nil, &satama.Error{Service: "session", Code: satama.ErrInvalid, Detail: detail}
	}
	store, err := host.Result(func() witTypes.Result[*wit.Store, wit.Error] {
		return wit.StoreOpen(name, expiry.wit)
	}, failed)
	if err != nil {
		return nil, err
	}
	return &Store{store}, nil
}

// Close gives the handle back. The store must not be used after it.
func (s *Store) Close() {
	s.wit.Drop()
}

// Get is the session id, or nil. With a sliding expiry, it is renewed. Safe to retry.
func (s *Store) Get(id string) (*Snapshot, error) {
	snapshot, err := host.Result(func() witTypes.Result[witTypes.Option[wit.Snapshot], wit.Error] {
		return s.wit.Get(id)
	}, failed)
	if err != nil || snapshot.IsNone() {
		return nil, err
	}
	found := snapshot.Some()
	fields := host.Map(found.Fields, func(field wit.Field) Field {
		return Field{Name: field.Name, Value: json.RawMessage(field.Value)}
	})
	expires := host.Duration(found.ExpiresInMs)
	return &Snapshot{Version: found.Version, Fields: fields, ExpiresIn: expires}, nil
}

// Replace makes fields all that the session has, and returns its new version. A missing session is
// created. Safe to retry.
func (s *Store) Replace(id string, fields []Field) (uint64, error) {
	return host.Result(func() witTypes.Result[uint64, wit.Error] {
		return s.wit.Replace(id, toWit(fields))
	}, failed)
}

// Update sets fields, keeps the others, and returns the new version. A missing session is created.
// Writers to different fields all survive. Safe to retry.
func (s *Store) Update(id string, fields []Field) (uint64, error) {
	return host.Result(func() witTypes.Result[uint64, wit.Error] {
		return s.wit.Update(id, toWit(fields))
	}, failed)
}

// Remove removes the fields called names, those that exist, and returns the new version; zero if
// there is no session, and none is created. Safe to retry.
func (s *Store) Remove(id string, names []string) (uint64, error) {
	return host.Result(func() witTypes.Result[uint64, wit.Error] {
		return s.wit.Remove(id, names)
	}, failed)
}

// Clear ends the session. True if there was one. Safe to retry.
func (s *Store) Clear(id string) (bool, error) {
	return host.Result(func() witTypes.Result[bool, wit.Error] { return s.wit.Clear(id) }, failed)
}

// CompareAndSet is Replace, but only if the session still has version; zero stands for no session.
// True if it was written. The version is the new one then, and otherwise the one that it has, or
// zero for no session. A lost race is no error. Retried after satama.ErrUnavailable, it answers
// false if the first try was applied.
func (s *Store) CompareAndSet(
	id string, version uint64, fields []Field,
) (now uint64, swapped bool, err error) {
	swap, err := host.Result(func() witTypes.Result[wit.Swap, wit.Error] {
		return s.wit.CompareAndSet(id, version, toWit(fields))
	}, failed)
	if err != nil {
		return 0, false, err
	}
	if swap.Tag() == wit.Swap_Swapped {
		return swap.Swapped(), true, nil
	}
	return swap.Stale(), false, nil
}

func toWit(fields []Field) []wit.Field {
	return host.Map(fields, func(field Field) wit.Field {
		return wit.Field{Name: field.Name, Value: string(field.Value)}
	})
}

var codes = [...]satama.Code{
	wit.Error_AccessDenied:  satama.ErrAccessDenied,
	wit.Error_InvalidJson:   satama.ErrInvalidJSON,
	wit.Error_TooLarge:      satama.ErrTooLarge,
	wit.Error_QuotaExceeded: satama.ErrQuotaExceeded,
	wit.Error_Unavailable:   satama.ErrUnavailable,
}

func failed(err wit.Error) error {
	failure := &satama.Error{Service: "session", Code: codes[err.Tag()]}
	switch err.Tag() {
	case wit.Error_TooLarge:
		failure.Limit = err.TooLarge()
	case wit.Error_InvalidJson:
		failure.Detail = err.InvalidJson()
	}
	return failure
}
