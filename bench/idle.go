package bench

import (
	"cmp"
	"time"
)

// Idle is the scenario that opens connections and holds them. It sends nothing
// but pongs; data that the server sends is discarded.
type Idle struct {
	// Load is that of the connections. In the URL {room} stands for the name of a
	// room, as in [Rooms].
	Load
	// Rooms is how many there are; connections take them in turn. Default 1.
	Rooms int `json:"rooms"`
	// Exchange has each connection send one message and await its echo first,
	// so that it rests as one that was used. [Load].Compression implies it, and
	// compresses the message.
	Exchange bool `json:"exchange"`
	// Hold is how long the connections are held once all are open. Default 0:
	// the run ends at once.
	Hold time.Duration `json:"holdNanoseconds"`
}

// Validate returns every fault of i, joined; nil if there is none.
func (i Idle) Validate() error {
	i = i.withDefaults()
	var f faults
	f.checkLoad(i.Load)
	f.checkRooms(i.Load, i.Rooms)
	f.check(i.Rooms == 1 || !i.Exchange, "Rooms", i.Rooms, "must be 1 with Exchange, for which no room is given")
	f.check(i.Hold >= 0, "Hold", i.Hold, "must not be negative")
	return f.joined()
}

func (i Idle) withDefaults() Idle {
	i.Load = i.Load.withDefaults()
	i.Rooms = cmp.Or(i.Rooms, 1)
	i.Exchange = i.Exchange || i.Compression
	return i
}
