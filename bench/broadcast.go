package bench

// Broadcast is the fan-out scenario: one connection publishes messages, which
// the server is to send to all others at the URL, the members. Every member
// checks every byte and the order of what comes. Latency counts from the moment
// at which a message was due. The zero value of a field selects its default.
type Broadcast struct {
	// Load is that of the members. The publisher is one connection more.
	Load
	Publishing
}

// Validate returns every fault of b, joined; nil if there is none.
func (b Broadcast) Validate() error { return b.rooms().Validate() }

func (b Broadcast) withDefaults() Broadcast {
	b.Load, b.Publishing = b.Load.withDefaults(), b.Publishing.withDefaults()
	return b
}

// scenario is the name of b in reports, by what it is about.
func (b Broadcast) scenario() string {
	if b.Slow > 0 {
		return "slow"
	}
	return "broadcast"
}

// rooms returns b as the one room that it is.
func (b Broadcast) rooms() Rooms { return Rooms{Load: b.Load, Publishing: b.Publishing, Rooms: 1} }
