package outbox

import "fmt"

// Policy is what becomes of a message that a queue has no room for.
type Policy uint8

const (
	// Close keeps every message or none: the reader must be given up.
	Close Policy = iota
	// DropNewest drops the message itself.
	DropNewest
	// DropOldest drops messages of the same policy from the front of the queue
	// until there is room.
	DropOldest
	// Conflate keeps only the latest message of each key: it drops the queued
	// one of the same key, whether there is room or not. If that does not make
	// room the reader must be given up, as with Close: every key's latest
	// message is owed to it. A message without a key is kept like one of Close.
	Conflate
)

// String returns the policy's name in configuration and metrics, for example
// "drop-oldest".
func (p Policy) String() string {
	switch p {
	case Close:
		return "close"
	case DropNewest:
		return "drop-newest"
	case DropOldest:
		return "drop-oldest"
	case Conflate:
		return "conflate"
	}
	return fmt.Sprintf("policy %d", uint8(p))
}

// MarshalText returns the name, so that JSON shows it.
func (p Policy) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// Verdict is what became of a message.
type Verdict uint8

const (
	// Queued: it waits, behind all others.
	Queued Verdict = iota
	// Dropped: its policy has sacrificed it.
	Dropped
	// Overflow: there is no room and its policy allows no drop. It was not taken.
	Overflow
)
