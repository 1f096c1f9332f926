package bench

import (
	"testing"
	"time"
)

func TestRound(t *testing.T) {
	var r round
	if r.portion(0) != 0 || r.wait(0) != forever || r.lacking() != 0 {
		t.Fatalf("one that never began has acts: %+v", r)
	}
	const begins, step = int64(5 * time.Second), int64(time.Millisecond)
	r.begin(begins, 1000, 25, 10, 3) // an act a millisecond, by slots 0, 3, 6 to 27
	for _, test := range []struct {
		now  int64
		want uint64
	}{{begins, 1}, {begins + 3*step, 4}, {begins + 24*step, 25}, {begins + 100*step, 25}} {
		if got := r.due(test.now); got != test.want {
			t.Errorf("%v after its beginning: %d are due, want %d", time.Duration(test.now-begins), got, test.want)
		}
	}
	if slot, sequence := r.of(23); slot != 9 || sequence != 2 {
		t.Errorf("act 23 is %d of slot %d, want 2 of 9", sequence, slot)
	}
	r.over = 12
	for slot, want := range map[uint32]uint32{0: 2, 3: 2, 6: 1, 27: 1, 1: 0, 30: 0} {
		if got := r.portion(slot); got != want {
			t.Errorf("slot %d had %d acts, want %d", slot, got, want)
		}
	}
	if wait := r.wait(begins + 10*step); wait != 2*time.Millisecond {
		t.Errorf("the next act is due in %v, want 2ms", wait)
	}

	r.begun(begins+11*step, 11)
	r.begun(begins+14*step, 12) // by 2 ms
	r.answer(begins+15*step, 3, 1)
	if r.sent != 2 || r.late != 1 || r.answered != 1 || r.latency.report().Max/1000 != 4 {
		t.Errorf("%d sent, %d late, %d answered after %d µs at most", r.sent, r.late, r.answered, r.latency.report().Max)
	}
	if n := r.lacking(); n != 13+1 {
		t.Errorf("%d lack, want the 13 that are not over and an answer", n)
	}
	r.cut()
	if r.wait(begins) != forever || r.lacking() != 1 {
		t.Errorf("after its end %d lack, want an answer", r.lacking())
	}
	var never round
	if a := answers([]*round{&r, &never}); a.Sent != 2 || a.Missing != 1 || a.Late != 1 || a.Latency.Count != 1 {
		t.Errorf("got %+v", a)
	}
}
