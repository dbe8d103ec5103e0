// Package cache keeps values that may be forgotten: a cache holds a copy, never the only copy.
//
//	bucket, err := cache.Open("pages")
//	if err != nil {
//		return err
//	}
//	defer bucket.Close()
//	err = bucket.Set("home", page, cache.TTL(time.Minute))
//
// Every operation on one key is atomic and is seen by every host as soon as it returns. A value may
// vanish before its time-to-live; it never comes back.
//
// A key is at most 1024 bytes of any text, a group's name 255, a value 1 MiB, a time-to-live 30
// days, a batch 64 items. A manifest may lower the first and the third. The manifest grants buckets
// with [cache] buckets.
//
// Errors are [*satama.Error]: satama.ErrAccessDenied of Open, satama.ErrTooLarge,
// satama.ErrNotACounter of Add, satama.ErrClaimLost of Complete, satama.ErrQuotaExceeded and
// satama.ErrUnavailable.
package cache

import (
	"time"

	satama "github.com/satama/satama/guest/go"
	"github.com/satama/satama/guest/go/internal/host"
	wit "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_cache"
	witTypes "go.bytecodealliance.org/pkg/wit/types"
)

// Bucket is a granted key space. Holding one is the permission to use it.
type Bucket struct {
	wit *wit.Bucket
}

// Claim is the right to set one missing entry. Closed before it is completed, it is given up and
// the next caller gets it.
type Claim struct {
	wit *wit.Claim
}

// Options say how an entry is kept.
type Options struct {
	// TTL is how long the entry lives after it is set. At most 30 days.
	TTL time.Duration
	// Group is what it can be invalidated with, if anything.
	Group *string
}

// Entry is one entry of SetMany.
type Entry struct {
	Key     string
	Value   []byte
	Options Options
}

// FillOptions say how Fill waits for others, and for how long others wait for this.
type FillOptions struct {
	// Wait is how long to wait for another caller's value. At most 30 seconds.
	Wait time.Duration
	// Claim is how long a claim that is not completed holds. At most 5 minutes.
	Claim time.Duration
	// Group is that of the entry that the claim will set, if any.
	Group *string
}

// Filled is what Fill found: a value, a claim, or neither if another caller still computes it.
type Filled struct {
	// Hit says whether there was a live value.
	Hit bool
	// Value is that value.
	Value []byte
	// Claim is set if there was none, and this caller is the one who computes it.
	Claim *Claim
}

// Counts are reads of a bucket by all instances on this host since it started.
type Counts struct {
	Hits   uint64
	Misses uint64
}

// TTL are the options of an entry that lives this long, in no group.
func TTL(ttl time.Duration) Options {
	return Options{TTL: ttl}
}

// InGroup are the same options, of an entry that is invalidated with a group.
func (o Options) InGroup(group string) Options {
	o.Group = &group
	return o
}

// Open opens the bucket called name in the calling tenant's grant. Does not reach the store.
func Open(name string) (*Bucket, error) {
	bucket, err := host.Result(func() witTypes.Result[*wit.Bucket, wit.Error] {
		return wit.BucketOpen(name)
	}, failed)
	if err != nil {
		return nil, err
	}
	return &Bucket{bucket}, nil
}

// Close gives the handle back. The bucket must not be used after it.
func (b *Bucket) Close() {
	b.wit.Drop()
}

// Get is the live value under key. False if there is none. Safe to retry.
func (b *Bucket) Get(key string) ([]byte, bool, error) {
	value, err := host.Result(func() witTypes.Result[witTypes.Option[[]byte], wit.Error] {
		return b.wit.Get(key)
	}, failed)
	return present(value), value.IsSome(), err
}

// GetMany are the live values under at most 64 keys, in their order; nil where there is none. Each
// is read atomically, the batch is not. Safe to retry.
func (b *Bucket) GetMany(keys []string) ([][]byte, error) {
	values, err := host.Result(func() witTypes.Result[[]witTypes.Option[[]byte], wit.Error] {
		return b.wit.GetMany(keys)
	}, failed)
	if err != nil {
		return nil, err
	}
	return host.Map(values, present), nil
}

// Set replaces the value under key, its group and its expiry. A claim on the key is lost. Safe to
// retry.
func (b *Bucket) Set(key string, value []byte, options Options) error {
	return host.Done(func() witTypes.Result[witTypes.Unit, wit.Error] {
		return b.wit.Set(key, value, options.wit())
	}, failed)
}

// SetMany sets at most 64 entries. Each is set atomically, the batch is not: if the store is
// unavailable, some may be set. Safe to retry.
func (b *Bucket) SetMany(entries []Entry) error {
	list := host.Map(entries, func(entry Entry) wit.Entry {
		return wit.Entry{Key: entry.Key, Value: entry.Value, Options: entry.Options.wit()}
	})
	return host.Done(func() witTypes.Result[witTypes.Unit, wit.Error] {
		return b.wit.SetMany(list)
	}, failed)
}

// SetIfAbsent is Set, but only where there is no live value. True if it was set. Of two callers at
// once, one gets true. Retried after satama.ErrUnavailable it may answer false for its own value.
func (b *Bucket) SetIfAbsent(key string, value []byte, options Options) (bool, error) {
	return host.Result(func() witTypes.Result[bool, wit.Error] {
		return b.wit.SetIfAbsent(key, value, options.wit())
	}, failed)
}

// Delete forgets the value under key, and any claim on it. True if there was a live one. Safe to
// retry.
func (b *Bucket) Delete(key string) (bool, error) {
	return host.Result(func() witTypes.Result[bool, wit.Error] { return b.wit.Delete(key) }, failed)
}

// Exists says whether there is a live value under key. Not counted as a read. Safe to retry.
func (b *Bucket) Exists(key string) (bool, error) {
	return host.Result(func() witTypes.Result[bool, wit.Error] { return b.wit.Exists(key) }, failed)
}

// TTL is how long the value under key has to live. False if there is no live value. Not counted as
// a read. Safe to retry.
func (b *Bucket) TTL(key string) (time.Duration, bool, error) {
	ttl, err := host.Result(func() witTypes.Result[witTypes.Option[uint64], wit.Error] {
		return b.wit.Ttl(key)
	}, failed)
	return host.Duration(ttl.SomeOr(0)), ttl.IsSome(), err
}

// Add adds delta to the counter under key and returns the sum. A counter is a value in decimal
// digits, from -(2^53 - 1) to 2^53 - 1. A missing one starts at zero with options; an existing one
// keeps its expiry and group. Atomic. Retried after satama.ErrUnavailable, it may add twice.
func (b *Bucket) Add(key string, delta int64, options Options) (int64, error) {
	return host.Result(func() witTypes.Result[int64, wit.Error] {
		return b.wit.Add(key, delta, options.wit())
	}, failed)
}

// InvalidateGroup forgets every entry that was set in a group, at a cost that does not grow with
// them. Claims for the group are lost. Safe to retry.
func (b *Bucket) InvalidateGroup(group string) error {
	return host.Done(func() witTypes.Result[witTypes.Unit, wit.Error] {
		return b.wit.InvalidateGroup(group)
	}, failed)
}

// InvalidateAll forgets every entry of the bucket. Otherwise as InvalidateGroup.
func (b *Bucket) InvalidateAll() error {
	return host.Done(func() witTypes.Result[witTypes.Unit, wit.Error] {
		return b.wit.InvalidateAll()
	}, failed)
}

// Fill is the live value under key, or the claim to compute it: of all the callers that miss, on
// any host, one gets the claim and the others wait for its value. A claim outlives its bucket's
// handle. [Cached] does what is usually wanted with it.
func (b *Bucket) Fill(key string, options FillOptions) (Filled, error) {
	filled, err := host.Result(func() witTypes.Result[wit.Filled, wit.Error] {
		return b.wit.Fill(key, wit.FillOptions{
			WaitMs:  host.Millis(options.Wait),
			ClaimMs: host.Millis(options.Claim),
			Group:   host.Option(options.Group),
		})
	}, failed)
	if err != nil {
		return Filled{}, err
	}
	switch filled.Tag() {
	case wit.Filled_Hit:
		return Filled{Hit: true, Value: bytes(filled.Hit())}, nil
	case wit.Filled_Claimed:
		return Filled{Claim: &Claim{filled.Claimed()}}, nil
	default:
		return Filled{}, nil
	}
}

// Counts are hits and misses of Get, GetMany and Fill. Does not reach the store.
func (b *Bucket) Counts() (Counts, error) {
	counts, err := host.Result(func() witTypes.Result[wit.Counts, wit.Error] {
		return b.wit.Counts()
	}, failed)
	return Counts(counts), err
}

// Complete sets the value, which lives for ttl, and ends the claim. After an error other than
// satama.ErrClaimLost and satama.ErrUnavailable the claim still holds. A value computed before its
// key was written or deleted, or its bucket or group invalidated, is refused as
// satama.ErrClaimLost.
func (c *Claim) Complete(value []byte, ttl time.Duration) error {
	return host.Done(func() witTypes.Result[witTypes.Unit, wit.Error] {
		return c.wit.Complete(value, host.Millis(ttl))
	}, failed)
}

// Close gives the claim up, if it was not completed. It must not be used after it.
func (c *Claim) Close() {
	c.wit.Drop()
}

func (o Options) wit() wit.Options {
	return wit.Options{TtlMs: host.Millis(o.TTL), Group: host.Option(o.Group)}
}

// present is nil for none, and only for that.
func present(value witTypes.Option[[]byte]) []byte {
	if value.IsNone() {
		return nil
	}
	return bytes(value.Some())
}

func bytes(value []byte) []byte {
	if value == nil {
		return []byte{}
	}
	return value
}

var codes = [...]satama.Code{
	wit.Error_AccessDenied:  satama.ErrAccessDenied,
	wit.Error_TooLarge:      satama.ErrTooLarge,
	wit.Error_NotACounter:   satama.ErrNotACounter,
	wit.Error_ClaimLost:     satama.ErrClaimLost,
	wit.Error_QuotaExceeded: satama.ErrQuotaExceeded,
	wit.Error_Unavailable:   satama.ErrUnavailable,
}

func failed(err wit.Error) error {
	failure := &satama.Error{Service: "cache", Code: codes[err.Tag()]}
	if err.Tag() == wit.Error_TooLarge {
		failure.Limit = err.TooLarge()
	}
	return failure
}
