// Package satama has what the packages of Satama's services share: errors, messages and results.
//
// Each interface of the WIT is a package of its own: [github.com/satama/satama/guest/go/cache],
// session, channel, hub, secret, secretuse, secretreveal, credential, run and workflow. A component
// imports only the interfaces whose packages it calls.
//
// What may be missing is a pointer, which is nil for none; new("text") makes one of a value. A
// duration is a [time.Duration]; where it is passed on it is rounded up to whole milliseconds, and
// a negative one is taken as zero.
//
// Handles, such as a cache's bucket, are closed with Close. What is not closed is dropped some time
// after nothing refers to it. Services may be called from several goroutines, one call at a time.
package satama

import (
	"strconv"
	"strings"

	witTypes "go.bytecodealliance.org/pkg/wit/types"
)

// Outcome is the WIT type result<T, string>, which an exported function may return.
type Outcome[T any] = witTypes.Result[T, string]

// Result makes what an exported function returns of what a Go function returns:
//
//	func Greet(name string) satama.Outcome[string] { return satama.Result(greet(name)) }
//
// What is not UTF-8 in the error's text, or in a value that is a string, becomes U+FFFD: the host
// takes no other text, neither from here nor in any call of the packages.
func Result[T any](value T, err error) Outcome[T] {
	if err != nil {
		return witTypes.Err[T, string](valid(err.Error()))
	}
	if text, ok := any(&value).(*string); ok {
		*text = valid(*text)
	}
	return witTypes.Ok[T, string](value)
}

func valid(text string) string {
	return strings.ToValidUTF8(text, "\uFFFD")
}

// Message is what is sent to a channel, or published: text, or any bytes. At most 64 KiB; a
// manifest may lower that (value_bytes). Made by [Text] and [Binary].
type Message struct {
	text   string
	bytes  []byte
	binary bool
}

// Text is a message of UTF-8 text.
func Text(text string) Message {
	return Message{text: text}
}

// Binary is a message of any bytes.
func Binary(bytes []byte) Message {
	return Message{bytes: bytes, binary: true}
}

// Text is the message's text. False if it is binary.
func (m Message) Text() (string, bool) {
	return m.text, !m.binary
}

// String is the message's text, or how many bytes it has.
func (m Message) String() string {
	if m.binary {
		return strconv.Itoa(len(m.bytes)) + " bytes"
	}
	return m.text
}

// Binary is the message's bytes. False if it is text.
func (m Message) Binary() ([]byte, bool) {
	return m.bytes, m.binary
}
