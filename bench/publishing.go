package bench

import (
	"cmp"
	"time"
)

// Publishing says what is published in a [Broadcast] or in [Rooms], and when.
// The zero value of a field selects its default.
type Publishing struct {
	// Size is the payload of a message in bytes, [MinMessage] to [MaxMessage].
	// Default 128.
	Size int `json:"size"`
	// Text sends text messages instead of binary ones.
	Text bool `json:"text"`
	// PerSecond is how many messages are due in a second over all rooms, which
	// take turns, whatever the server does; up to 1e6. Default 0: a closed loop,
	// where a message is published when all members have an earlier one.
	PerSecond float64 `json:"messagesPerSecond"`
	// Burst is how many of these messages are due at once, 1 to 10,000. Default
	// 1.
	Burst int `json:"burst"`
	// Spread is how long a burst takes, its messages following each other evenly;
	// no longer than the time to the next burst. Default 0: all are due at once.
	Spread time.Duration `json:"spreadNanoseconds"`
	// InFlight is how many messages of a closed loop are on their way at once, 1
	// to 1,024. Default 1.
	InFlight int `json:"inFlight"`
	// Slow is the percentage of the members that stop reading when the publishing
	// begins, and read on when it is over. They are reported apart. Default 0.
	Slow float64 `json:"slowPercent"`
	// Publish is how messages are published, as text. In its URL and body {room}
	// stands for the name of the room. Default: the publisher of a room sends them;
	// otherwise it is one more connection whose messages are not looked at.
	Publish HTTPPublish `json:"publish,omitzero"`
	// Rest is how long all members are left alone before the publishing begins, and
	// again when all has arrived: time for a server to give back memory, so that what
	// a load leaves behind can be seen. Default 0.
	Rest time.Duration `json:"restNanoseconds"`
	// Warmup is how long messages are published before figures are taken.
	// Default 0. It also gives a server that lets members in only after it has
	// answered them the time to do so.
	Warmup time.Duration `json:"warmupNanoseconds"`
	// Duration is how long figures are taken. Default 10 s.
	Duration time.Duration `json:"durationNanoseconds"`
}

// checkPublishing finds the faults of p, which has its defaults filled in.
func (f *faults) checkPublishing(p Publishing) {
	f.between("Size", p.Size, MinMessage, MaxMessage, " bytes")
	f.check(p.PerSecond >= 0 && p.PerSecond <= 1e6, "PerSecond", p.PerSecond, "must be 0 (a closed loop) to 1e6 messages per second")
	f.between("Burst", p.Burst, 1, 10_000, "")
	f.check(p.Burst == 1 || p.PerSecond > 0, "Burst", p.Burst, "needs a rate: a closed loop has no bursts")
	f.check(p.Spread == 0 || p.Spread > 0 && p.PerSecond > 0 && p.Spread <= p.bursts().pace.at(1), "Spread", p.Spread, "must be 0 to the time from one burst to the next")
	f.between("InFlight", p.InFlight, 1, 1024, "")
	f.check(p.Slow >= 0 && p.Slow <= 100, "Slow", p.Slow, "must be 0 to 100 %")
	f.checkPublish(p.Publish)
	f.check(p.Rest >= 0, "Rest", p.Rest, "must not be negative")
	f.check(p.Warmup >= 0, "Warmup", p.Warmup, "must not be negative")
	f.check(p.Duration >= time.Millisecond, "Duration", p.Duration, "must be 1 ms or more")
}

func (p Publishing) withDefaults() Publishing {
	p.Size = cmp.Or(p.Size, 128)
	p.Text = p.Text || p.Publish.URL != ""
	p.Burst = cmp.Or(p.Burst, 1)
	p.InFlight = cmp.Or(p.InFlight, 1)
	p.Duration = cmp.Or(p.Duration, 10*time.Second)
	return p
}

// bursts are those of an open loop.
func (p Publishing) bursts() bursts {
	size := time.Duration(p.Burst)
	return bursts{pace: pace(p.PerSecond / float64(p.Burst)), size: uint64(p.Burst), gap: p.Spread / size}
}
