package language

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/satama/satama/guest/go/cache"
)

// The largest counter.
const counterMax = 1<<53 - 1

// More milliseconds than any limit.
const forever = time.Duration(math.MaxInt64)

// minute is one, in no group.
var minute = cache.TTL(time.Minute)

func cacheAll(t *lines) {
	_, err := cache.Open("another")
	t.say("open another", ok{}, err)
	b := must(cache.Open("granted"))
	defer b.Close()
	t.say("open", ok{}, nil)
	before := must(b.Counts())
	cacheValues(t, b)
	cacheBatches(t, b)
	cacheCounters(t, b)
	cacheGroups(t, b)
	cacheFills(t, b)
	after := must(b.Counts())
	t.say("hits", after.Hits-before.Hits, nil)
	t.say("misses", after.Misses-before.Misses, nil)
}

// get says what is under a key.
func get(t *lines, what string, b *cache.Bucket, key string) {
	value, found, err := b.Get(key)
	t.say(what, maybe(value, found), err)
}

func cacheValues(t *lines, b *cache.Bucket) {
	set := func(what, key, value string) {
		t.say(what, ok{}, b.Set(key, []byte(value), minute))
	}
	flag := func(what string, value bool, err error) { t.say(what, value, err) }
	get(t, "get missing", b, "a")
	set("set", "a", "hello")
	get(t, "get", b, "a")
	set("set empty", "", "")
	get(t, "get empty", b, "")
	set("set unicode", "avain-ä€😀", "arvo-ä€😀")
	get(t, "get unicode", b, "avain-ä€😀")
	set("set nul", "a\x00b", "\x00\xff\x80")
	get(t, "get nul", b, "a\x00b")
	found, err := b.Exists("a")
	flag("exists", found, err)
	found, err = b.Exists("missing")
	flag("exists missing", found, err)
	ttl, found, err := b.TTL("a")
	flag("ttl", found && ttl > 0 && ttl <= time.Minute, err)
	ttl, found, err = b.TTL("missing")
	t.say("ttl missing", maybe(ttl, found), err)
	found, err = b.Delete("a")
	flag("delete", found, err)
	found, err = b.Delete("a")
	flag("delete again", found, err)
	found, err = b.SetIfAbsent("a", []byte("1"), minute)
	flag("set if absent", found, err)
	found, err = b.SetIfAbsent("a", []byte("2"), minute)
	flag("set if absent again", found, err)
	get(t, "get", b, "a")
}

func entry(key, value string) cache.Entry {
	return cache.Entry{Key: key, Value: []byte(value), Options: minute}
}

// many says what is under many keys.
func many(t *lines, what string, b *cache.Bucket, keys []string) {
	values, err := b.GetMany(keys)
	t.say(what, plain(list(values, func(value []byte) string {
		return show(maybe(value, value != nil))
	})), err)
}

func cacheBatches(t *lines, b *cache.Bucket) {
	entries := []cache.Entry{entry("x", "1"), entry("y", ""), entry("x", "333")}
	t.say("set many", ok{}, b.SetMany(entries))
	many(t, "get many", b, []string{"x", "y", "z", "x"})
	t.say("set many of none", ok{}, b.SetMany(nil))
	many(t, "get many of none", b, nil)
}

func cacheCounters(t *lines, b *cache.Bucket) {
	add := func(what, key string, delta int64) {
		sum, err := b.Add(key, delta, minute)
		t.say(what, sum, err)
	}
	add("add", "n", 5)
	add("add less", "n", -7)
	get(t, "get counter", b, "n")
	add("add to text", "x-ä", 1)
	t.say("set text", ok{}, b.Set("text", []byte("text"), minute))
	add("add to text", "text", 1)
	add("add the most", "max", counterMax)
	add("add beyond", "max", 1)
	add("add the least", "min", -counterMax)
	add("add below", "min", -1)
	add("add what is over 53 bits", "huge", 1<<60)
	add("add the least of 64 bits", "huge", math.MinInt64)
}

func cacheGroups(t *lines, b *cache.Bucket) {
	set := func(what, key, value, group string) {
		t.say(what, ok{}, b.Set(key, []byte(value), minute.InGroup(group)))
	}
	set("set in group", "g1", "1", "ryhmä")
	set("set in the empty group", "g2", "2", "")
	t.say("invalidate group", ok{}, b.InvalidateGroup("ryhmä"))
	get(t, "get of group", b, "g1")
	get(t, "get of the empty group", b, "g2")
	t.say("invalidate all", ok{}, b.InvalidateAll())
	get(t, "get of the empty group", b, "g2")
	get(t, "get of none", b, "x")
}

func cacheFills(t *lines, b *cache.Bucket) {
	fill := func(what, key string, group *string) *cache.Claim {
		filled, err := b.Fill(key, cache.FillOptions{Claim: time.Minute, Group: group})
		said := plain("busy")
		if filled.Hit {
			said = plain("hit " + show(filled.Value))
		} else if filled.Claim != nil {
			said = "claimed"
		}
		t.say(what, said, err)
		return filled.Claim
	}
	complete := func(what string, claim *cache.Claim, value string) {
		t.say(what, ok{}, claim.Complete([]byte(value), time.Minute))
		claim.Close()
	}
	first := fill("fill", "f", nil)
	fill("fill meanwhile", "f", nil)
	complete("complete", first, "filled")
	fill("fill again", "f", nil)
	fill("fill another", "g", nil).Close()
	next := fill("fill after it was given up", "g", nil)
	t.say("set under the claim", ok{}, b.Set("g", []byte("set"), minute))
	complete("complete a lost claim", next, "late")
	get(t, "get", b, "g")
	grouped := fill("fill in a group", "h", new("ryhmä"))
	complete("complete in a group", grouped, "")
	t.say("invalidate its group", ok{}, b.InvalidateGroup("ryhmä"))
	get(t, "get", b, "h")
}

// cacheLimits are the limits of the cache: at each, and beyond it.
func cacheLimits(t *lines) {
	b := must(cache.Open("granted"))
	defer b.Close()
	one := []byte("1")
	longest, tooLong := strings.Repeat("k", 1024), strings.Repeat("k", 1025)
	t.say("longest key", ok{}, b.Set(longest, one, minute))
	get(t, "get by it", b, longest)
	t.say("longer key", ok{}, b.Set(tooLong, one, minute))
	get(t, "get by it", b, tooLong)
	found, err := b.Delete(tooLong)
	t.say("delete by it", found, err)
	found, err = b.Exists(tooLong)
	t.say("exists by it", found, err)
	_, _, err = b.TTL(tooLong)
	t.say("ttl by it", ok{}, err)
	sum, err := b.Add(tooLong, 1, minute)
	t.say("add by it", sum, err)

	largest := make([]byte, 1<<20)
	for n := range largest {
		largest[n] = byte(n % 251)
	}
	t.say("largest value", ok{}, b.Set("large", largest, minute))
	get(t, "get it", b, "large")
	larger := make([]byte, 1<<20+1)
	t.say("larger value", ok{}, b.Set("larger", larger, minute))
	found, err = b.SetIfAbsent("larger", larger, minute)
	t.say("larger value if absent", found, err)
	get(t, "get it", b, "larger")

	set := func(what string, options cache.Options) {
		t.say(what, ok{}, b.Set("t", one, options))
	}
	month := 30 * 24 * time.Hour
	set("longest ttl", cache.TTL(month))
	set("longer ttl", cache.TTL(month+1))
	set("ttl of 2^53 + 2", cache.TTL(forever))
	set("ttl of 2^63", cache.TTL(forever))
	second := cache.TTL(time.Second)
	set("longest group", second.InGroup(strings.Repeat("g", 255)))
	set("longer group", second.InGroup(strings.Repeat("g", 256)))
	t.say("invalidate longer group", ok{}, b.InvalidateGroup(strings.Repeat("g", 256)))
	set("group in unicode", second.InGroup(strings.Repeat("ä", 128)))
	largestBatch(t, b)

	fill := func(what, key string, wait, claim time.Duration) {
		filled, err := b.Fill(key, cache.FillOptions{Wait: wait, Claim: claim})
		if filled.Claim != nil {
			filled.Claim.Close()
		}
		t.say(what, ok{}, err)
	}
	fill("longer wait", "missing", 30*time.Second+1, time.Second)
	fill("longer claim", "missing", 0, 5*time.Minute+1)
	fill("fill of a longer key", tooLong, 0, time.Millisecond)
}

func largestBatch(t *lines, b *cache.Bucket) {
	keys := make([]string, 65)
	entries := make([]cache.Entry, 65)
	for n := range keys {
		keys[n] = "batch-" + strconv.Itoa(n)
		entries[n] = entry(keys[n], "1")
	}
	t.say("largest batch", ok{}, b.SetMany(entries[:64]))
	values, err := b.GetMany(keys[:64])
	missing := slices.ContainsFunc(values, func(value []byte) bool { return value == nil })
	t.say("get it", maybe(len(values), !missing), err)
	t.say("larger batch", ok{}, b.SetMany(entries))
	many(t, "get it", b, keys)
}
