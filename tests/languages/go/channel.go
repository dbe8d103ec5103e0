package language

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	satama "github.com/satama/satama/guest/go"
	"github.com/satama/satama/guest/go/channel"
)

func channelAll(t *lines) {
	open := func(what, name string, ttl time.Duration) {
		store, err := channel.Open(name, ttl)
		if err == nil {
			store.Close()
		}
		t.say(what, ok{}, err)
	}
	open("open another", "another", time.Second)
	open("longest ttl", "granted", 24*time.Hour)
	open("longer ttl", "granted", 24*time.Hour+1)
	open("ttl of 2^63", "granted", forever)
	s := must(channel.Open("granted", time.Minute))
	defer s.Close()
	t.say("open", ok{}, nil)
	channels(t, s)
	channelStates(t, s)
	channelLists(t, s)
	channelEnds(t, s)
	channelLimits(t, s)
}

func add(t *lines, what string, s *channel.Store, id, data string, user *string) {
	t.say(what, ok{}, s.Add(id, json.RawMessage(data), user))
}

func channels(t *lines, s *channel.Store) {
	get := func(what, id string) {
		info, err := s.Get(id)
		said := quote(info.ID) + " " + string(info.OpeningData) + " " + optional(info.User)
		t.say(what, plain(said), err)
	}
	user := func(what, id string, user *string) { t.say(what, ok{}, s.SetUser(id, user)) }
	add(t, "add", s, "a", `{"n": 1}`, nil)
	add(t, "add again", s, "a", "{}", nil)
	add(t, "add bad JSON", s, "b", "{", nil)
	add(t, "add with user", s, "ä€😀", "null", new("ann-ä"))
	get("get", "a")
	get("get unicode", "ä€😀")
	get("get missing", "missing")
	user("set user", "a", new("ann-ä"))
	get("get", "a")
	user("clear user", "a", nil)
	get("get", "a")
	user("set user of missing", "missing", nil)
	user("set the empty user", "a", new(""))
	get("get", "a")
}

func channelStates(t *lines, s *channel.Store) {
	state := func(what, id string) {
		state, err := s.GetState(id)
		value := "none"
		if state.Value != nil {
			value = string(state.Value)
		}
		t.say(what, plain(strconv.FormatBool(state.Version > 0)+" "+value), err)
	}
	swap := func(what, id string, version uint64, value string) {
		_, swapped, err := s.CompareAndSetState(id, version, json.RawMessage(value))
		said := plain("stale")
		if swapped {
			said = "swapped"
		}
		t.say(what, said, err)
	}
	set := func(what, id, value string) uint64 {
		version, err := s.SetState(id, json.RawMessage(value))
		t.say(what, version > 0, err)
		return version
	}
	state("state before", "a")
	version := set("set state", "a", "[1]")
	state("state", "a")
	swap("swap", "a", version, `"ä"`)
	swap("swap again", "a", version, "2")
	state("state", "a")
	set("bad JSON", "a", "")
	swap("swap to bad JSON", "a", version, "nul")
	cleared, err := s.ClearState("a")
	t.say("clear state", cleared > version, err)
	state("state", "a")
	updated, err := s.ChangeState("a", func(n int, _ bool) (int, error) { return n + 1, nil })
	t.say("update with a function", updated, err)
	state("state", "a")
	state("state of missing", "missing")
	set("set state of missing", "missing", "1")
	swap("swap of missing", "missing", 0, "1")
	_, err = s.ClearState("missing")
	t.say("clear state of missing", ok{}, err)
}

// sortedEntries are those of a page, in the order of their ids.
func sortedEntries(page channel.Page) any {
	slices.SortFunc(page.Entries, func(a, b channel.Entry) int { return strings.Compare(a.ID, b.ID) })
	return plain(list(page.Entries, func(entry channel.Entry) string {
		return quote(entry.ID) + " " + optional(entry.User)
	}))
}

func channelLists(t *lines, s *channel.Store) {
	touch := func(what string, ids ...string) {
		ended, err := s.Touch(ids)
		t.say(what, ended, err)
	}
	page := func(what string) func(page channel.Page, err error) {
		return func(page channel.Page, err error) { t.say(what, sortedEntries(page), err) }
	}
	send := func(what, id string, message satama.Message) {
		told, err := s.Send(id, message)
		t.say(what, told, err)
	}
	touch("touch", "a", "missing")
	touch("touch none")
	page("of user")(s.OfUser("ann-ä", nil, 10))
	page("of nobody")(s.OfUser("nobody", nil, 10))
	page("all")(s.Page(nil, 1000))
	page("bad cursor")(s.Page(new("ä"), 10))
	page("bad cursor of user")(s.OfUser("ann-ä", new("ä"), 10))
	page("larger page")(s.Page(nil, 1001))
	page("page of 10,000")(s.OfUser("ann-ä", nil, 10_000))
	send("send text", "a", satama.Text("hello"))
	send("send bytes", "a", satama.Binary([]byte{0, 255}))
	send("send to missing", "missing", satama.Text(""))
}

func channelEnds(t *lines, s *channel.Store) {
	end := func(what string, code uint16, reason string) {
		t.say(what, ok{}, s.Disconnect("a", code, reason))
	}
	end("disconnect with a bad code", 999, "")
	end("disconnect with a long reason", 1000, strings.Repeat("r", 124))
	end("disconnect", 3000, "enough")
	end("disconnect again", 3000, "enough")
	add(t, "add", s, "b", "{}", nil)
	add(t, "add", s, "c", "{}", nil)
	ids := []string{"b", "c", "missing", "ä€😀"}
	removed, err := s.Remove(ids)
	t.say("remove", removed, err)
	removed, err = s.Remove(ids)
	t.say("remove again", removed, err)
	page, err := s.Page(nil, 1000)
	t.say("all", sortedEntries(page), err)
}

func channelLimits(t *lines, s *channel.Store) {
	long := func(count int) string { return strings.Repeat("i", count) }
	add(t, "longest id", s, long(255), "{}", nil)
	add(t, "longer id", s, long(256), "{}", nil)
	add(t, "longest user", s, "u", "{}", new(long(255)))
	add(t, "longer user", s, "v", "{}", new(long(256)))
	add(t, "largest data", s, "d", string(jsonText(65_536)), nil)
	add(t, "larger data", s, "e", string(jsonText(65_537)), nil)
	_, err := s.SetState("u", jsonText(65_536))
	t.say("largest state", ok{}, err)
	_, err = s.SetState("u", jsonText(65_537))
	t.say("larger state", ok{}, err)
	told, err := s.Send("u", satama.Binary(make([]byte, 65_536)))
	t.say("largest message", told, err)
	told, err = s.Send("u", satama.Text(long(65_537)))
	t.say("larger message", told, err)
	ids := make([]string, 1001)
	for n := range ids {
		ids[n] = strconv.Itoa(n)
	}
	ended, err := s.Touch(ids[:1000])
	t.say("longest list", len(ended), err)
	ended, err = s.Touch(ids)
	t.say("longer list", ended, err)
	removed, err := s.Remove(ids)
	t.say("remove a longer list", removed, err)
	removed, err = s.Remove([]string{long(255), "u", "d"})
	t.say("remove", removed, err)
}
