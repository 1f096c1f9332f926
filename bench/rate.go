package bench

import "time"

// Rate is the open-loop scenario: messages leave as a schedule says, whatever
// the server does, and are verified when they come back. Latency counts from the
// moment at which a message was due, so that a server which holds up the load
// does not hide its delays. The zero value of a field selects its default.
type Rate struct {
	Load
	// PerSecond is how many messages are due in a second over all connections,
	// which take turns; above 0, to 1e7. Default 1,000.
	PerSecond float64 `json:"messagesPerSecond"`
	// Size is the payload of a message in bytes, [MinMessage] to [MaxMessage].
	// Default 64.
	Size int `json:"size"`
	// Text sends text messages instead of binary ones.
	Text bool `json:"text"`
	// Warmup is how long the load runs before figures are taken. Default 0.
	Warmup time.Duration `json:"warmupNanoseconds"`
	// Duration is how long figures are taken. Default 10 s.
	Duration time.Duration `json:"durationNanoseconds"`
}

// Validate returns every fault of r, joined; nil if there is none.
func (r Rate) Validate() error {
	r = r.withDefaults()
	var f faults
	f.checkRate(r)
	return f.joined()
}

// checkRate finds the faults of r, which has its defaults filled in.
func (f *faults) checkRate(r Rate) {
	f.checkLoad(r.Load)
	f.check(r.PerSecond > 0 && r.PerSecond <= 1e7, "PerSecond", r.PerSecond, "must be above 0, to 1e7 messages per second")
	f.between("Size", r.Size, MinMessage, MaxMessage, " bytes")
	f.check(r.Warmup >= 0, "Warmup", r.Warmup, "must not be negative")
	f.check(r.Duration >= time.Millisecond, "Duration", r.Duration, "must be 1 ms or more")
}

func (r Rate) withDefaults() Rate {
	r.Load = r.Load.withDefaults()
	if r.PerSecond == 0 {
		r.PerSecond = 1000
	}
	if r.Size == 0 {
		r.Size = 64
	}
	if r.Duration == 0 {
		r.Duration = 10 * time.Second
	}
	return r
}
