package poller

import (
	"testing"
	"unsafe"
)

// TestIdleConnFootprint holds the budget of a connection: a million of them take
// a megabyte for each byte.
func TestIdleConnFootprint(t *testing.T) {
	if size := unsafe.Sizeof(Conn{}); size > 64 {
		t.Errorf("a connection takes %d bytes, want at most 64", size)
	}
}
