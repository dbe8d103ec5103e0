// Package codec reads and writes JSON as all of Satama's SDKs do.
package codec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
)

// Encode is a value as JSON, with nothing escaped that need not be. What has no fields is null, as
// in the other languages.
func Encode(value any) (string, error) {
	if value == struct{}{} {
		return "null", nil
	}
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", err
	}
	return string(bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))), nil
}

// Decode reads a value from JSON. Null is an error for what cannot be nil.
func Decode[T any](text string) (value T, err error) {
	err = Into(text, &value)
	return value, err
}

// Into reads what target points to from JSON, as Decode.
func Into(text string, target any) error {
	if err := json.Unmarshal([]byte(text), target); err != nil {
		return err
	}
	pointer := reflect.TypeOf(target)
	if pointer.Kind() != reflect.Pointer || !isNull(text) || takesNull(pointer) {
		return nil
	}
	return fmt.Errorf("null is not a %s", pointer.Elem())
}

func isNull(text string) bool {
	return string(bytes.TrimSpace([]byte(text))) == "null"
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

func takesNull(pointer reflect.Type) bool {
	if pointer.Implements(unmarshaler) {
		return true
	}
	switch kind := pointer.Elem(); kind.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
		return true
	case reflect.Struct:
		return kind.NumField() == 0
	default:
		return false
	}
}
