package bench

import "time"

// Connect is the scenario of handshakes: connections are opened at a rate, and
// held. [Load].ConnectRate and [Load].ConnectRamp say how fast; what the server
// refuses is counted by status. The zero value of a field selects its default.
type Connect struct {
	Load
	// Hold is how long the connections are held once all are open. Default 0:
	// the run ends at once.
	Hold time.Duration `json:"holdNanoseconds"`
}

// Validate returns every fault of c, joined; nil if there is none.
func (c Connect) Validate() error { return Idle{Load: c.Load, Hold: c.Hold}.Validate() }

// ConnectFigures are the results of the connect scenario, besides those of
// [Connections].
type ConnectFigures struct {
	// Late counts connections that began more than 1 ms after they were due,
	// because the generator was busy or as many as [Load].ConnectInFlight waited
	// for the server.
	Late uint64        `json:"late"`
	Held time.Duration `json:"heldNanoseconds"`
	// ServerUser and ServerSystem are the server's CPU time per connection that
	// opened, if its process is known.
	ServerUser   time.Duration `json:"serverUserNanosecondsPerConnection,omitempty"`
	ServerSystem time.Duration `json:"serverSystemNanosecondsPerConnection,omitempty"`
}
