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
	result, _, err := cached(bucket, "a", FillOptions{}, time.Minute, compute)
	return result, err
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

// From `printf '[null,null,""]' | sha256sum`.
func TestAMemosKeyIsThatOfOtherLanguages(t *testing.T) {
	want := "7ebba0e76eab0fd864c31f13c8088c1384215350ca8d317ec225abf9e89b4390"
	if key, err := memoKey(nil, nil, ""); key != want || err != nil {
		t.Fatal(key, err)
	}
	keys := map[string]bool{}
	for _, parts := range [][3]any{
		{nil, nil, []string{"a", "b"}}, {"a", nil, []string{"b"}}, {nil, "a", []string{"b"}},
		{"a", "b", []string{}}, {"a", "b", nil}, {"", nil, []string{"a", "b"}},
		{nil, "", []string{"a", "b"}}, {nil, nil, `["a","b"]`},
	} {
		text := func(part any) *string {
			if part == nil {
				return nil
			}
			return new(part.(string))
		}
		key, err := memoKey(text(parts[0]), text(parts[1]), parts[2])
		if err != nil || keys[key] {
			t.Fatal(parts, err)
		}
		keys[key] = true
	}
}
