package subprotocol_test

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/gateway/subprotocol"
)

func TestNames(t *testing.T) {
	for _, tc := range []struct {
		name         string
		group, event bool
	}{
		{"", false, false},
		{" ", false, false},
		{"a", true, true},
		{"Z", true, true},
		{"a.b-c_0", true, true},
		{"0", true, false},
		{"_a", true, false},
		{"a b", true, false},
		{"é", true, false},
		{"a@", true, false},
		{"a[", true, false},
		{strings.Repeat("a", 128), true, true},
		{strings.Repeat("a", 129), true, false},
		{strings.Repeat("a", 1024), true, false},
		{strings.Repeat("a", 1025), false, false},
	} {
		if got := subprotocol.CheckGroup([]byte(tc.name)) == nil; got != tc.group {
			t.Errorf("group %.20q (%d): %v, want %v", tc.name, len(tc.name), got, tc.group)
		}
		if got := subprotocol.CheckEvent([]byte(tc.name)) == nil; got != tc.event {
			t.Errorf("event %.20q (%d): %v, want %v", tc.name, len(tc.name), got, tc.event)
		}
	}
}
