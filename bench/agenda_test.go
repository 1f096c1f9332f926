package bench

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestAgenda(t *testing.T) {
	a := newAgenda(100)
	if _, ok := a.due(1 << 62); ok || a.wait(0) != forever {
		t.Fatal("an empty one has something to do")
	}
	for _, slot := range rand.Perm(100) {
		a.set(int64(10*slot+1), uint32(slot))
	}
	if wait := a.wait(-5); wait != 6*time.Nanosecond {
		t.Errorf("the first is due in %v, want 6ns", wait)
	}
	for want := range uint32(51) {
		if slot, ok := a.due(501); !ok || slot != want {
			t.Fatalf("got %d, %t; want %d", slot, ok, want)
		}
	}
	if slot, ok := a.due(509); ok {
		t.Errorf("%d is due before its time", slot)
	}
	a.set(5000, 60) // instead of 601
	if slot, ok := a.due(601); !ok || slot != 51 {
		t.Errorf("got %d, %t; want 51", slot, ok)
	}
	for range 8 {
		a.due(601)
	}
	if slot, ok := a.due(601); ok {
		t.Errorf("slot %d has something to do, and 60 has it later", slot)
	}
	if wait := a.wait(700); wait != 0 {
		t.Errorf("what is overdue waits for %v", wait)
	}
}
