package poller

import (
	"math"
	"slices"
	"testing"
	"time"
)

func TestTimersRunInTheOrderOfTheirTimes(t *testing.T) {
	r := newRig(t)
	r.turn()
	var ran []time.Duration
	begin := r.began
	for _, d := range []time.Duration{30, 10, 20, 10, 0, 2000} {
		d *= time.Millisecond
		r.After(d, TaskFunc(func(l *Loop) {
			ran = append(ran, d)
			if late := l.began - begin - d; late < 0 || late > time.Millisecond {
				t.Errorf("the timer of %v ran %v after its time", d, late)
			}
		}))
	}
	for range 6 {
		r.Loop.turn() // sleeps until the next is due
	}
	want := []time.Duration{0, 10, 10, 20, 30, 2000}
	for i := range want {
		want[i] *= time.Millisecond
	}
	if !slices.Equal(ran, want) {
		t.Errorf("ran %v, want %v", ran, want)
	}
	if len(r.timers) != 0 {
		t.Errorf("%d timers are left", len(r.timers))
	}
}

func TestATimerMaySetTheNext(t *testing.T) {
	r := newRig(t)
	r.turn()
	left := 5
	var again TaskFunc
	again = func(l *Loop) {
		if left--; left > 0 {
			l.After(time.Second, again)
		}
	}
	r.After(0, again)
	begin := r.began
	for range 10 {
		if len(r.timers) == 0 {
			break
		}
		r.Loop.turn()
	}
	if left != 0 || r.began-begin != 4*time.Second {
		t.Errorf("%d are left after %v, want none after 4s", left, r.began-begin)
	}
}

// TestContinueTakesAnotherTurn: what is queued while the turn ends leaves with
// it, and a loop with work left over does not sleep.
func TestContinueTakesAnotherTurn(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	rest := 3
	r.handler.onTurnEnding = func() {
		if rest > 0 {
			r.Loop.conns.At(c.handle.Slot).Queue([]byte("x"))
			rest--
		}
		if rest > 0 {
			r.Continue()
		}
	}
	r.Do(TaskFunc(func(*Loop) {}))
	began := r.clock()
	for range 3 {
		r.Loop.turn()
	}
	if rest != 0 || r.clock() != began {
		t.Errorf("%d pieces of work are left after %v of sleep, want none", rest, r.clock()-began)
	}
	expectBytes(t, "the peer", c.Read(), []byte("xxx"))
	if r.pending() {
		t.Error("the loop still has work")
	}
}

// TestATimerForNeverDoesNotRun: its time is beyond what the clock can tell.
func TestATimerForNeverDoesNotRun(t *testing.T) {
	r := newRig(t)
	r.advance(time.Hour)
	r.turn()
	r.After(math.MaxInt64, TaskFunc(func(*Loop) { t.Error("it has run") }))
	r.turn()
	if until := r.untilDue(); until < 24*time.Hour {
		t.Errorf("the loop sleeps for %v", until)
	}
}

// TestManyTimersHaveAPartOfTheTurn: what is over comes in the next one.
func TestManyTimersHaveAPartOfTheTurn(t *testing.T) {
	r := newRig(t)
	r.turn()
	ran := 0
	for range 100 {
		r.After(0, TaskFunc(func(*Loop) { ran++; r.advance(eventBudget / eventsPerLook) }))
	}
	for turn := 1; ran < 100; turn++ {
		began := r.clock()
		r.turn()
		if took := r.clock() - began; took > 2*eventBudget || ran < min(100, turn*eventsPerLook) || !r.pending() && ran < 100 {
			t.Fatalf("after turn %d, of %v, %d have run", turn, took, ran)
		}
	}
}

// TestManyTimersLeaveNoList: what many timers have taken is given back when the last
// has run.
func TestManyTimersLeaveNoList(t *testing.T) {
	r := newRig(t)
	for range keptPieces + 1 {
		r.After(time.Second, TaskFunc(func(*Loop) {}))
	}
	r.pass(2 * time.Second)
	if n := cap(r.timers); n > keptPieces {
		t.Errorf("the list of timers keeps room for %d", n)
	}
}
