package limit

import (
	"maps"

	"github.com/sluicegate/sluice/gateway/internal/striped"
)

// Keyed is a number for each key, held below one limit. Keys whose number is 0
// cost nothing, however many there were.
type Keyed[K comparable] struct {
	counts striped.Parts[counts[K]]
}

// counts are the numbers above 0.
type counts[K comparable] struct {
	of    map[K]int
	grown int // the most keys since the map was made
}

// Take adds one to the number of key and reports whether it stays within most;
// if not, it is left as it was.
func (k *Keyed[K]) Take(key K, most int) (taken bool) {
	striped.With(&k.counts, key, func(c *counts[K]) {
		n := c.of[key]
		if taken = n < most; !taken {
			return
		}
		if c.of == nil {
			c.of = make(map[K]int)
		}
		c.of[key] = n + 1
		c.grown = max(c.grown, len(c.of))
	})
	return taken
}

// Put takes one off the number of key.
func (k *Keyed[K]) Put(key K) {
	striped.With(&k.counts, key, func(c *counts[K]) {
		if n := c.of[key]; n > 1 {
			c.of[key] = n - 1
			return
		}
		delete(c.of, key)
		c.shrink()
	})
}

// Len returns the number of keys with a number above 0.
func (k *Keyed[K]) Len() (sum int) {
	k.counts.Each(func(c *counts[K]) { sum += len(c.of) })
	return sum
}

// keptKeys is for how many keys a map may keep its memory for good.
const keptKeys = 64

// shrink gives back what a storm has left: a map keeps the room of the most keys
// that it ever had.
func (c *counts[K]) shrink() {
	if c.grown <= keptKeys || len(c.of) > c.grown/4 {
		return
	}
	smaller := make(map[K]int, len(c.of))
	maps.Copy(smaller, c.of)
	c.of, c.grown = smaller, len(smaller)
}
