package bench

import (
	"testing"
	"time"
)

func TestBursts(t *testing.T) {
	const ms = time.Millisecond
	for _, test := range []struct {
		name string
		b    bursts
		at   []time.Duration // of the first messages
	}{
		{"single messages", bursts{pace: 100, size: 1}, []time.Duration{0, 10 * ms, 20 * ms}},
		{"at once", bursts{pace: 10, size: 3}, []time.Duration{0, 0, 0, 100 * ms, 100 * ms, 100 * ms, 200 * ms}},
		{"spread", bursts{pace: 10, size: 3, gap: 20 * ms}, []time.Duration{0, 20 * ms, 40 * ms, 100 * ms, 120 * ms, 140 * ms, 200 * ms}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for n, want := range test.at {
				if got := test.b.at(uint64(n)); got != want {
					t.Errorf("message %d is due at %v, want %v", n, got, want)
				}
			}
			last := test.at[len(test.at)-1]
			for elapsed := time.Duration(0); elapsed <= last; elapsed += ms {
				var want uint64
				for _, at := range test.at {
					if at <= elapsed {
						want++
					}
				}
				if elapsed == last {
					continue // more than the table has may be due
				}
				if got := test.b.due(elapsed); got != want {
					t.Fatalf("%d are due after %v, want %d", got, elapsed, want)
				}
				if got := test.b.wait(elapsed, want); got != test.at[want]-elapsed {
					t.Fatalf("after %v the next is due in %v, want %v", elapsed, got, test.at[want]-elapsed)
				}
			}
			if got := test.b.wait(last, 0); got != 0 {
				t.Errorf("a message that is due already is due in %v", got)
			}
		})
	}
}
