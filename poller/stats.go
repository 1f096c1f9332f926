package poller

import "time"

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
	// LongestTurn is the longest turn since the last call of [Loop.Stats].
	LongestTurn time.Duration
}

// Stats returns the loop's figures.
func (l *Loop) Stats() Stats {
	s := l.stats
	s.Connections = l.slots.Used()
	s.Slots = l.conns.Held()
	l.stats.LongestTurn = 0
	return s
}
