package bench

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Churn is the scenario of a steady state in which connections come and go: each
// lives for a time that is drawn anew, leaves and comes back. Those that are open
// echo messages on a schedule. The zero value of a field selects its default.
type Churn struct {
	// Load is that of the connections that are open at a time.
	Load
	// Lifetime is how long a connection is open on average, 1 ms or more.
	// Default 10 s.
	Lifetime time.Duration `json:"lifetimeNanoseconds"`
	// Distribution is that of lifetimes, one of [Distributions]. Default
	// "exponential": whatever its age, a connection is as likely to leave as any
	// other.
	Distribution string `json:"distribution"`
	// Abrupt is the percentage of connections that leave with a reset instead of
	// a close frame. Default 0.
	Abrupt float64 `json:"abruptPercent"`
	// Pause is how long a connection is away before it comes back. Default 0.
	Pause time.Duration `json:"pauseNanoseconds"`
	// PerSecond is how many messages are due in a second over all connections,
	// which take turns; up to 1e7. The turn of one that is away passes. Default 0:
	// none.
	PerSecond float64 `json:"messagesPerSecond"`
	// Size is the payload of a message in bytes, [MinMessage] to [MaxMessage].
	// Default 64.
	Size int `json:"size"`
	// Duration is how long figures are taken. Default 10 s.
	Duration time.Duration `json:"durationNanoseconds"`
}

// Distributions returns the names of the distributions of lifetimes:
// "exponential", "uniform" from half to one and a half of the average, and
// "constant".
func Distributions() []string { return []string{"exponential", "uniform", "constant"} }

// Validate returns every fault of c, joined; nil if there is none.
func (c Churn) Validate() error {
	c = c.withDefaults()
	var f faults
	f.checkLoad(c.Load)
	f.check(!c.Compression, "Compression", c.Compression, "is not for this scenario")
	f.check(c.Lifetime >= time.Millisecond, "Lifetime", c.Lifetime, "must be 1 ms or more")
	f.check(slices.Contains(Distributions(), c.Distribution), "Distribution", c.Distribution, fmt.Sprintf("must be one of %v", Distributions()))
	f.check(c.Abrupt >= 0 && c.Abrupt <= 100, "Abrupt", c.Abrupt, "must be 0 to 100 %")
	f.check(c.Pause >= 0, "Pause", c.Pause, "must not be negative")
	f.check(c.PerSecond >= 0 && c.PerSecond <= 1e7, "PerSecond", c.PerSecond, "must be 0 (none) to 1e7 messages per second")
	f.between("Size", c.Size, MinMessage, MaxMessage, " bytes")
	f.check(c.Duration >= time.Millisecond, "Duration", c.Duration, "must be 1 ms or more")
	return f.joined()
}

func (c Churn) withDefaults() Churn {
	c.Load = c.Load.withDefaults()
	c.Lifetime = cmp.Or(c.Lifetime, 10*time.Second)
	c.Distribution = cmp.Or(c.Distribution, "exponential")
	c.Size = cmp.Or(c.Size, 64)
	c.Duration = cmp.Or(c.Duration, 10*time.Second)
	return c
}

// life draws how long a connection is open.
func (c Churn) life() time.Duration {
	factor := 1.0
	switch c.Distribution {
	case "exponential":
		factor = rand.ExpFloat64()
	case "uniform":
		factor = 0.5 + rand.Float64()
	}
	return time.Duration(factor * float64(c.Lifetime))
}

// rest draws how much longer a connection is open that was met at some moment
// of its life.
func (c Churn) rest() time.Duration {
	if c.Distribution == "exponential" {
		return c.life() // it has no memory
	}
	return time.Duration(rand.Float64() * float64(c.Lifetime))
}

// ChurnFigures are the results of the churn scenario, and of soak.
type ChurnFigures struct {
	Measured time.Duration `json:"measuredNanoseconds"`
	// Left counts connections that left as their lives were over, and Returned
	// those that came back.
	Left              uint64  `json:"left"`
	LeftPerSecond     float64 `json:"leftPerSecond"`
	Returned          uint64  `json:"returned"`
	ReturnedPerSecond float64 `json:"returnedPerSecond"`
	// Unanswered counts close frames that the server had not answered after 5 s
	// (RFC 6455 §7.1.2).
	Unanswered uint64 `json:"unanswered"`
	// Refused says how attempts to come back failed, the most frequent way first.
	// They are made again after 100 ms.
	Refused []FailureCount `json:"refused"`
	// Handshake is from the beginning of a return to the server's answer.
	Handshake Latency `json:"handshake,omitzero"`
	// Messages are those of the schedule whose connection was open.
	Messages Answers `json:"messages"`
	// ServerUser and ServerSystem are the server's CPU time for each connection
	// that returned, its messages and its end included, if its process is known.
	ServerUser   time.Duration `json:"serverUserNanosecondsPerReturn,omitempty"`
	ServerSystem time.Duration `json:"serverSystemNanosecondsPerReturn,omitempty"`
}

func (f *ChurnFigures) fellShort() bool {
	return f.Unanswered > 0 || len(f.Refused) > 0 || f.Messages.Missing > 0
}
