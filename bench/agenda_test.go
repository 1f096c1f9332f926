package bench

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestAgenda(t *testing.T) {
	var a agenda
	if _, ok := a.due(1 << 62); ok || a.wait(0) != forever {
		t.Fatal("an empty one has something to do")
	}
	for _, slot := range rand.Perm(100) {
		a.add(int64(10*slot), uint32(slot))
	}
	if wait := a.wait(-5); wait != 5*time.Nanosecond {
		t.Errorf("the first is due in %v, want 5ns", wait)
	}
	for want := range uint32(51) {
		if slot, ok := a.due(500); !ok || slot != want {
			t.Fatalf("got %d, %t; want %d", slot, ok, want)
		}
	}
	if slot, ok := a.due(509); ok {
		t.Errorf("%d is due before its time", slot)
	}
	if wait := a.wait(600); wait != 0 {
		t.Errorf("what is overdue waits for %v", wait)
	}
}
