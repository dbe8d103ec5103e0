// Package channel is about channels: clients that are connected to some host, by WebSocket for one,
// and what is known of each while it is.
//
//	clients, err := channel.Open("chat", time.Minute)
//	if err != nil {
//		return err
//	}
//	defer clients.Close()
//	count, err := clients.ChangeState("client-1", func(seen int, ok bool) (int, error) {
//		return seen + 1, nil
//	})
//	told, err := clients.Send("client-1", satama.Text("welcome"))
//
// A channel ends when it is removed, and when it was not touched for its time-to-live; with it end
// its state and its subscriptions. Every operation on one channel is atomic and is seen by every
// host as soon as it returns. What is sent arrives at most once, in the order of one sender's
// calls.
//
// An id and a user are at most 255 bytes, opening data and state 64 KiB of JSON each (a manifest
// may lower that), a time-to-live a day. A list of ids, and a page, have at most 1,000 items. The
// manifest grants channels with [channel] stores.
//
// Errors are [*satama.Error]: satama.ErrAccessDenied of Open, satama.ErrNotFound,
// satama.ErrAlreadyExists of Add, satama.ErrInvalidJSON, satama.ErrInvalidCursor,
// satama.ErrInvalidClose of Disconnect, satama.ErrTooLarge, satama.ErrQuotaExceeded and
// satama.ErrUnavailable.
package channel

import (
	"encoding/json"
	"iter"
	"time"

	satama "github.com/satama/satama/guest/go"
	"github.com/satama/satama/guest/go/internal/host"
	wit "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_channel"
	witTypes "go.bytecodealliance.org/pkg/wit/types"
)

// Most items that a page has.
const pageMax = 1_000

// Store are the channels of one name. Holding one is the permission to use them.
type Store struct {
	wit *wit.Store
}

// Info is what was said when a channel was opened, and whose it is.
type Info struct {
	ID string
	// OpeningData is JSON: what it was opened with.
	OpeningData json.RawMessage
	// User is who is behind it, once that is known.
	User *string
}

// State is the state of a channel at one moment.
type State struct {
	// Version grows with every write of the state; below 2^53. Zero before the first.
	Version uint64
	// Value is JSON. Nil before it was set, and after it was cleared.
	Value json.RawMessage
}

// Entry is one channel of a list.
type Entry struct {
	ID string
	// User is who is behind it, if that is known.
	User *string
}

// Page is part of a list, in no order that means anything.
type Page struct {
	// Entries may be fewer than were asked for, or none, while there is a next page.
	Entries []Entry
	// Next is where to go on, or nil if this was the last page.
	Next *string
}

// Open opens the channels called name in the calling tenant's grant. Those that are added or
// touched through it live for ttl more. Does not reach the store.
func Open(name string, ttl time.Duration) (*Store, error) {
	store, err := host.Result(func() witTypes.Result[*wit.Store, wit.Error] {
		return wit.StoreOpen(name, host.Millis(ttl))
	}, failed)
	if err != nil {
		return nil, err
	}
	return &Store{store}, nil
}

// Close gives the handle back. The store must not be used after it. [Store.Disconnect] closes a channel's
// socket.
func (s *Store) Close() {
	s.wit.Drop()
}

// Add adds a channel that has no socket at this store's hosts, so that what is sent to it goes
// nowhere. The opening data is JSON. Of two callers with the same id, one adds. Retried after
// satama.ErrUnavailable, it fails as satama.ErrAlreadyExists if the first try was applied.
func (s *Store) Add(id string, openingData json.RawMessage, user *string) error {
	return host.Done(func() witTypes.Result[witTypes.Unit, wit.Error] {
		return s.wit.Add(id, string(openingData), host.Option(user))
	}, failed)
}

// Get is what is known of a channel. Safe to retry.
func (s *Store) Get(id string) (Info, error) {
	info, err := host.Result(func() witTypes.Result[wit.Info, wit.Error] {
		return s.wit.Get(id)
	}, failed)
	if err != nil {
		return Info{}, err
	}
	data := json.RawMessage(info.OpeningData)
	return Info{ID: info.Id, OpeningData: data, User: host.Pointer(info.User)}, nil
}

// Remove removes channels, with their state and subscriptions, and returns how many there were.
// Their sockets are closed with code 1000. Each is removed atomically, not all together. Safe to
// retry.
func (s *Store) Remove(ids []string) (uint32, error) {
	return host.Result(func() witTypes.Result[uint32, wit.Error] { return s.wit.Remove(ids) }, failed)
}

// Disconnect removes a channel, and closes its socket with a code and a reason: 1000, or 3000 to 4999; at
// most 123 bytes. Safe to retry.
func (s *Store) Disconnect(id string, code uint16, reason string) error {
	return host.Done(func() witTypes.Result[witTypes.Unit, wit.Error] {
		return s.wit.Disconnect(id, code, reason)
	}, failed)
}

// SetUser says who is behind a channel, or that nobody is known to be. Safe to retry.
func (s *Store) SetUser(id string, user *string) error {
	return host.Done(func() witTypes.Result[witTypes.Unit, wit.Error] {
		return s.wit.SetUser(id, host.Option(user))
	}, failed)
}

// GetState is the state of a channel. Safe to retry.
func (s *Store) GetState(id string) (State, error) {
	state, err := host.Result(func() witTypes.Result[wit.State, wit.Error] {
		return s.wit.GetState(id)
	}, failed)
	if err != nil {
		return State{}, err
	}
	read := State{Version: state.Version}
	if state.Value.IsSome() {
		read.Value = json.RawMessage(state.Value.Some())
	}
	return read, nil
}

// SetState sets the state, which is JSON, and returns its new version. Safe to retry.
func (s *Store) SetState(id string, value json.RawMessage) (uint64, error) {
	return host.Result(func() witTypes.Result[uint64, wit.Error] {
		return s.wit.SetState(id, string(value))
	}, failed)
}

// CompareAndSetState sets the state if it still has version. True if it was written. The version is
// the new one then, and otherwise the one that it has. A lost race is no error. Retried after
// satama.ErrUnavailable, it answers false if the first try was applied.
func (s *Store) CompareAndSetState(
	id string, version uint64, value json.RawMessage,
) (now uint64, swapped bool, err error) {
	swap, err := host.Result(func() witTypes.Result[wit.Swap, wit.Error] {
		return s.wit.CompareAndSetState(id, version, string(value))
	}, failed)
	if err != nil {
		return 0, false, err
	}
	if swap.Tag() == wit.Swap_Swapped {
		return swap.Swapped(), true, nil
	}
	return swap.Stale(), false, nil
}

// ClearState clears the state, and returns its new version. Safe to retry.
func (s *Store) ClearState(id string) (uint64, error) {
	return host.Result(func() witTypes.Result[uint64, wit.Error] {
		return s.wit.ClearState(id)
	}, failed)
}

// Touch lets channels live for the time-to-live of this handle from now, or longer if they do
// already. Returns those that have ended. Safe to retry.
func (s *Store) Touch(ids []string) ([]string, error) {
	return host.Result(func() witTypes.Result[[]string, wit.Error] {
		return s.wit.Touch(ids)
	}, failed)
}

// OfUser are the channels of a user, at most limit in a page; from the start without a cursor; zero
// is taken as one. Safe to retry.
func (s *Store) OfUser(user string, cursor *string, limit uint32) (Page, error) {
	page, err := host.Result(func() witTypes.Result[wit.Page, wit.Error] {
		return s.wit.OfUser(user, host.Option(cursor), limit)
	}, failed)
	return pageOf(page), err
}

// Page are channels of all, as [Store.OfUser]. It is all in the WIT.
func (s *Store) Page(cursor *string, limit uint32) (Page, error) {
	page, err := host.Result(func() witTypes.Result[wit.Page, wit.Error] {
		return s.wit.All(host.Option(cursor), limit)
	}, failed)
	return pageOf(page), err
}

// All are all channels, read page by page. Ends with the first error.
func (s *Store) All() iter.Seq2[Entry, error] {
	return host.All(func(cursor *string) ([]Entry, *string, error) {
		page, err := s.Page(cursor, pageMax)
		return page.Entries, page.Next, err
	})
}

// AllOfUser are all channels of a user, read page by page. Ends with the first error.
func (s *Store) AllOfUser(user string) iter.Seq2[Entry, error] {
	return host.All(func(cursor *string) ([]Entry, *string, error) {
		page, err := s.OfUser(user, cursor, pageMax)
		return page.Entries, page.Next, err
	})
}

// Send sends to one channel. True if a host that holds its socket was told; false if no host does.
// Retried after satama.ErrUnavailable, it may be sent twice.
func (s *Store) Send(id string, message satama.Message) (bool, error) {
	return host.Result(func() witTypes.Result[bool, wit.Error] {
		return s.wit.Send(id, host.Message(message))
	}, failed)
}

func pageOf(page wit.Page) Page {
	entries := host.Map(page.Entries, func(entry wit.Entry) Entry {
		return Entry{ID: entry.Id, User: host.Pointer(entry.User)}
	})
	return Page{Entries: entries, Next: host.Pointer(page.Next)}
}

var codes = [...]satama.Code{
	wit.Error_AccessDenied:  satama.ErrAccessDenied,
	wit.Error_NotFound:      satama.ErrNotFound,
	wit.Error_AlreadyExists: satama.ErrAlreadyExists,
	wit.Error_InvalidJson:   satama.ErrInvalidJSON,
	wit.Error_InvalidCursor: satama.ErrInvalidCursor,
	wit.Error_InvalidClose:  satama.ErrInvalidClose,
	wit.Error_TooLarge:      satama.ErrTooLarge,
	wit.Error_QuotaExceeded: satama.ErrQuotaExceeded,
	wit.Error_Unavailable:   satama.ErrUnavailable,
}

func failed(err wit.Error) error {
	failure := &satama.Error{Service: "channel", Code: codes[err.Tag()]}
	if err.Tag() == wit.Error_TooLarge {
		failure.Limit = err.TooLarge()
	}
	return failure
}
