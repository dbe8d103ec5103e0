package cache

import (
	"errors"
	"time"

	satama "github.com/satama/satama/guest/go"
	"github.com/satama/satama/guest/go/internal/codec"
)

const (
	// How long a caller waits for another's result before it computes its own.
	wait = 10 * time.Second
	// How long others wait for a caller whose host died. One that fails or traps gives up its
	// claim at once.
	claim = time.Minute
	// The limit in cache.wit. A longer one is taken as this: a cached value may vanish early.
	ttlMax = 30 * 24 * time.Hour
	// Longest value that any manifest allows, in bytes: the limit in cache.wit. A host may end a
	// guest that hands it far more than that.
	valueBytesMax = 1 << 20
)

// filler is what of a bucket Cached uses.
type filler interface {
	Fill(key string, options FillOptions) (Filled, error)
	Delete(key string) (bool, error)
}

// completer is what of a claim Cached uses.
type completer interface {
	Complete(value []byte, ttl time.Duration) error
	Close()
}

// Cached is the value under key, at most ttl old, or what compute returns, which is kept then.
// Values are kept as JSON.
//
// Of all the callers that miss at once, on any host, one computes and the others wait for its
// result, for 10 seconds. A cache holds copies: while it is unavailable, over quota or too small
// for a result, the result is computed and returned, and not kept. If compute fails nothing is
// kept, and the next caller computes. One that does not decode as a T, as it was kept by a program
// with an older type, is computed anew.
func (b *Bucket) Cached[T any](
	key string, ttl time.Duration, compute func() (T, error),
) (T, error) {
	return b.CachedWith(key, FillOptions{Wait: wait, Claim: claim}, ttl, compute)
}

// CachedWith is Cached, with other times to wait, or in a group.
func (b *Bucket) CachedWith[T any](
	key string, options FillOptions, ttl time.Duration, compute func() (T, error),
) (T, error) {
	value, _, err := cached(b, key, options, ttl, compute)
	return value, err
}

func cached[T any](
	bucket filler, key string, options FillOptions, ttl time.Duration, compute func() (T, error),
) (result T, hit bool, err error) {
	value, claim, err := find[T](bucket, key, options)
	if err != nil {
		return result, false, err
	}
	if value != nil {
		return *value, true, nil
	}
	if claim != nil {
		// Also if compute panics, and that is recovered from.
		defer claim.Close()
	}
	computed, err := compute()
	if err != nil || claim == nil {
		return computed, false, err
	}
	if json, err := codec.Encode(computed); err == nil && len(json) <= valueBytesMax {
		// Whatever became of the copy, the caller has the value.
		_ = claim.Complete([]byte(json), min(ttl, ttlMax))
	}
	return computed, false, nil
}

// find is the value, or the claim, or neither. A value that does not decode is deleted, and not
// just overwritten: then one caller computes the new one, and not one that was invalidated.
func find[T any](bucket filler, key string, options FillOptions) (*T, completer, error) {
	for range 2 {
		filled, err := bucket.Fill(key, options)
		if errors.Is(err, satama.ErrUnavailable) || errors.Is(err, satama.ErrQuotaExceeded) {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		if filled.Claim != nil {
			return nil, filled.Claim, nil
		}
		if !filled.Hit {
			break
		}
		if value, err := codec.Decode[T](string(filled.Value)); err == nil {
			return &value, nil, nil
		}
		if _, err := bucket.Delete(key); err != nil {
			break
		}
	}
	return nil, nil, nil
}
