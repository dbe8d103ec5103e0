package language

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/satama/satama/guest/go/session"
)

func showSession(snapshot *session.Snapshot) any {
	if snapshot == nil {
		return nil
	}
	shown := list(snapshot.Fields, func(field session.Field) string {
		return field.Name + "=" + string(field.Value)
	})
	fields := "{" + shown[1:len(shown)-1] + "}"
	expires := snapshot.ExpiresIn > 0 && snapshot.ExpiresIn <= time.Hour
	return plain(fields + " " + strconv.FormatBool(expires))
}

func field(name, value string) session.Field {
	return session.Field{Name: name, Value: json.RawMessage(value)}
}

func sessionAll(t *lines) {
	open := func(what, name string, expiry session.Expiry) {
		store, err := session.Open(name, expiry)
		if err == nil {
			store.Close()
		}
		t.say(what, ok{}, err)
	}
	open("open another", "another", session.Sliding(time.Millisecond))
	year := 400 * 24 * time.Hour
	open("longest expiry", "granted", session.Fixed(year))
	open("longer expiry", "granted", session.Sliding(year+1))
	open("expiry of 2^63", "granted", session.Fixed(forever))
	s := must(session.Open("granted", session.Sliding(time.Hour)))
	defer s.Close()
	t.say("open", ok{}, nil)
	sessionWrites(t, s)
	sessionSwaps(t, s)
	sessionLimits(t, s)
}

func sessionWrites(t *lines, s *session.Store) {
	before := uint64(0)
	grew := func(what string) func(version uint64, err error) {
		return func(version uint64, err error) {
			t.say(what, version > before, err)
			if err == nil {
				before = version
			}
		}
	}
	get := func(what, id string) {
		snapshot, err := s.Get(id)
		t.say(what, showSession(snapshot), err)
	}
	fields := func(fields ...session.Field) []session.Field { return fields }
	get("get missing", "ann")
	version, err := s.Remove("ann", []string{"a"})
	t.say("remove from missing", version, err)
	grew("replace")(s.Replace("ann", fields(field("b", "2"), field("a", "[1]"))))
	get("get", "ann")
	grew("update")(s.Update("ann", fields(field("c", `"ä€😀"`), field("a", "null"))))
	get("get", "ann")
	grew("update twice")(s.Update("ann", fields(field("a", "1"), field("a", "2"))))
	grew("remove")(s.Remove("ann", []string{"b", "missing"}))
	get("get", "ann")
	version, err = s.Update("ann", fields(field("good", "1"), field("bäd", "{")))
	t.say("bad JSON", version, err)
	ended, err := s.Clear("ann")
	t.say("clear", ended, err)
	ended, err = s.Clear("ann")
	t.say("clear again", ended, err)
	grew("empty id and name")(s.Replace("", fields(field("", "{}"))))
	get("get", "")
	grew("without fields")(s.Replace("none", nil))
	get("get", "none")
}

func sessionSwaps(t *lines, s *session.Store) {
	set := func(what string, version uint64, value string) uint64 {
		fields := []session.Field{field("n", value)}
		now, swapped, err := s.CompareAndSet("bob", version, fields)
		said := plain("swapped")
		if !swapped {
			said = "stale"
			if now == 0 {
				said = "stale 0"
			}
		}
		t.say(what, said, err)
		return now
	}
	set("swap of a missing one", 7, "0")
	version := set("swap", 0, "1")
	set("swap again", 0, "2")
	set("swap of its version", version, "3")
	set("swap of 2^53 + 2", 1<<53+2, "4")
	snapshot, err := s.Get("bob")
	t.say("get", showSession(snapshot), err)
	counted := 0
	err = s.Change("bob", func(fields *session.Fields) error {
		n, _, err := fields.Get[int]("n")
		if err != nil {
			return err
		}
		counted = n + 1
		return fields.Set("n", counted)
	})
	t.say("update with a function", counted, err)
	snapshot, err = s.Get("bob")
	t.say("get", showSession(snapshot), err)
}

// jsonText is a JSON text of so many bytes.
func jsonText(count int) json.RawMessage {
	return json.RawMessage(quote(strings.Repeat("v", count-2)))
}

func sessionLimits(t *lines, s *session.Store) {
	long := func(count int) string { return strings.Repeat("i", count) }
	replace := func(what, id string, fields ...session.Field) {
		_, err := s.Replace(id, fields)
		t.say(what, ok{}, err)
	}
	update := func(what, name string) {
		_, err := s.Update("l", []session.Field{field(name, "1")})
		t.say(what, ok{}, err)
	}
	fields := func(count int, value json.RawMessage) []session.Field {
		fields := []session.Field{}
		for n := range count {
			fields = append(fields, session.Field{Name: strconv.Itoa(n), Value: value})
		}
		return fields
	}
	replace("longest id", long(1024))
	replace("longer id", long(1025))
	update("longest name", long(255))
	update("longer name", long(256))
	replace("longest value", "l", session.Field{Name: "v", Value: jsonText(65_536)})
	replace("longer value", "l", session.Field{Name: "v", Value: jsonText(65_537)})
	replace("most fields", "l", fields(256, json.RawMessage("1"))...)
	replace("more fields", "l", fields(257, json.RawMessage("1"))...)
	replace("a larger session", "l", fields(17, jsonText(65_000))...)
}
