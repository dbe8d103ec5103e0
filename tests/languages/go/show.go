package language

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	satama "github.com/satama/satama/guest/go"
	"github.com/satama/satama/guest/go/workflow"
)

// lines are those of one part.
type lines []string

// say says what came of something: a value, or an error.
func (l *lines) say(what string, value any, err error) {
	text := ""
	if err != nil {
		text = showError(err)
	} else {
		text = show(value)
	}
	*l = append(*l, what+": "+text)
}

// ok is what is said of a call that worked and has no result.
type ok struct{}

// plain is a value as its part has it.
type plain string

// text is JSON as text, or none.
type text json.RawMessage

// must is a value that has to be there.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// maybe is a value, or none.
func maybe[T any](value T, found bool) any {
	if !found {
		return nil
	}
	return value
}

func show(value any) string {
	switch value := value.(type) {
	case nil:
		return "none"
	case ok:
		return "ok"
	case plain:
		return string(value)
	case text:
		if value == nil {
			return "none"
		}
		return quote(string(value))
	case string:
		return quote(value)
	case *string:
		return optional(value)
	case []byte:
		sum := 0
		for _, one := range value {
			sum += int(one)
		}
		return fmt.Sprintf("bytes %d %d", len(value), sum)
	case []string:
		return list(value, quote)
	default:
		return fmt.Sprint(value)
	}
}

func showError(err error) string {
	if failure, ok := errors.AsType[*workflow.Failure](err); ok {
		return "error " + showFailure(failure)
	}
	failed, found := errors.AsType[*satama.Error](err)
	if !found {
		return "error " + err.Error()
	}
	said := "error " + string(failed.Code)
	switch failed.Code {
	case satama.ErrTooLarge:
		said += " " + strconv.FormatUint(failed.Limit, 10)
	case satama.ErrIllegal:
		said += " " + failed.Detail
	case satama.ErrInvalidJSON:
		if failed.Service == "session" {
			said += " " + quote(failed.Detail)
		}
	}
	return said
}

func showFailure(failure *workflow.Failure) string {
	said := "failed " + quote(failure.Code) + " " + quote(failure.Message)
	if failure.Retry {
		said += " retry"
	}
	return said
}

func quote(text string) string {
	return `"` + text + `"`
}

func optional(text *string) string {
	if text == nil {
		return "none"
	}
	return quote(*text)
}

func list[T any](items []T, show func(T) string) string {
	shown := make([]string, 0, len(items))
	for _, item := range items {
		shown = append(shown, show(item))
	}
	return "[" + strings.Join(shown, ", ") + "]"
}
