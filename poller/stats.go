package poller

import (
	"time"

	"github.com/sluicegate/sluice/poller/histogram"
)

// Stats are the figures of a loop. Counters only grow; the loop keeps them as
// plain numbers, so they cost the data path nothing, and hands out copies.
type Stats struct {
	// Connections is how many connections are open; Slots how many the loop
	// holds memory for.
	Connections, Slots int
	// WaitingBytes is how much output waits for peers to take it.
	WaitingBytes int

	// Accepted counts accepted connections, AcceptErrors failed accepts, and
	// Shed those accepted only to be reset, for want of descriptors.
	Accepted, AcceptErrors, Shed uint64
	// BytesIn and BytesOut count bytes read and written.
	BytesIn, BytesOut uint64
	// Turns counts turns, Wakes those begun by a letter to a sleeping loop.
	Turns, Wakes uint64
	// Letters counts letters, DeadLetters those to ended connections, and
	// StaleEvents readiness of such.
	Letters, DeadLetters, StaleEvents uint64
	// TurnTime is how long turns took, from the end of the wait until all output
	// was written.
	TurnTime histogram.Durations
	// LongestTurn is the longest turn of the last 10 to 20 seconds.
	LongestTurn time.Duration
	// LongTurns counts turns that took [Config].LongTurn or longer.
	LongTurns uint64
}

// longestTurn keeps a maximum over a window that slides by halves, so that any
// number of readers see the same figure.
type longestTurn struct {
	// Loop only.
	present, previous time.Duration
	until             time.Duration // on the loop's clock
}

const turnWindow = 10 * time.Second

func (t *longestTurn) add(took, now time.Duration) {
	if now >= t.until {
		t.previous, t.present = t.present, 0
		if now >= t.until+turnWindow {
			t.previous = 0
		}
		t.until = now + turnWindow
	}
	t.present = max(t.present, took)
}

// Stats returns the loop's figures.
func (l *Loop) Stats() Stats {
	s := l.stats
	s.Connections = l.slots.Used()
	s.Slots = l.conns.Held()
	s.LongestTurn = max(l.longest.present, l.longest.previous)
	return s
}
