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
