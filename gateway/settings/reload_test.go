package settings

import (
	"slices"
	"testing"
)

func TestDifferingComparesTheNamedSettings(t *testing.T) {
	a := mustLoad(t, fromFile("admin: 127.0.0.1:1\nloops: 1\nlog: {format: json}\n"))
	b := mustLoad(t, fromFile("admin: 127.0.0.1:2\nloops: 2\nlog: {format: json}\n"))
	if got := a.Differing(b, "log.format", "admin"); !slices.Equal(got, []string{"admin"}) {
		t.Errorf("differing: %v, want admin", got)
	}
}

func TestPathsNameTheSettings(t *testing.T) {
	s := mustLoad(t, fromFile("hubs:\n  chat:\n    groups: {log: {}}\n"))
	got := s.Paths([]string{"PrivateFDTables", "Limits.KernelSend", "Hubs", "Hubs[0].OnMessage", "Hubs[0].Groups[0].Prefix", "Routes", "Routes[0].Path", "Routes[0].Dispatch"})
	want := []string{"privateFdTables", "limits.kernelSend", "hubs", "hubs.chat.onMessage", "hubs.chat.groups.log.prefix", "echo", "echo", "dispatch"}
	if !slices.Equal(got, want) {
		t.Errorf("paths %v, want %v", got, want)
	}
}
