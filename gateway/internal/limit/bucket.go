package limit

import (
	"sync"
	"time"
)

// Bucket is a token bucket of 16 bytes. It belongs to one goroutine. The zero
// value is full.
//
// Its methods take the time since some fixed moment before the bucket's first
// use, on a clock that does not wrap. A clock that is behind an earlier call
// brings no tokens.
//
// A bucket keeps to the rate it is given: when that changes, what was spent
// stays spent, and comes back at the new one.
type Bucket struct {
	spent int64 // parts of tokens that have not come back
	seen  time.Duration
}

// Take spends n tokens, at least 0, if there are as many, and reports whether
// there were. If not, none is spent. More than the burst are never there, and in
// debt (see [Bucket.Charge]) not even 0.
func (b *Bucket) Take(r Rate, now time.Duration, n int) bool {
	if !b.Has(r, now, n) {
		return false
	}
	if r.PerSecond > 0 {
		b.spent += parts(n)
	}
	return true
}

// Has reports whether Take would spend n tokens, and spends none.
func (b *Bucket) Has(r Rate, now time.Duration, n int) bool {
	if r.PerSecond <= 0 {
		return true
	}
	b.refill(r, now)
	return n <= MaxTokens && b.spent+parts(n) <= r.burst()
}

// Charge spends n tokens, at least 0, whether they are there or not, and returns
// how long it takes until what was missing has come: 0 if nothing was. It is for
// what has arrived already. A caller that lets the peer pause for so long holds it
// to the rate, however large one charge is.
//
// More than [MaxTokens] count as that. Debts end at four times as many.
func (b *Bucket) Charge(r Rate, now time.Duration, n int) time.Duration {
	if r.PerSecond <= 0 {
		return 0
	}
	b.refill(r, now)
	b.spent = min(b.spent+parts(n), maxDebt)
	missing := b.spent - r.burst()
	if missing <= 0 {
		return 0
	}
	per := r.perNanosecond()
	return time.Duration((missing + per - 1) / per)
}

// refill brings the tokens of the time since the call before.
func (b *Bucket) refill(r Rate, now time.Duration) {
	elapsed := int64(now - b.seen)
	if elapsed <= 0 {
		return
	}
	b.seen = now
	per := r.perNanosecond()
	if elapsed > b.spent/per { // the product might overflow
		b.spent = 0
		return
	}
	b.spent -= elapsed * per
}

// parts returns n tokens as parts.
func parts(n int) int64 { return int64(min(max(n, 0), MaxTokens)) * token }

// SharedBucket is a [Bucket] for any goroutine, for rates of a whole node. The
// zero value is full.
type SharedBucket struct {
	// Guarded by mu.
	mu     sync.Mutex
	bucket Bucket
}

// Take is [Bucket.Take]. Goroutines need not agree on the time to the
// nanosecond, only on the moment it counts from.
func (b *SharedBucket) Take(r Rate, now time.Duration, n int) bool {
	if r.PerSecond <= 0 {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bucket.Take(r, now, n)
}
