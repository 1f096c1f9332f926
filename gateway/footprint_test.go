package gateway

import (
	"testing"
	"unsafe"
)

// TestFootprints holds the budget of what there are many of: a million of them
// take a megabyte for each byte.
func TestFootprints(t *testing.T) {
	for _, test := range []struct {
		what       string
		size, most uintptr
	}{
		{"a session", unsafe.Sizeof(session{}), 64},
		{"the profile of a session with a user or in a group", unsafe.Sizeof(profile{}), 48},
		{"a membership", unsafe.Sizeof(membership{}), 12},
		{"a loop's share of a group", unsafe.Sizeof(share{}), 120},
	} {
		if test.size > test.most {
			t.Errorf("%s takes %d bytes, want at most %d", test.what, test.size, test.most)
		}
	}
}
