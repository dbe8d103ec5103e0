// Package hub is the event hub: messages to all that listen to a topic, on whichever host they are.
//
//	chat, err := hub.Open("chat")
//	if err != nil {
//		return err
//	}
//	defer chat.Close()
//	_, err = chat.Subscribe("room/1", "client-1", nil)
//	_, err = chat.Say("room/1", "welcome")
//
//	// Kept, so that a client that reconnects gets what it missed.
//	keep := &hub.Keep{Messages: 100, TTL: time.Hour}
//	_, err = chat.Publish("room/1", satama.Text("hello"), new("client-1"), keep)
//
// A hub belongs to the channels of the same name: those can be subscribed to its topics. A message
// that was acknowledged is sent once to each host that has a receiver, and there to each receiver,
// in the order in which the topic's messages were acknowledged, at most once.
//
// A topic is at most 255 bytes, a message 64 KiB (a manifest may lower that); a channel has at most
// 128 topics; 1,000 messages of a topic are kept for at most 7 days; a page has at most 1,000
// items, one of history 100. The manifest grants hubs with [hub] buses.
//
// Errors are [*satama.Error]: satama.ErrAccessDenied of Open, satama.ErrNotFound,
// satama.ErrInvalidCursor, satama.ErrTooLarge, satama.ErrQuotaExceeded and satama.ErrUnavailable.
package hub

import (
	"iter"
	"time"

	satama "github.com/satama/satama/guest/go"
	"github.com/satama/satama/guest/go/internal/host"
	wit "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_hub"
	witTypes "go.bytecodealliance.org/pkg/wit/types"
)

// Most items that a page has.
const pageMax = 1_000

// Bus is the hub of one name. Holding one is the permission to use it.
type Bus struct {
	wit *wit.Bus
}

// Keep says how long the messages of a topic are kept.
type Keep struct {
	// Messages is how many of them, at most 1,000; zero is taken as one.
	Messages uint32
	// TTL is how long after the last was published.
	TTL time.Duration
}

// Member is someone who listens to a topic.
type Member struct {
	// Channel is the channel's id.
	Channel string
	// User is who is behind it, if that is known.
	User *string
}

// Page is part of those who listen, in no order that means anything.
type Page struct {
	// Members may be fewer than were asked for, or none, while there is a next page.
	Members []Member
	// Next is where to go on, or nil if this was the last page.
	Next *string
}

// Kept is a message that was kept.
type Kept struct {
	// Position is where it is in its topic's history. Opaque; at most 64 bytes.
	Position string
	Message  satama.Message
}

// History is what was kept since a position.
type History struct {
	// Complete says whether this is all that was published since. If not, messages are lost, or the
	// message of the position is; and these are the oldest that are left.
	Complete bool
	// Messages are in the order in which they were published; at most 100.
	Messages []Kept
	// Position is where to go on: that of the last message here, or of the topic. Nil if the topic
	// is not kept.
	Position *string
	// More says whether there are more after these.
	More bool
}

// Open opens the hub called name in the calling tenant's grant. Does not reach the store.
func Open(name string) (*Bus, error) {
	bus, err := host.Result(func() witTypes.Result[*wit.Bus, wit.Error] {
		return wit.BusOpen(name)
	}, failed)
	if err != nil {
		return nil, err
	}
	return &Bus{bus}, nil
}

// Close gives the handle back. The bus must not be used after it.
func (b *Bus) Close() {
	b.wit.Drop()
}

// Subscribe subscribes a channel to a topic. It may be subscribed already; true if it was not.
//
// With a position, the channel's receiver first gets all that was published since, or is told that
// it can't; of what it got before it was subscribed again, it may get some twice. Safe to retry.
func (b *Bus) Subscribe(topic, channel string, since *string) (bool, error) {
	return host.Result(func() witTypes.Result[bool, wit.Error] {
		return b.wit.Subscribe(topic, channel, host.Option(since))
	}, failed)
}

// Unsubscribe ends a subscription. True if there was one. Safe to retry.
func (b *Bus) Unsubscribe(topic, channel string) (bool, error) {
	return host.Result(func() witTypes.Result[bool, wit.Error] {
		return b.wit.Unsubscribe(topic, channel)
	}, failed)
}

// Topics are the topics of a channel, in the order of their bytes. Safe to retry.
func (b *Bus) Topics(channel string) ([]string, error) {
	return host.Result(func() witTypes.Result[[]string, wit.Error] {
		return b.wit.Topics(channel)
	}, failed)
}

// Members are those who listen to a topic now, at most limit in a page; from the start without a
// cursor. Zero is taken as one. Safe to retry.
func (b *Bus) Members(topic string, cursor *string, limit uint32) (Page, error) {
	page, err := host.Result(func() witTypes.Result[wit.Page, wit.Error] {
		return b.wit.Members(topic, host.Option(cursor), limit)
	}, failed)
	members := host.Map(page.Members, func(member wit.Member) Member {
		return Member{Channel: member.Channel, User: host.Pointer(member.User)}
	})
	return Page{Members: members, Next: host.Pointer(page.Next)}, err
}

// AllMembers are all who listen to a topic, read page by page. Ends with the first error.
func (b *Bus) AllMembers(topic string) iter.Seq2[Member, error] {
	return host.All(func(cursor *string) ([]Member, *string, error) {
		page, err := b.Members(topic, cursor, pageMax)
		return page.Members, page.Next, err
	})
}

// Say publishes text to a topic, as it is kept or not. Where it is, if it is kept, or nil.
func (b *Bus) Say(topic, text string) (*string, error) {
	return b.Publish(topic, satama.Text(text), nil, nil)
}

// Publish publishes to a topic, but not to the channel except, if that is not nil: often, its
// sender.
//
// With keep, the message begins the topic's history or goes on with it, and sets how much is kept
// from now on. Without, it is kept if the topic is. Its position, if it is kept, or nil. Retried
// after satama.ErrUnavailable, it may be published twice.
func (b *Bus) Publish(
	topic string, message satama.Message, except *string, keep *Keep,
) (*string, error) {
	kept := witTypes.None[wit.Keep]()
	if keep != nil {
		kept = witTypes.Some(wit.Keep{Messages: keep.Messages, TtlMs: host.Millis(keep.TTL)})
	}
	position, err := host.Result(func() witTypes.Result[witTypes.Option[string], wit.Error] {
		return b.wit.Publish(topic, host.Message(message), host.Option(except), kept)
	}, failed)
	return host.Pointer(position), err
}

// History is what was kept of a topic since a position, at most limit messages; without a position,
// from the oldest. A limit of zero tells the topic's position alone. Safe to retry.
func (b *Bus) History(topic string, since *string, limit uint32) (History, error) {
	history, err := host.Result(func() witTypes.Result[wit.History, wit.Error] {
		return b.wit.History(topic, host.Option(since), limit)
	}, failed)
	if err != nil {
		return History{}, err
	}
	messages := host.Map(history.Messages, func(kept wit.Kept) Kept {
		return Kept{Position: kept.Position, Message: host.FromMessage(kept.Message)}
	})
	position := host.Pointer(history.Position)
	return History{history.Complete, messages, position, history.More}, nil
}

var codes = [...]satama.Code{
	wit.Error_AccessDenied:  satama.ErrAccessDenied,
	wit.Error_NotFound:      satama.ErrNotFound,
	wit.Error_InvalidCursor: satama.ErrInvalidCursor,
	wit.Error_TooLarge:      satama.ErrTooLarge,
	wit.Error_QuotaExceeded: satama.ErrQuotaExceeded,
	wit.Error_Unavailable:   satama.ErrUnavailable,
}

func failed(err wit.Error) error {
	failure := &satama.Error{Service: "hub", Code: codes[err.Tag()]}
	if err.Tag() == wit.Error_TooLarge {
		failure.Limit = err.TooLarge()
	}
	return failure
}
