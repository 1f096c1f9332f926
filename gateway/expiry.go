package gateway

import (
	"time"

	"github.com/sluicegate/sluice/internal/shrinkmap"
	"github.com/sluicegate/sluice/poller"
)

// expiries are the ends of those sessions that have one, by slot, on the loop's
// clock. Sessions without one cost nothing, and those with one no timer: the
// sweep looks.
type expiries = shrinkmap.Map[uint32, time.Duration]

// farOff is later than any session ends, and leaves room to be added to.
const farOff = 100 * 365 * 24 * time.Hour

// noteExpiry has the session end at that time, if it is set.
func (s *shard) noteExpiry(c *poller.Conn, x *session, at time.Time) {
	if at.IsZero() {
		return
	}
	x.flags |= flagExpires
	s.expiries.Put(c.Slot(), s.loop.Began()+min(time.Until(at), farOff))
}

// expired reports whether the time of a session that has one has come.
func (s *shard) expired(c *poller.Conn) bool { return s.loop.Began() >= s.expiries.Get(c.Slot()) }

func (s *shard) forgetExpiry(c *poller.Conn, x *session) {
	if x.flags&flagExpires != 0 {
		x.flags &^= flagExpires
		s.expiries.Delete(c.Slot())
	}
}
