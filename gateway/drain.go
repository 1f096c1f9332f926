package gateway

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/poller"
)

// Drain says how [Gateway.Shutdown] parts with its clients.
type Drain struct {
	// Grace is how long connections are still accepted and served as ever once
	// [Gateway.Ready] is false: what a load balancer takes to notice. Default 0;
	// at most 1 h.
	Grace time.Duration
	// Rate is how many sessions are closed in a second, over all loops. The
	// clients of a drained node come back to another one, which has to keep up
	// with their handshakes. Default 20,000.
	Rate int
	// Code is the status code of the close frames: 1001 (going away), or 1012
	// (service restart), which some clients answer by reconnecting at once.
	// Default 1001.
	Code ws.StatusCode
	// Reason is their text, at most 123 bytes (RFC 6455 §5.5). Default "shutting
	// down".
	Reason string
}

// StatusServiceRestart is close code 1012 of the IANA registry, which gobwas/ws
// does not name.
const StatusServiceRestart ws.StatusCode = 1012

const (
	maxGrace       = time.Hour
	maxCloseReason = 123 // RFC 6455 §5.5: a control frame has 125 bytes, the code two
)

func (d Drain) withDefaults() Drain {
	if d.Rate == 0 {
		d.Rate = 20_000
	}
	if d.Code == 0 {
		d.Code = ReasonShutdown.CloseCode()
	}
	if d.Reason == "" {
		d.Reason = ReasonShutdown.Text()
	}
	return d
}

func (k *checker) drain(d Drain) {
	k.fault(d.Grace < 0 || d.Grace > maxGrace, "Drain.Grace", d.Grace, fmt.Sprintf("must be 0s to %v", maxGrace))
	k.between("Drain.Rate", d.Rate, 1, 1<<30, " sessions a second")
	k.fault(d.Code != ws.StatusGoingAway && d.Code != StatusServiceRestart, "Drain.Code", d.Code, "must be 1001 or 1012")
	k.fault(len(d.Reason) > maxCloseReason || !utf8.ValidString(d.Reason), "Drain.Reason", d.Reason, fmt.Sprintf("must be UTF-8 of at most %d bytes", maxCloseReason))
}

// pauseForGrace leaves those who look at Ready the time to see that it is false.
func (g *Gateway) pauseForGrace(ctx context.Context) {
	grace := time.NewTimer(g.live.Load().Drain.Grace)
	defer grace.Stop()
	select {
	case <-grace.C:
	case <-ctx.Done():
	}
}

const (
	// departureStep is the time between two steps of a departure, on average.
	departureStep = 10 * time.Millisecond
	// departureVisits is how many slots a step looks at, at most. Where most
	// sessions are gone the rest is spread over many.
	departureVisits = 16 << 10
	// departureBurst bounds what a step closes after a long turn: to close a
	// session takes some 10 µs.
	departureBurst = 10 * departureStep
	// lateComers is how long the connections that were let in last may take to
	// become sessions, which are then closed like all others: to cut them off
	// would refuse clients that another node has room for.
	lateComers = time.Second
)

// departure closes the sessions of one loop at its share of [Drain].Rate. It
// belongs to the loop's goroutine.
type departure struct {
	shard *shard
	slot  uint32        // to look at next
	due   float64       // sessions to be closed by now
	last  time.Duration // when due was reckoned, on the loop's clock
}

// depart begins to close the sessions of the loop.
func (s *shard) depart() {
	s.departing = true
	d := &departure{shard: s, last: s.loop.Began() - departureStep}
	d.Run(s.loop)
	s.awaitLateComers(s.loop)
}

// awaitLateComers has those who queue at the listener accepted, and those who wait at the
// door let in at their pace, as ever, and then ends what does not become a session.
func (s *shard) awaitLateComers(l *poller.Loop) {
	if s.loop.Accepting() || s.door.waiting.Len() > 0 {
		l.After(departureStep, poller.TaskFunc(s.awaitLateComers))
		return
	}
	l.After(lateComers, poller.TaskFunc(func(*poller.Loop) { s.endLateComers() }))
}

// Run closes as many sessions as are due. Steps come at random moments: the
// loops, and nodes that are drained together, do not close in lockstep.
func (d *departure) Run(l *poller.Loop) {
	d.reckon(l.Began())
	slots := uint32(l.Slots())
	for range min(slots, departureVisits) {
		if d.due < 1 {
			break
		}
		if d.slot++; d.slot >= slots {
			d.slot = 0
		}
		if c := l.ConnAt(d.slot); c != nil && d.shard.bidFarewell(c) {
			d.due--
		}
	}
	l.After(departureStep/2+rand.N(departureStep), d)
}

// reckon adds what has come due. A loop's share of the rate is its share of the
// sessions that are open now, so that all loops end together.
func (d *departure) reckon(now time.Duration) {
	s := d.shard
	passed := min(now-d.last, departureBurst)
	d.last = now
	all := s.gateway.sessions.Load()
	if all == 0 {
		return
	}
	share := float64(s.open) / float64(all)
	d.due = min(d.due, 1) + share*float64(s.config.Drain.Rate)*passed.Seconds()
}

// bidFarewell sends the drain's close frame to the session of c, behind what waits
// for it, and reports whether there was one that is open.
func (s *shard) bidFarewell(c *poller.Conn) bool {
	x := s.sessions.At(c.Slot())
	if x.state != open {
		return false
	}
	s.beginClose(c, x, ReasonShutdown, s.config.Drain.farewell())
	return true
}

// farewell returns the payload of the close frames.
func (d *Drain) farewell() []byte { return codec.AppendClose(nil, d.Code, d.Reason) }

// endLateComers ends the connections that have not become sessions. No more may come.
func (s *shard) endLateComers() {
	s.loop.CloseListeners()
	s.loop.EndHandshakes()
	s.loop.Each(func(c *poller.Conn) {
		switch x := s.sessions.At(c.Slot()); x.state {
		case opening:
			x.reason = ReasonShutdown
			c.Abort(poller.ErrStopped)
		case undecided:
			s.refuseUndecided(c, x, &refusal{reason: ReasonShutdown, status: http.StatusServiceUnavailable})
		case resting:
			c.Finish()
		}
	})
}

// partAtOnce ends every connection. Sessions get their close frame ahead of what
// waits for them.
func (s *shard) partAtOnce() {
	s.endLateComers()
	v := &verdict{ReasonShutdown, s.config.Drain.farewell()}
	s.loop.Each(func(c *poller.Conn) {
		x := s.sessions.At(c.Slot())
		switch {
		case x.state == open:
			x.state, x.reason = ending, v.reason
			s.conclude(c, x, v)
		case x.state == ending: // its peer waits for an answer, too
			s.conclude(c, x, x.overdue())
		case c.Flush(): // a close frame may still be there
			c.Abort(poller.ErrStopped)
		}
	})
}
