package cache

import (
	"errors"
	"testing"
	"time"

	satama "github.com/satama/satama/guest/go"
)

// one is a bucket with one key. A claim of its own is nil there: a real one is the host's.
type one struct {
	filled  Filled
	err     error
	deleted bool
}

func (o *one) Fill(string, FillOptions) (Filled, error) {
	filled := o.filled
	if o.deleted {
		filled = Filled{}
	}
	return filled, o.err
}

func (o *one) Delete(string) (bool, error) {
	o.deleted = true
	return true, nil
}

func get(bucket filler, compute func() (int, error)) (int, error) {
	return cached(bucket, "a", FillOptions{}, time.Minute, compute)
}

func never() (int, error) {
	return 0, errors.New("it is not computed")
}

func computed() (int, error) {
	return 7, nil
}

func TestWhatIsCachedIsNotComputed(t *testing.T) {
	n, err := get(&one{filled: Filled{Hit: true, Value: []byte("3")}}, never)
	if n != 3 || err != nil {
		t.Fatal(n, err)
	}
}

func TestWhatDoesNotDecodeIsDeletedAndComputed(t *testing.T) {
	bucket := &one{filled: Filled{Hit: true, Value: []byte(`"old"`)}}
	n, err := get(bucket, computed)
	if n != 7 || err != nil || !bucket.deleted {
		t.Fatal(n, err, bucket.deleted)
	}
}

func TestWithoutACacheItIsComputed(t *testing.T) {
	unavailable := &satama.Error{Service: "cache", Code: satama.ErrUnavailable}
	for _, bucket := range []*one{{}, {err: unavailable}} {
		if n, err := get(bucket, computed); n != 7 || err != nil {
			t.Fatal(n, err)
		}
	}
	tooLarge := &satama.Error{Service: "cache", Code: satama.ErrTooLarge, Limit: 1024}
	if _, err := get(&one{err: tooLarge}, computed); !errors.Is(err, satama.ErrTooLarge) {
		t.Fatal(err)
	}
}
