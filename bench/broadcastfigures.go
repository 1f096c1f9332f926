package bench

import (
	"net/netip"
	"time"
)

// BroadcastFigures are the results of the broadcast and rooms scenarios. They
// are of the messages that were due from the end of the warm-up on, and of the
// members that keep reading; a delivery is one message that one member received.
type BroadcastFigures struct {
	Measured time.Duration `json:"measuredNanoseconds"`
	// Messages counts what was published.
	Messages uint64 `json:"messages"`
	// Expected is how many deliveries that should be, and Deliveries how many
	// members verified, in order. Lost is the difference.
	Expected   uint64 `json:"expected"`
	Deliveries uint64 `json:"deliveries"`
	Lost       uint64 `json:"lost"`
	// OutOfOrder counts messages, of the whole run, that came after a later one
	// or a second time. They are no deliveries.
	OutOfOrder uint64 `json:"outOfOrder"`
	// Late counts messages of an open loop that left more than 1 ms after they
	// were due, because the generator was busy or the server did not read.
	Late uint64 `json:"late"`
	// PerSecond is how many deliveries there were in a second, while measuring.
	PerSecond float64 `json:"perSecond"`
	// PerRead is how many deliveries one read of the generator brought, while
	// measuring: more than 1 where the server lays messages together.
	PerRead float64 `json:"deliveriesPerRead"`
	// Latency is from the moment at which a message was due to each of its
	// deliveries; in a closed loop it is due when it is written. LastLatency has
	// one value for each message that all members received: that of the last.
	Latency     Latency `json:"latency,omitzero"`
	LastLatency Latency `json:"lastLatency,omitzero"`
	// ServerUser and ServerSystem are the server's CPU time per delivery, if its
	// process is known.
	ServerUser   time.Duration `json:"serverUserNanosecondsPerDelivery,omitempty"`
	ServerSystem time.Duration `json:"serverSystemNanosecondsPerDelivery,omitempty"`
	// Slow is about the members that stopped reading; nil without any.
	Slow *SlowFigures `json:"slow,omitempty"`
}

// SlowFigures are about members that stopped reading when publishing began, and
// read on when it was over.
type SlowFigures struct {
	Members int `json:"members"`
	// Open is how many of them the server had kept.
	Open int `json:"open"`
	// Received counts what they received, of the messages of the whole run, and
	// Missed what they did not.
	Received uint64 `json:"received"`
	Missed   uint64 `json:"missed"`
	// Gaps is how many times a message came behind one that did not.
	Gaps uint64 `json:"gaps"`
	// Ended says how the server ended others, the most frequent way first.
	Ended []FailureCount `json:"ended"`
	// Each tells them apart.
	Each []SlowMember `json:"each"`
}

// SlowMember is about one member that stopped reading.
type SlowMember struct {
	// Address is its own, as a server sees it that nothing stands in front of.
	Address netip.AddrPort `json:"address"`
	// Received and Missed count messages of the whole run; those are missed, too,
	// that were published after the server had ended the member.
	Received uint64 `json:"received"`
	Missed   uint64 `json:"missed"`
}
