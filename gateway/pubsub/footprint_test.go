package pubsub

import (
	"testing"
	"unsafe"
)

// What every client costs beside its session in the gateway, which has some 200 bytes
// for one with a user and a group.
func TestFootprint(t *testing.T) {
	if size := unsafe.Sizeof(client{}); size > 48 {
		t.Errorf("a client takes %d bytes, more than 48", size)
	}
}
