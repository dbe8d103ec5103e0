package satama

import (
	"errors"
	"fmt"
	"testing"
)

func TestAnErrorIsItsCode(t *testing.T) {
	err := fmt.Errorf("so: %w", &Error{Service: "cache", Code: ErrTooLarge, Limit: 1024})
	if !errors.Is(err, ErrTooLarge) || errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
	failed, ok := errors.AsType[*Error](err)
	if !ok || failed.Limit != 1024 || err.Error() != "so: cache: too-large: over the limit of 1024" {
		t.Fatal(err)
	}
}

func TestAResultIsUTF8(t *testing.T) {
	if failed := Result("", errors.New("bad \xff")); failed.Err() != "bad \uFFFD" {
		t.Fatal(failed)
	}
	if whole := Result("a\xff\xfeä", nil); whole.Ok() != "a\uFFFDä" {
		t.Fatal(whole)
	}
	if number := Result(7, nil); number.Ok() != 7 {
		t.Fatal(number)
	}
}

func TestAMessageIsPrintedAsItsText(t *testing.T) {
	if text := fmt.Sprint(Text("Ann is here"), Binary([]byte{1, 2})); text != "Ann is here 2 bytes" {
		t.Fatal(text)
	}
}
