package language

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	satama "github.com/satama/satama/guest/go"
	"github.com/satama/satama/guest/go/channel"
	"github.com/satama/satama/guest/go/hub"
)

func showMessage(message satama.Message) string {
	if text, ok := message.Text(); ok {
		return "text " + quote(text)
	}
	bytes, _ := message.Binary()
	return "binary " + show(bytes)
}

func showHistory(history hub.History) any {
	place := "no place"
	if history.Position != nil {
		place = "place"
	}
	messages := list(history.Messages, func(kept hub.Kept) string {
		return showMessage(kept.Message)
	})
	return plain(fmt.Sprintf("%t %s %s %t", history.Complete, messages, place, history.More))
}

func hubAll(t *lines) {
	_, err := hub.Open("another")
	t.say("open another", ok{}, err)
	b := must(hub.Open("granted"))
	defer b.Close()
	t.say("open", ok{}, nil)
	s := must(channel.Open("granted", time.Minute))
	defer s.Close()
	t.say("add a channel", ok{}, s.Add("a", json.RawMessage("{}"), nil))
	t.say("add a channel", ok{}, s.Add("b", json.RawMessage("{}"), new("ann")))
	subscriptions(t, b)
	messages(t, b)
	hubLimits(t, b)
	removed, err := s.Remove([]string{"a", "b"})
	t.say("remove the channels", removed, err)
	members(t, "members then", b, "t")
}

func members(t *lines, what string, b *hub.Bus, topic string) {
	page, err := b.Members(topic, nil, 1000)
	slices.SortFunc(page.Members, func(a, b hub.Member) int {
		return strings.Compare(a.Channel, b.Channel)
	})
	t.say(what, plain(list(page.Members, func(member hub.Member) string {
		return quote(member.Channel) + " " + optional(member.User)
	})), err)
}

func subscriptions(t *lines, b *hub.Bus) {
	subscribe := func(what, topic, channel string, since *string) {
		is, err := b.Subscribe(topic, channel, since)
		t.say(what, is, err)
	}
	unsubscribe := func(what, topic, channel string) {
		was, err := b.Unsubscribe(topic, channel)
		t.say(what, was, err)
	}
	subscribe("subscribe", "t", "a", nil)
	subscribe("subscribe again", "t", "a", nil)
	subscribe("subscribe another", "t", "b", nil)
	subscribe("subscribe to unicode", "aihe-ä€😀", "a", nil)
	subscribe("subscribe to the empty topic", "", "a", nil)
	subscribe("subscribe a missing one", "t", "missing", nil)
	subscribe("subscribe since nowhere", "t", "a", new("ä"))
	topics, err := b.Topics("a")
	t.say("topics", topics, err)
	topics, err = b.Topics("missing")
	t.say("topics of missing", topics, err)
	members(t, "members", b, "t")
	members(t, "members of none", b, "none")
	_, err = b.Members("t", new("ä"), 1)
	t.say("bad cursor", ok{}, err)
	_, err = b.Members("t", nil, 1001)
	t.say("larger page", ok{}, err)
	unsubscribe("unsubscribe", "", "a")
	unsubscribe("unsubscribe again", "", "a")
	unsubscribe("unsubscribe a missing one", "t", "missing")
}

func messages(t *lines, b *hub.Bus) {
	placed := func(what string) func(position *string, err error) *string {
		return func(position *string, err error) *string {
			t.say(what, position != nil, err)
			return position
		}
	}
	history := func(what string, topic string, since *string, limit uint32) hub.History {
		history, err := b.History(topic, since, limit)
		t.say(what, showHistory(history), err)
		return history
	}
	keep := &hub.Keep{Messages: 3, TTL: time.Minute}
	placed("publish")(b.Publish("t", satama.Text("not kept"), nil, nil))
	placed("say")(b.Say("t", "not kept"))
	history("history of none", "t", nil, 10)
	first := placed("publish and keep")(b.Publish("k", satama.Text("ä€😀"), new("a"), keep))
	placed("publish more")(b.Publish("k", satama.Binary([]byte{0, 255}), nil, nil))
	history("history", "k", nil, 10)
	history("history since", "k", first, 10)
	history("history of one", "k", nil, 1)
	history("where it is", "k", nil, 0)
	placed("publish")(b.Publish("k", satama.Text("3"), nil, nil))
	placed("publish")(b.Publish("k", satama.Text("4"), nil, nil))
	history("history since what is gone", "k", first, 10)
	history("history since nowhere", "k", new("ä"), 10)
	last := must(b.History("k", nil, 0)).Position
	is, err := b.Subscribe("k", "a", last)
	t.say("subscribe since", is, err)
}

func hubLimits(t *lines, b *hub.Bus) {
	long := func(count int) string { return strings.Repeat("i", count) }
	publish := func(what, topic string, message satama.Message, keep *hub.Keep) {
		_, err := b.Publish(topic, message, nil, keep)
		t.say(what, ok{}, err)
	}
	message, week := satama.Text("m"), 7*24*time.Hour
	publish("longest topic", long(255), message, nil)
	publish("longer topic", long(256), message, nil)
	publish("largest message", "l", satama.Text(long(65_536)), nil)
	publish("larger message", "l", satama.Binary(make([]byte, 65_537)), nil)
	publish("most kept", "l", message, &hub.Keep{Messages: 1000, TTL: week})
	publish("more kept", "l", message, &hub.Keep{Messages: 1001, TTL: 1})
	publish("kept longer", "l", message, &hub.Keep{Messages: 1, TTL: week + 1})
	publish("kept for 2^63", "l", message, &hub.Keep{Messages: 1, TTL: forever})
	_, err := b.History("l", nil, 101)
	t.say("larger history", ok{}, err)
	count := 0
	for n := 2; n < 128; n++ {
		must(b.Subscribe("topic-"+strconv.Itoa(n), "b", nil))
		count++
	}
	t.say("most topics", count, nil)
	is, err := b.Subscribe("one", "b", nil)
	t.say("one more", is, err)
	is, err = b.Subscribe("more", "b", nil)
	t.say("and another", is, err)
}

// say publishes what the handler is to hear.
func say(t *lines) {
	b := must(hub.Open("granted"))
	defer b.Close()
	position, err := b.Say("in", "ä€😀")
	t.say("publish", position != nil, err)
	keep := &hub.Keep{Messages: 10, TTL: time.Minute}
	position, err = b.Publish("in", satama.Binary([]byte{0, 128, 255}), nil, keep)
	t.say("publish kept", position != nil, err)
}

// hears says what it hears to whoever reads the history of out.
func hears(event hub.Event) {
	b := must(hub.Open(event.Hub))
	defer b.Close()
	said := fmt.Sprintf("%s %s %s %t %t", event.Hub, event.Topic, showMessage(event.Message),
		event.Position != nil, event.Missed)
	keep := &hub.Keep{Messages: 10, TTL: time.Minute}
	must(b.Publish("out", satama.Text(said), nil, keep))
}

// heard is what it has heard.
func heard(t *lines) {
	b := must(hub.Open("granted"))
	defer b.Close()
	history, err := b.History("out", nil, 10)
	t.say("heard", showHistory(history), err)
}
