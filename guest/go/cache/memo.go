package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/satama/satama/guest/go/internal/codec"
)

// Memo memoizes one function in a bucket: its results by its inputs. Otherwise it is as
// [Bucket.Cached].
//
//	primes, err := cache.OpenMemo("primes", cache.MemoOptions{Version: new("1")})
//	if err != nil {
//		return err
//	}
//	defer primes.Close()
//	count, hit, err := primes.Cached(below, time.Hour, func() (int, error) {
//		return countPrimes(below), nil
//	})
//
// Functions that share a bucket need different versions, such as outline-2. Programs in other
// languages that give the same team, version and inputs share results.
type Memo struct {
	bucket  *Bucket
	options MemoOptions
}

// MemoOptions say how results are kept.
type MemoOptions struct {
	// Team keeps the results apart from those of other teams.
	Team *string
	// Version keeps them apart from those of other versions of the function.
	Version *string
	// Group is what they are invalidated with.
	Group *string
	// Wait is how long to wait for another caller's result before it is computed here. 10 seconds,
	// if zero; at most 30.
	Wait time.Duration
	// Claim is how long others wait for a caller whose host died. 60 seconds, if zero; at most 5
	// minutes. A result that took longer is returned, and not kept.
	Claim time.Duration
}

// OpenMemo memoizes in the bucket called name in the calling tenant's grant.
func OpenMemo(name string, options MemoOptions) (*Memo, error) {
	bucket, err := Open(name)
	if err != nil {
		return nil, err
	}
	if options.Wait == 0 {
		options.Wait = wait
	}
	if options.Claim == 0 {
		options.Claim = claim
	}
	return &Memo{bucket, options}, nil
}

// Close gives the bucket's handle back. The memo must not be used after it.
func (m *Memo) Close() {
	m.bucket.Close()
}

// Cached is the result of compute for inputs, at most ttl old, and whether it was served from the
// cache. It fails if the inputs cannot be JSON, or have an integer beyond 2^53 - 1, or as compute. A
// result that has no JSON is returned, and not kept.
func (m *Memo) Cached[T any](
	inputs any, ttl time.Duration, compute func() (T, error),
) (result T, hit bool, err error) {
	key, err := memoKey(m.options.Team, m.options.Version, inputs)
	if err != nil {
		return result, false, err
	}
	fill := FillOptions{Wait: m.options.Wait, Claim: m.options.Claim, Group: m.options.Group}
	return cached(m.bucket, key, fill, ttl, compute)
}

// memoKey is the SHA-256, in hexadecimal, of the canonical JSON (RFC 8785) of [team, version,
// inputs], with null for what is not given: two keys are equal only if all three are equal as JSON.
func memoKey(team, version *string, inputs any) (string, error) {
	text, err := codec.Canonical([]any{team, version, inputs})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:]), nil
}
