package poller

import "github.com/sluicegate/sluice/poller/internal/sys"

// Handle names a connection from outside its loop. It is a value: comparable,
// safe to keep for ever and to use from any goroutine. Once its connection has
// ended it names nothing.
type Handle struct {
	Loop       uint16
	Slot       uint32
	Generation uint32
}

// IsZero reports whether h is the zero Handle, which names no connection.
func (h Handle) IsZero() bool { return h.Generation == 0 }

// Tokens carry slot and generation. Generations begin at 1, which leaves the
// tokens below 1<<32 for descriptors that are no connections.
const listenerToken = sys.Token(1)

func connToken(slot, generation uint32) sys.Token {
	return sys.Token(slot) | sys.Token(generation)<<32
}

func fromToken(t sys.Token) (slot, generation uint32) {
	return uint32(t), uint32(t >> 32)
}
