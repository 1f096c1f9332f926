package gateway

import (
	"testing"
	"unsafe"
)

// TestIdleSessionFootprint holds the budget of a session: a million of them take
// a megabyte for each byte.
func TestIdleSessionFootprint(t *testing.T) {
	if size := unsafe.Sizeof(session{}); size > 64 {
		t.Errorf("a session takes %d bytes, want at most 64", size)
	}
}
