package bench

import (
	"slices"
	"testing"
	"time"
)

// What is due before a moment is what has its time before it, at any pace.
func TestPaceBeforeCountsWhatIsDueEarlier(t *testing.T) {
	for _, p := range []pace{0.7, 3, 1000, 12345.6} {
		for n := 1; n < 200; n++ {
			at := p.at(n)
			if got := p.before(at - time.Microsecond); got != n {
				t.Errorf("%v/s: %d events before the one of number %d", p, got, n)
			}
			if got := p.before(at + time.Microsecond); got != n+1 {
				t.Errorf("%v/s: %d events right after the one of number %d", p, got, n)
			}
		}
		if p.before(0) != 0 || p.at(0) != 0 {
			t.Errorf("%v/s: the first event is not due at once", p)
		}
	}
}

func TestSchedule(t *testing.T) {
	s := newSchedule(10, 4, []time.Duration{0, time.Second, 500 * time.Millisecond})
	if got := s.total(); got != 15 {
		t.Fatalf("%d messages, want 15", got)
	}
	if got := []uint64{s.messages(0), s.messages(1), s.messages(2)}; !slices.Equal(got, []uint64{0, 10, 5}) {
		t.Errorf("messages by span: %d", got)
	}
	for elapsed, want := range map[time.Duration]uint64{
		0:                      1,
		99 * time.Millisecond:  1,
		100 * time.Millisecond: 2,
		time.Second:            11,
		time.Hour:              15,
	} {
		if got := s.due(elapsed); got != want {
			t.Errorf("after %v: %d due, want %d", elapsed, got, want)
		}
	}
	for number, want := range map[uint64]int{0: 1, 9: 1, 10: 2, 14: 2} {
		if got := s.span(number); got != want {
			t.Errorf("message %d: span %d, want %d", number, got, want)
		}
	}
	s.cut(12)
	if got := []uint64{s.messages(0), s.messages(1), s.messages(2)}; !slices.Equal(got, []uint64{0, 10, 2}) {
		t.Errorf("messages by span after the cut: %d", got)
	}
	s.cut(0)
	if s.total() != 0 || s.due(time.Hour) != 0 {
		t.Errorf("%d messages in a schedule that never began", s.total())
	}
}

// Each message belongs to one connection, whatever the number of either.
func TestScheduleDealsMessagesInTurn(t *testing.T) {
	for connections := 1; connections < 7; connections++ {
		s := newSchedule(1000, connections, []time.Duration{20 * time.Millisecond})
		for due := range s.total() + 1 {
			var numbers []uint64
			for slot := range uint32(connections) {
				for sequence := range s.portion(due, slot) {
					numbers = append(numbers, s.number(slot, sequence))
				}
			}
			slices.Sort(numbers)
			for i, number := range numbers {
				if uint64(i) != number {
					t.Fatalf("%d connections, %d due: dealt %d", connections, due, numbers)
				}
			}
			if uint64(len(numbers)) != due {
				t.Fatalf("%d connections: dealt %d messages of %d", connections, len(numbers), due)
			}
		}
	}
}

func TestThrottle(t *testing.T) {
	type step struct {
		at    time.Duration
		allow int
		spend int
	}
	for _, test := range []struct {
		name  string
		pace  pace
		steps []step
	}{
		{"one by one", 100, []step{{0, 1, 1}, {0, 0, 0}, {9 * time.Millisecond, 0, 0}, {10 * time.Millisecond, 1, 1}, {20 * time.Millisecond, 1, 1}}},
		{"no catching up", 100, []step{{0, 1, 1}, {time.Second, 1, 1}, {time.Second, 0, 0}}},
		{"as much as 10 ms hold", 10_000, []step{{0, 1, 0}, {time.Second, 100, 60}, {time.Second, 40, 40}, {time.Second, 0, 0}}},
		{"debts are paid", 1000, []step{{0, 1, 6}, {5 * time.Millisecond, 0, 0}, {6 * time.Millisecond, 1, 1}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			throttle := throttle{pace: test.pace}
			for i, s := range test.steps {
				if got := max(0, throttle.allow(s.at)); got != s.allow {
					t.Fatalf("step %d, at %v: %d allowed, want %d", i, s.at, got, s.allow)
				}
				throttle.spend(s.spend)
			}
		})
	}
	unlimited := throttle{}
	unlimited.spend(1 << 40)
	if unlimited.allow(0) < 1<<40 || unlimited.wait(0) != 0 {
		t.Error("a throttle without a pace holds back")
	}
	paced := throttle{pace: 100, used: 3}
	if got := paced.wait(10 * time.Millisecond); got != 20*time.Millisecond {
		t.Errorf("waits %v for event 3, want 20ms", got)
	}
}
