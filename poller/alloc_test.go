//go:build !race

package poller

import "testing"

func TestATurnAllocatesNothing(t *testing.T) {
	for name, newHandler := range treadmillHandlers {
		t.Run(name, func(t *testing.T) {
			l, _ := newTreadmill(t, stopped, newHandler)
			if got := testing.AllocsPerRun(100, l.turn); got != 0 {
				t.Errorf("a turn of %d messages allocates %v times, want 0", treadmillConns, got)
			}
		})
	}
}

func TestPostAllocatesNothing(t *testing.T) {
	m := newMailbox(func() error { return nil })
	body := make([]byte, treadmillBytes)
	post := func() {
		for range 100 {
			m.post(0, 1, 0, nil, body)
		}
		m.release(m.take())
	}
	post()
	post()
	if got := testing.AllocsPerRun(100, post); got != 0 {
		t.Errorf("100 letters allocate %v times, want 0", got)
	}
}
