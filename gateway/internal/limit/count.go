package limit

import "sync/atomic"

// Count is a number that is held below a limit.
type Count struct{ n atomic.Int64 }

// Take adds one and reports whether the number stays within most; if not, it is
// left as it was. 0 is no limit.
func (c *Count) Take(most int) bool {
	if n := c.n.Add(1); most > 0 && n > int64(most) {
		c.n.Add(-1)
		return false
	}
	return true
}

// Put takes one off.
func (c *Count) Put() { c.n.Add(-1) }

// Load returns the number.
func (c *Count) Load() int { return int(c.n.Load()) }
