package bench

import (
	"cmp"
	"time"
)

// Capacity is the scenario that asks whether a server can hold so many
// connections and still serve them. It goes through phases: all connections are
// opened; each is verified by a ping that is answered and a message that comes
// back as it was sent; all rest; a share of them echoes messages on a schedule
// while the others rest; and one message is published to all. The server is to
// echo. The zero value of a field selects its default.
type Capacity struct {
	Load
	// Size is the payload of a message in bytes, [MinMessage] to [MaxMessage].
	// Default 64.
	Size int `json:"size"`
	// Text sends text messages instead of binary ones.
	Text bool `json:"text"`
	// VerifyRate is how many connections are verified per second, above 0, to
	// 1e7. Default 20,000.
	VerifyRate float64 `json:"verifyRate"`
	// Hold is how long the connections then rest. Default 30 s.
	Hold time.Duration `json:"holdNanoseconds"`
	// PingInterval has each connection send a ping so often while all rest; the
	// pings of all are spread evenly over it. Default 0: only the server pings.
	PingInterval time.Duration `json:"pingIntervalNanoseconds"`
	// Active is the percentage of the connections that echo messages in the
	// active phase, above 0, to 100. Default 1.
	Active float64 `json:"activePercent"`
	// PerSecond is how many messages are due in a second over the active
	// connections, which take turns; above 0, to 1e7. Default: one for each.
	PerSecond float64 `json:"messagesPerSecond"`
	// Duration is how long the active phase lasts. Default 10 s.
	Duration time.Duration `json:"durationNanoseconds"`
	// Publish is how the message to all is published. Default: there is none.
	Publish HTTPPublish `json:"publish"`
}

// Validate returns every fault of c, joined; nil if there is none.
func (c Capacity) Validate() error {
	c = c.withDefaults()
	var f faults
	f.checkLoad(c.Load)
	f.check(!c.Compression, "Compression", c.Compression, "is not for this scenario: it would measure the compressor")
	f.between("Size", c.Size, MinMessage, MaxMessage, " bytes")
	f.check(c.VerifyRate > 0 && c.VerifyRate <= 1e7, "VerifyRate", c.VerifyRate, "must be above 0, to 1e7 per second")
	f.check(c.Hold >= 0, "Hold", c.Hold, "must not be negative")
	f.check(c.PingInterval == 0 || c.PingInterval >= 100*time.Millisecond, "PingInterval", c.PingInterval, "must be 0 (no pings) or 100 ms and more")
	f.check(c.Active > 0 && c.Active <= 100, "Active", c.Active, "must be above 0, to 100 %")
	f.check(c.PerSecond > 0 && c.PerSecond <= 1e7, "PerSecond", c.PerSecond, "must be above 0, to 1e7 messages per second")
	f.check(c.Duration >= time.Millisecond, "Duration", c.Duration, "must be 1 ms or more")
	f.checkPublish(c.Publish)
	return f.joined()
}

func (c Capacity) withDefaults() Capacity {
	c.Load = c.Load.withDefaults()
	c.Size = cmp.Or(c.Size, 64)
	c.VerifyRate = cmp.Or(c.VerifyRate, 20_000)
	c.Hold = cmp.Or(c.Hold, 30*time.Second)
	c.Active = cmp.Or(c.Active, 1)
	c.PerSecond = cmp.Or(c.PerSecond, float64(max(1, c.activeOf(c.Connections))))
	c.Duration = cmp.Or(c.Duration, 10*time.Second)
	return c
}

// activeOf returns how many of so many connections are active.
func (c Capacity) activeOf(connections int) int {
	return min(connections, max(1, int(float64(connections)*c.Active/100)))
}
