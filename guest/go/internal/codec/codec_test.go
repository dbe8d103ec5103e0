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

// The example of RFC 8785, 3.2.2 to 3.2.4: https://www.rfc-editor.org/rfc/rfc8785#section-3.2.2
func TestCanonicalAsInTheRFC(t *testing.T) {
	example := json.RawMessage(`{
		"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
		"string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
		"literals": [null, true, false]
	}`)
	want := `{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],` +
		`"string":"€$\u000f\nA'B\"\\\\\"/"}`
	if text, err := Canonical(example); text != want || err != nil {
		t.Fatal(text, err)
	}
	// By UTF-16: the last is a surrogate pair.
	names := map[string]any{"\ufb33": -0.0, "😀": 1e21, "\u2028": 9007199254740991}
	want = "{\"\u2028\":9007199254740991,\"😀\":1e+21,\"\ufb33\":0}"
	if text, err := Canonical(names); text != want || err != nil {
		t.Fatal(text, err)
	}
	if _, err := Canonical([]int64{1 << 53}); err == nil {
		t.Fatal("it is not exact")
	}
}
