package plugin

import "testing"

// What needs no host is tested as any Go is.
func TestSendCountsCharacters(t *testing.T) {
	count, err := send("päivää")
	if err != nil || count != 6 {
		t.Fatalf("got %d, %v", count, err)
	}
}
