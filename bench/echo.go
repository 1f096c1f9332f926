package bench

import "time"

// Echo is the closed-loop scenario: each connection keeps InFlight messages
// outstanding at a server that echoes them, and verifies every byte and the
// order of what comes back. The zero value of a field selects its default.
type Echo struct {
	Load
	// Size is the payload of a message in bytes, [MinMessage] to [MaxMessage].
	// Default 64.
	Size int `json:"size"`
	// InFlight is how many messages of a connection are outstanding, 1 to
	// 1,024. Default 1.
	InFlight int `json:"inFlight"`
	// Text sends text messages instead of binary ones.
	Text bool `json:"text"`
	// Warmup is how long the load runs before figures are taken. Default 0.
	Warmup time.Duration `json:"warmupNanoseconds"`
	// Duration is how long figures are taken. Default 10 s.
	Duration time.Duration `json:"durationNanoseconds"`
}

// Validate returns every fault of e, joined; nil if there is none.
func (e Echo) Validate() error {
	e = e.withDefaults()
	var f faults
	f.checkLoad(e.Load)
	f.between("Size", e.Size, MinMessage, MaxMessage, " bytes")
	f.between("InFlight", e.InFlight, 1, 1024, "")
	f.check(e.Warmup >= 0, "Warmup", e.Warmup, "must not be negative")
	f.check(e.Duration >= time.Millisecond, "Duration", e.Duration, "must be 1 ms or more")
	return f.joined()
}

func (e Echo) withDefaults() Echo {
	e.Load = e.Load.withDefaults()
	if e.Size == 0 {
		e.Size = 64
	}
	if e.InFlight == 0 {
		e.InFlight = 1
	}
	if e.Duration == 0 {
		e.Duration = 10 * time.Second
	}
	return e
}
