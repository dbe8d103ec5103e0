package language

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	satama "github.com/satama/satama/guest/go"
	"github.com/satama/satama/guest/go/cache"
	"github.com/satama/satama/guest/go/channel"
	"github.com/satama/satama/guest/go/credential"
	"github.com/satama/satama/guest/go/hub"
	"github.com/satama/satama/guest/go/run"
	"github.com/satama/satama/guest/go/secret"
	"github.com/satama/satama/guest/go/secretreveal"
	"github.com/satama/satama/guest/go/secretuse"
	"github.com/satama/satama/guest/go/session"
	"github.com/satama/satama/guest/go/workflow"
)

const (
	// More than any limit here.
	manyTimes = 100_000
	// As many items as a page has.
	pageItems = 1000
)

// closer is a handle.
type closer interface{ Close() }

// refused says the error without the word: something was refused, as it was to be.
func refused(t *lines, what string, err error) {
	failed, _ := errors.AsType[*satama.Error](err)
	if failed == nil {
		t.say(what, nil, err)
		return
	}
	t.say(what, plain(failed.Code), nil)
}

// exhaust opens handles until that is refused; closes them all, and opens one more.
func exhaust[T closer](t *lines, what string, open func(n int) (T, error)) {
	held := []T{}
	var err error
	for n := 0; n < manyTimes && err == nil; n++ {
		var handle T
		if handle, err = open(n); err == nil {
			held = append(held, handle)
		}
	}
	refused(t, what, err)
	for _, handle := range held {
		handle.Close()
	}
	last, err := open(manyTimes)
	if err == nil {
		last.Close()
	}
	t.say("once they are closed", ok{}, err)
}

func handles(t *lines) {
	exhaust(t, "buckets", func(int) (*cache.Bucket, error) { return cache.Open("granted") })
	b := must(cache.Open("granted"))
	exhaust(t, "claims", func(n int) (*cache.Claim, error) {
		key := "claim-" + strconv.Itoa(n)
		filled, err := b.Fill(key, cache.FillOptions{Claim: time.Minute})
		return filled.Claim, err
	})
	b.Close()
	exhaust(t, "sessions", func(int) (*session.Store, error) {
		return session.Open("granted", session.Fixed(time.Second))
	})
	exhaust(t, "channels", func(int) (*channel.Store, error) {
		return channel.Open("granted", time.Second)
	})
	exhaust(t, "buses", func(int) (*hub.Bus, error) { return hub.Open("granted") })
	exhaust(t, "runs", func(int) (*run.Runs, error) { return run.Open("story") })
	exhaust(t, "secrets", func(int) (*secret.Secret, error) {
		return secret.Get("granted/open/known", nil)
	})
	exhaust(t, "credentials", func(int) (*secret.Secret, error) {
		return credential.Get("granted/open/known", "ann", nil)
	})
}

// flood calls until that is refused. It was allowed before, or is not for want of calls made
// elsewhere: both are told the same.
func flood[T any](t *lines, what string, call func() (T, error)) {
	var err error
	for n := 0; n < manyTimes && err == nil; n++ {
		_, err = call()
	}
	refused(t, what, err)
}

func calls(t *lines) {
	b := must(cache.Open("granted"))
	s := must(session.Open("granted", session.Fixed(time.Second)))
	c := must(channel.Open("granted", time.Second))
	h := must(hub.Open("granted"))
	r := must(run.Open("story"))
	known := must(secret.Get("granted/open/known", nil))
	flood(t, "cache", func() (bool, error) { return b.Exists("a") })
	flood(t, "counts", b.Counts)
	flood(t, "session", func() (*session.Snapshot, error) { return s.Get("a") })
	flood(t, "channel", func() ([]string, error) { return c.Touch(nil) })
	flood(t, "hub", func() (hub.History, error) { return h.History("a", nil, 0) })
	flood(t, "run", func() (*run.Info, error) { return r.Get("a") })
	flood(t, "names", run.Names)
	flood(t, "secret", func() (bool, error) { return secret.Exists("granted/a") })
	flood(t, "secret-use", func() ([]byte, error) { return secretuse.HMACSHA256(known, nil) })
	flood(t, "secret-reveal", func() ([]byte, error) { return secretreveal.Reveal(known) })
	flood(t, "credential", func() (bool, error) { return credential.Exists("granted/a", "ann") })
	for _, handle := range []closer{b, s, c, h, r, known} {
		handle.Close()
	}
}

// unavailable is a store that does not answer.
func unavailable(t *lines) {
	b := must(cache.Open("granted"))
	get(t, "cache get", b, "a")
	t.say("cache set", ok{}, b.Set("a", []byte("1"), minute))
	_, err := b.Fill("a", cache.FillOptions{Claim: time.Second})
	t.say("cache fill", ok{}, err)
	s := must(session.Open("granted", session.Sliding(time.Second)))
	worked[*session.Snapshot](t, "session get")(s.Get("a"))
	worked[uint64](t, "session replace")(s.Replace("a", nil))
	c := must(channel.Open("granted", time.Second))
	worked[channel.Info](t, "channel get")(c.Get("a"))
	flag(t, "channel send")(c.Send("a", satama.Text("")))
	h := must(hub.Open("granted"))
	worked[*string](t, "hub publish")(h.Say("t", ""))
	worked[[]string](t, "hub topics")(h.Topics("a"))
	found(t, "secret get")(secret.Get("granted/a", nil))
	namesPage(t, "secret names")(secret.Names(nil, 10))
	worked[uint64](t, "secret put")(secret.Put("granted/a", nil))
	found(t, "credential get")(credential.Get("granted/a", "ann", nil))
	r := must(run.Open("story"))
	worked[[]string](t, "run names")(run.Names())
	worked[run.Started](t, "run start")(r.Start(json.RawMessage("null"), run.Options{}))
	worked[*run.Info](t, "run get")(r.Get(missing))
	for _, handle := range []closer{b, s, c, h, r} {
		handle.Close()
	}
}

// read reads the items of a list, page by page.
func read(t *lines, what string, page func(cursor *string) ([]string, *string, error)) {
	all := []string{}
	var cursor *string
	for {
		items, next, err := page(cursor)
		if err != nil {
			t.say(what, nil, err)
			return
		}
		all = append(all, items...)
		if cursor = next; cursor == nil {
			break
		}
	}
	slices.Sort(all)
	t.say(what, len(all), nil)
	all = slices.Compact(all)
	t.say("different ones", len(all), nil)
	t.say("first", all[0], nil)
	t.say("last", all[len(all)-1], nil)
}

// pages are those of ten thousand channels, which all listen to one topic.
func pages(t *lines) {
	s := must(channel.Open("many", time.Minute))
	defer s.Close()
	ids := func(page channel.Page, err error) ([]string, *string, error) {
		ids := make([]string, 0, len(page.Entries))
		for _, entry := range page.Entries {
			ids = append(ids, entry.ID)
		}
		return ids, page.Next, err
	}
	read(t, "of user", func(cursor *string) ([]string, *string, error) {
		return ids(s.OfUser("ann", cursor, pageItems))
	})
	read(t, "all", func(cursor *string) ([]string, *string, error) {
		return ids(s.Page(cursor, pageItems))
	})
	b := must(hub.Open("many"))
	defer b.Close()
	read(t, "members", func(cursor *string) ([]string, *string, error) {
		page, err := b.Members("topic", cursor, pageItems)
		members := make([]string, 0, len(page.Members))
		for _, member := range page.Members {
			members = append(members, member.Channel)
		}
		return members, page.Next, err
	})
}

// insists has a function call until that is refused.
func insists(any) (any, error) {
	return workflow.Call[any]("insist", nil)
}

// insist sets a part of its run's state until that is refused, and says how.
func insist(any) (string, error) {
	var err error
	for n := 0; n < manyTimes && err == nil; n++ {
		err = workflow.SetState("insisted", n)
	}
	return workflow.CodeOf(err), nil
}
