package bench

import (
	"cmp"
	"time"
)

// Storm is the scenario of a reconnect storm: all connections but a few are
// dropped at once, with a reset, and come back at once and without jitter, until
// all are back. The few, the bystanders, echo messages on a schedule before,
// during and after. The zero value of a field selects its default.
type Storm struct {
	// Load is that of all connections. [Load].ConnectInFlight, here 65,536 by
	// default, is how many of a loop come back at the same time.
	Load
	// Bystanders are spread over the connections, of which there are more.
	// Default 100, or a tenth of fewer connections.
	Bystanders int `json:"bystanders"`
	// PerSecond is how many messages are due in a second over the bystanders,
	// above 0, to 1e7. Default: ten for each.
	PerSecond float64 `json:"messagesPerSecond"`
	// Size is the payload of a message in bytes, [MinMessage] to [MaxMessage].
	// Default 64.
	Size int `json:"size"`
	// Before and After are how long the bystanders are measured before the storm
	// and behind it. Default 3 s each.
	Before time.Duration `json:"beforeNanoseconds"`
	After  time.Duration `json:"afterNanoseconds"`
	// Retry is when a connection that was refused tries again, 1 ms or more.
	// Default 100 ms.
	Retry time.Duration `json:"retryNanoseconds"`
	// RetryAfter has it wait for as long as the server's Retry-After says, if
	// that is longer.
	RetryAfter bool `json:"retryAfter"`
	// Timeout bounds the storm. Default 60 s.
	Timeout time.Duration `json:"timeoutNanoseconds"`
}

// Validate returns every fault of s, joined; nil if there is none.
func (s Storm) Validate() error {
	s = s.withDefaults()
	var f faults
	f.checkLoad(s.Load)
	f.check(!s.Compression, "Compression", s.Compression, "is not for this scenario")
	f.check(s.Bystanders > 0 && s.Bystanders < s.Connections, "Bystanders", s.Bystanders, "must be 1 or more, and fewer than the connections")
	f.check(s.Loops <= s.Bystanders, "Loops", s.Loops, "must not exceed the bystanders")
	f.check(s.PerSecond > 0 && s.PerSecond <= 1e7, "PerSecond", s.PerSecond, "must be above 0, to 1e7 messages per second")
	f.between("Size", s.Size, MinMessage, MaxMessage, " bytes")
	f.check(s.Before >= time.Millisecond, "Before", s.Before, "must be 1 ms or more")
	f.check(s.After >= time.Millisecond, "After", s.After, "must be 1 ms or more")
	f.check(s.Retry >= time.Millisecond, "Retry", s.Retry, "must be 1 ms or more")
	f.check(s.Timeout >= time.Millisecond, "Timeout", s.Timeout, "must be 1 ms or more")
	return f.joined()
}

func (s Storm) withDefaults() Storm {
	s.ConnectInFlight = cmp.Or(s.ConnectInFlight, 1<<16)
	s.Load = s.Load.withDefaults()
	s.Bystanders = cmp.Or(s.Bystanders, min(100, max(1, s.Connections/10)))
	s.PerSecond = cmp.Or(s.PerSecond, float64(10*s.Bystanders))
	s.Size = cmp.Or(s.Size, 64)
	s.Before = cmp.Or(s.Before, 3*time.Second)
	s.After = cmp.Or(s.After, 3*time.Second)
	s.Retry = cmp.Or(s.Retry, 100*time.Millisecond)
	s.Timeout = cmp.Or(s.Timeout, time.Minute)
	return s
}

// StormFigures are the results of the storm scenario.
type StormFigures struct {
	// Dropped counts the connections that were dropped, and Back those that came
	// back.
	Dropped int `json:"dropped"`
	Back    int `json:"back"`
	// Took is from the drop to the last that came back, and PerSecond Back by
	// Took.
	Took      time.Duration `json:"tookNanoseconds"`
	PerSecond float64       `json:"perSecond"`
	// Attempts counts handshakes that were answered or failed. Refused says how
	// they failed, the most frequent way first.
	Attempts uint64         `json:"attempts"`
	Refused  []FailureCount `json:"refused"`
	// Away is from the drop to the moment at which each was back.
	Away Latency `json:"away,omitzero"`
	// Before, During and After are the messages of the bystanders. Those of
	// During were due while some were away.
	Before Answers `json:"before"`
	During Answers `json:"during"`
	After  Answers `json:"after"`
}

// fellShort reports whether a message is missing, or a connection did not come back
// and was not kept from it by the end of an interrupted run.
func (f *StormFigures) fellShort(interrupted bool) bool {
	return f.Back < f.Dropped && !interrupted || f.Before.Missing+f.During.Missing+f.After.Missing > 0
}
