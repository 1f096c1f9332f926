package poller

import (
	"testing"
	"time"
)

// turnOf takes one turn that lasts d.
func (r *rig) turnOf(d time.Duration) {
	r.Do(TaskFunc(func(*Loop) { r.advance(d) }))
	r.turn()
}

func TestEveryTurnIsTimed(t *testing.T) {
	r := newRig(t)
	before := r.Stats().TurnTime
	r.turnOf(3 * time.Millisecond)
	r.turnOf(3 * time.Millisecond)
	r.turnOf(20 * time.Second)
	got := r.Stats().TurnTime
	if n := got.Count() - before.Count(); n != 3 {
		t.Errorf("%d turns were timed, want 3", n)
	}
	if took, want := got.Sum-before.Sum, 20*time.Second+6*time.Millisecond; took != want {
		t.Errorf("they took %v, want %v", took, want)
	}
	last := len(got.Buckets) - 1
	if got.Buckets[last] != before.Buckets[last]+1 {
		t.Errorf("the turn of 20 s is in none of %v", got.Buckets)
	}
}

func TestTheLongestTurnIsForgotten(t *testing.T) {
	r := newRig(t)
	r.turnOf(30 * time.Millisecond)
	r.turnOf(time.Millisecond)
	if got := r.Stats().LongestTurn; got != 30*time.Millisecond {
		t.Errorf("the longest turn is %v, want 30ms", got)
	}
	r.advance(2 * turnWindow)
	r.turnOf(time.Millisecond)
	if got := r.Stats().LongestTurn; got != time.Millisecond {
		t.Errorf("20 s later the longest turn is %v, want 1ms", got)
	}
}
