package bench

import (
	"testing"
	"time"

	"github.com/gobwas/ws"
	"golang.org/x/sys/unix"
)

// heldUp returns a loop with the open-loop traffic of two connections, none of
// which has been served since the schedule began. Nobody reads from them.
func heldUp(t *testing.T, perSecond float64, spans ...time.Duration) (*loop, *arrivals) {
	t.Helper()
	r := Rate{Load: Load{Connections: 2}, PerSecond: perSecond}.withDefaults()
	a := newArrivals(r, newPayloads(r.Size), 0, r.Connections, spans)
	l, err := newLoop(0, 0, r.Connections, newDialer(r.Load, &Target{}, nil, nil, r.Connections), a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(l.wakeFD) })
	for slot := range l.conns {
		ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			unix.Close(ends[0])
			unix.Close(ends[1])
		})
		c := &l.conns[slot]
		c.fd, c.slot, c.state = int32(ends[0]), uint32(slot), stateOpen
	}
	a.begin(l)
	a.since = 0
	return l, a
}

// A loop that wakes late sends what has become due, as late; and the latency of
// an echo counts from the schedule, not from the write.
func TestLatencyCountsFromTheSchedule(t *testing.T) {
	l, a := heldUp(t, 10, time.Second, time.Second)
	l.now = int64(1250 * time.Millisecond)
	a.advance(l)
	if a.due != 13 || a.states[0].sent != 7 || a.states[1].sent != 6 {
		t.Fatalf("%d due, sent %d and %d; want 13, 7 and 6", a.due, a.states[0].sent, a.states[1].sent)
	}
	if first, second := a.spans[0].late, a.spans[1].late; first != 10 || second != 3 {
		t.Errorf("%d and %d late, want 10 and 3", first, second)
	}
	l.now = int64(1300 * time.Millisecond)
	for number := range uint32(13) {
		slot, sequence := number%2, number/2
		echo := a.payloads.appendPart(nil, slot, sequence, 0, a.payloads.size)
		if err := a.data(l, &l.conns[slot], piece{op: ws.OpBinary, payload: echo, end: true}); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []struct {
		echoed      uint64
		least, most time.Duration
	}{
		{10, 400 * time.Millisecond, 1300 * time.Millisecond},
		{3, 100 * time.Millisecond, 300 * time.Millisecond},
	} {
		s := &a.spans[i]
		report := s.latencies.report()
		least, most := report.At(1), time.Duration(report.Max)*latencyUnit
		if s.echoed != want.echoed || !about(least, want.least) || !about(most, want.most) {
			t.Errorf("span %d: %d echoed, latency from %v to %v; want %+v", i, s.echoed, least, most, want)
		}
	}
	for slot := range l.conns {
		if a.busy(&l.conns[slot]) {
			t.Errorf("connection %d is busy with nothing outstanding", slot)
		}
	}
}

// about is within the three digits of the histogram.
func about(got, want time.Duration) bool { return (got - want).Abs() <= want/500 }

func TestAStoppedScheduleHasOnlyWhatWasDue(t *testing.T) {
	l, a := heldUp(t, 10, time.Second, time.Second)
	l.now = int64(350 * time.Millisecond)
	a.stop(l)
	if a.schedule.messages(0) != 4 || a.schedule.messages(1) != 0 {
		t.Errorf("%d and %d messages, want 4 and 0", a.schedule.messages(0), a.schedule.messages(1))
	}
	if wait := a.wait(l.now); wait != forever {
		t.Errorf("a schedule that is over waits %v", wait)
	}
	l.now = int64(time.Hour)
	a.advance(l)
	if a.due != 4 {
		t.Errorf("%d due after the end", a.due)
	}
}

func TestALostConnectionDoesNotHoldUpTheOthers(t *testing.T) {
	l, a := heldUp(t, 10, time.Second)
	l.conns[0].state = stateEnded
	l.now = int64(time.Second)
	a.advance(l)
	if a.states[0].sent != 0 || a.states[1].sent != 5 {
		t.Errorf("sent %d and %d, want 0 and 5", a.states[0].sent, a.states[1].sent)
	}
	if wait := a.wait(l.now); wait != forever {
		t.Errorf("waits %v for what can never be sent", wait)
	}
}
