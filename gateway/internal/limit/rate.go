package limit

import "time"

// Rate is how many tokens may be spent: messages, bytes, connections. The zero
// Rate is no limit.
type Rate struct {
	// PerSecond is how many come in a second, up to [MaxTokens]; more count as
	// that. 0 or less is no limit.
	PerSecond int
	// Burst is how many may be spent at once after a pause, up to [MaxTokens];
	// more count as that. 0 or less is one second's worth.
	Burst int
}

// MaxTokens is the most that a [Rate] may have, and that may be spent at once.
const MaxTokens = 1 << 30

// A token has 1e9 parts, so that each nanosecond brings PerSecond of them:
// nothing is rounded, at any rate. With it 1<<33 tokens fit 63 bits.
const (
	token   = int64(time.Second)
	maxDebt = 4 * MaxTokens * token
)

// perNanosecond returns how many parts of a token come in a nanosecond.
func (r Rate) perNanosecond() int64 { return int64(min(r.PerSecond, MaxTokens)) }

// burst returns how many parts of tokens may be spent at once.
func (r Rate) burst() int64 {
	if r.Burst <= 0 {
		return r.perNanosecond() * token
	}
	return int64(min(r.Burst, MaxTokens)) * token
}
