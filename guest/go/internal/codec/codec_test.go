package codec

import (
	"encoding/json"
	"testing"
)

func TestNothingIsEscapedThatNeedNotBe(t *testing.T) {
	for want, value := range map[string]any{
		`"<&>ä€😀"`:    "<&>ä€😀",
		`null`:        struct{}{},
		`{"a":[1]}`:   map[string][]int{"a": {1}},
		`{"b": 1.50}`: nil,
	} {
		if value == nil {
			// JSON that is there already is made compact, and its numbers stay.
			value, want = json.RawMessage(want), `{"b":1.50}`
		}
		if text, err := Encode(value); text != want || err != nil {
			t.Fatal(text, err)
		}
	}
	if _, err := Encode(func() {}); err == nil {
		t.Fatal("a function is no JSON")
	}
}

func TestNullIsOnlyForWhatTakesIt(t *testing.T) {
	refused := []error{}
	_, err := Decode[int]("null")
	refused = append(refused, err)
	_, err = Decode[string](" null ")
	refused = append(refused, err)
	_, err = Decode[struct{ N int }]("null")
	refused = append(refused, err)
	for _, err := range refused {
		if err == nil {
			t.Fatal("null was taken")
		}
	}
	taken := []error{}
	_, err = Decode[*int]("null")
	taken = append(taken, err)
	_, err = Decode[[]int]("null")
	taken = append(taken, err)
	_, err = Decode[any]("null")
	taken = append(taken, err)
	_, err = Decode[struct{}]("null")
	taken = append(taken, err)
	_, err = Decode[json.RawMessage]("null")
	taken = append(taken, err)
	for _, err := range taken {
		if err != nil {
			t.Fatal(err)
		}
	}
}
