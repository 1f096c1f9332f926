package limit

import (
	"time"

	"github.com/sluicegate/sluice/gateway/internal/striped"
)

// Buckets is a [Bucket] for each key, all of one rate. Keys whose bucket is full
// are forgotten by and by. Any goroutine may use it; the zero value is ready.
//
// It keeps some 65,536 keys at most. An attacker with more addresses than that
// has some forgotten too early, which lets more in than the rate, and never
// fewer.
type Buckets[K comparable] struct {
	buckets striped.Parts[map[K]Bucket]
}

// keysPerPart bounds each of the 64 parts.
const keysPerPart = 1024

// Take is [Bucket.Take] of the bucket of key.
func (b *Buckets[K]) Take(key K, r Rate, now time.Duration, n int) (taken bool) {
	if r.PerSecond <= 0 {
		return true
	}
	striped.With(&b.buckets, key, func(part *map[K]Bucket) {
		bucket, known := (*part)[key]
		if !known && len(*part) >= keysPerPart {
			forget(*part, r, now)
		}
		taken = bucket.Take(r, now, n)
		if *part == nil {
			*part = make(map[K]Bucket)
		}
		(*part)[key] = bucket
	})
	return taken
}

// Len returns the number of keys that are kept.
func (b *Buckets[K]) Len() (sum int) {
	b.buckets.Each(func(part *map[K]Bucket) { sum += len(*part) })
	return sum
}

// forget makes room among buckets: of the full ones, or else of half of all, so
// that it is not called for each new key.
func forget[K comparable](part map[K]Bucket, r Rate, now time.Duration) {
	for key, bucket := range part {
		if bucket.refill(r, now); bucket.spent == 0 {
			delete(part, key)
		}
	}
	if len(part) < keysPerPart {
		return
	}
	for key := range part {
		if delete(part, key); len(part) <= keysPerPart/2 {
			return
		}
	}
}
