package api

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/sluicegate/sluice/gateway/internal/limit"
	"github.com/sluicegate/sluice/gateway/internal/recent"
)

// callers bounds how many requests each caller makes in a second. Any goroutine
// may call its methods.
type callers struct {
	// Fixed after newCallers.
	rate   limit.Rate
	caller func(*http.Request) netip.Addr
	now    func() time.Time
	began  time.Time

	// Guarded by mu.
	mu      sync.Mutex
	buckets *recent.Map[netip.Prefix, *limit.Bucket]
}

// knownCallers is how many are remembered, or twice as many: some 100 bytes each.
// One that is forgotten begins with a full bucket.
const knownCallers = 16 << 10

func newCallers(config Config) *callers {
	return &callers{
		rate:    limit.Rate{PerSecond: config.Requests, Burst: config.Burst},
		caller:  config.Caller,
		now:     config.Now,
		began:   config.Now(),
		buckets: recent.New[netip.Prefix, *limit.Bucket](knownCallers),
	}
}

// admit reports whether the request's caller may make it.
func (c *callers) admit(r *http.Request) bool {
	if c.rate.PerSecond == 0 {
		return true
	}
	network := limit.Mask{}.Masked(c.caller(r))
	now := c.now().Sub(c.began)
	c.mu.Lock()
	defer c.mu.Unlock()
	bucket, known := c.buckets.Get(network)
	if !known {
		bucket = new(limit.Bucket)
		c.buckets.Put(network, bucket)
	}
	return bucket.Take(c.rate, now, 1)
}
