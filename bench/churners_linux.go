package bench

import (
	"math/rand/v2"
	"time"
)

// churners is the traffic of connections that live for a while, leave and come
// back. Loop only, until the loop has ended.
type churners struct {
	*talk

	// Fixed after newChurners.
	churn Churn

	// Loop only.
	living  bool
	diary   agenda // when an open one leaves, a closing one is cut off, and one that is away comes back
	figures churnCounts
	cpu     time.Duration // of the thread, meanwhile
}

// churnCounts is what came of the connections of one loop.
type churnCounts struct {
	left, returned, unanswered uint64
	refusals                   failures
	handshakes                 latencies
}

const (
	// closePatience is how long a close frame may go unanswered.
	closePatience = 5 * time.Second
	// refusedPause is how long one that was refused stays away.
	refusedPause = 100 * time.Millisecond
	// lastWord is how long one that awaits an echo stays on, time and again.
	lastWord = 5 * time.Millisecond
)

var _ returning = (*churners)(nil)

func newChurners(c Churn, p *payloads, first uint32, connections int) *churners {
	return &churners{
		talk:    newTalk(Echo{Size: c.Size}, p, first, connections, 1),
		churn:   c,
		diary:   newAgenda(connections),
		figures: churnCounts{refusals: failures{}, handshakes: newLatencies()},
	}
}

// live has connections leave from now on, and speak.
func (c *churners) live(l *loop, p pace) {
	c.living = true
	c.cpu = -threadTime()
	for slot := range l.conns {
		if l.conns[slot].state == stateOpen {
			c.diary.set(l.now+int64(c.churn.rest()), uint32(slot))
		}
	}
	if p > 0 {
		n := len(l.conns)
		c.turn(l, &c.rounds[0], p, uint64(p.before(c.churn.Duration)), n, 1)
	}
}

// rest has no more of them leave or come back.
func (c *churners) rest() {
	c.living = false
	c.cpu += threadTime()
	c.talk.end()
}

func (c *churners) wait(now int64) time.Duration {
	if !c.living {
		return c.talk.wait(now)
	}
	return min(c.talk.wait(now), c.diary.wait(now))
}

func (c *churners) advance(l *loop) {
	c.talk.advance(l)
	for n := 0; c.living && n < eventBatch; n++ {
		slot, due := c.diary.due(l.now)
		if !due {
			return
		}
		switch conn := &l.conns[slot]; conn.state {
		case stateOpen:
			c.leave(l, conn)
		case stateClosing:
			c.figures.unanswered++
			l.end(conn, nil)
		case stateEnded:
			l.reopen(slot)
		}
	}
}

// leave ends a connection whose life is over.
func (c *churners) leave(l *loop, conn *conn) {
	switch {
	case c.busy(conn):
		c.diary.set(l.now+int64(lastWord), conn.slot)
	case 100*rand.Float64() < c.churn.Abrupt:
		l.drop(conn)
	default:
		c.diary.set(l.now+int64(closePatience), conn.slot)
		if err := l.sendClose(conn); err != nil {
			l.end(conn, err)
		}
	}
}

func (c *churners) opened(l *loop, slot uint32, took time.Duration) {
	c.forget(slot)
	if !c.living {
		return
	}
	c.figures.returned++
	c.figures.handshakes.record(took)
	c.diary.set(l.now+int64(c.churn.life()), slot)
}

// forget passes over the turns to speak that a connection has missed.
func (c *churners) forget(slot uint32) {
	owed := c.owed(slot)
	s := &c.states[slot]
	s.sent, s.echoed, s.written, s.seen = owed, owed, 0, 0
}

func (c *churners) refused(l *loop, slot uint32, err error) {
	c.figures.refusals.add(failed(StageHandshake, err), 1)
	c.diary.set(l.now+int64(refusedPause), slot)
}

// left has a connection come back. One that the server has ended is lost.
func (c *churners) left(l *loop, slot uint32, err error) (accepted bool) {
	if !c.living {
		return false
	}
	if err == nil {
		c.figures.left++
	}
	c.diary.set(l.now+int64(c.churn.Pause), slot)
	return false
}
