package codec

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// The largest integer that JSON keeps apart from its neighbours: RFC 7493, 2.2.
const integerMax = 1<<53 - 1

// Canonical is a value as canonical JSON (RFC 8785): the same text for the same value, in every
// language. An integer beyond 2^53 - 1 has none.
func Canonical(value any) (string, error) {
	text, err := Encode(value)
	if err != nil {
		return "", err
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var parsed any
	if err := decoder.Decode(&parsed); err != nil {
		return "", err
	}
	var canonical strings.Builder
	if err := write(&canonical, parsed); err != nil {
		return "", err
	}
	return canonical.String(), nil
}

func write(to *strings.Builder, value any) error {
	switch value := value.(type) {
	case nil:
		to.WriteString("null")
	case bool:
		to.WriteString(strconv.FormatBool(value))
	case string:
		quote(to, value)
	case json.Number:
		text, err := number(value)
		to.WriteString(text)
		return err
	case []any:
		return writeAll(to, '[', value, ']', func(item any) error { return write(to, item) })
	case map[string]any:
		names := []string{}
		for name := range value {
			names = append(names, name)
		}
		slices.SortFunc(names, func(a, b string) int {
			return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
		})
		return writeAll(to, '{', names, '}', func(name string) error {
			quote(to, name)
			to.WriteByte(':')
			return write(to, value[name])
		})
	default:
		return fmt.Errorf("%T is no JSON", value)
	}
	return nil
}

func writeAll[T any](
	to *strings.Builder, open byte, items []T, end byte, one func(T) error,
) error {
	to.WriteByte(open)
	for n, item := range items {
		if n > 0 {
			to.WriteByte(',')
		}
		if err := one(item); err != nil {
			return err
		}
	}
	to.WriteByte(end)
	return nil
}

// number is one as ECMAScript writes it: RFC 8785, 3.2.2.3.
func number(text json.Number) (string, error) {
	float, err := text.Float64()
	if err != nil {
		return "", err
	}
	if !strings.ContainsAny(text.String(), ".eE") && math.Abs(float) > integerMax {
		return "", errors.New("an integer beyond 2^53 - 1 is not exact in JSON")
	}
	if float == 0 {
		return "0", nil
	}
	if size := math.Abs(float); size >= 1e-6 && size < 1e21 {
		return strconv.FormatFloat(float, 'f', -1, 64), nil
	}
	// ECMAScript's exponents have no leading zero.
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(float, 'e', -1, 64), "e")
	return mantissa + "e" + exponent[:1] + strings.TrimLeft(exponent[1:], "0"), nil
}

// quote is a text with what has to be escaped: RFC 8785, 3.2.2.2.
func quote(to *strings.Builder, text string) {
	to.WriteByte('"')
	for _, char := range text {
		if at := strings.IndexRune("\b\t\n\f\r\"\\", char); at >= 0 {
			to.WriteByte('\\')
			to.WriteByte(`btnfr"\`[at])
		} else if char < ' ' {
			fmt.Fprintf(to, `\u%04x`, char)
		} else {
			to.WriteRune(char)
		}
	}
	to.WriteByte('"')
}
