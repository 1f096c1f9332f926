package poller

import (
	"io"
	"runtime"
	"time"

	"github.com/sluicegate/sluice/poller/internal/sys"
)

// eventBatch is how many events a turn takes: enough to share the cost of the
// wait, few enough that nobody waits long for the turn's end.
const eventBatch = 256

const (
	// eventBudget is how much of a turn the events may take, and what
	// eventsPerLook events take more, for so often the clock is looked at. As much
	// again may the connections take that go on from earlier turns, and the timers.
	eventBudget   = time.Millisecond
	eventsPerLook = 8
	// yieldBudget is how much of a turn connections that yield may take, and as
	// much again the accepting of new ones.
	yieldBudget = 100 * time.Microsecond
	// mailWrites is to how many connections the letters of a turn may lead to writes,
	// those that it owes aside: they come when the time that the letters may take,
	// eventBudget, is over.
	mailWrites = 256
)

// run is the life of the loop, after it was given its engine.
func (l *Loop) run() {
	for !l.stopping {
		l.turn()
	}
	l.teardown()
}

// turn is one round: wait, read, mail, sweep, write.
func (l *Loop) turn() {
	if l.handled == l.ready {
		l.handled, l.ready = 0, l.wait()
	}
	l.began = l.clock()
	if l.rested {
		l.awake, l.rested = l.began, false
	}
	l.now = Tick(l.began / time.Millisecond)
	l.watched.began.Store(int64(l.began))
	l.stats.Turns++
	l.again = false

	scheduled, posted := len(l.next), l.mailbox.waiting()
	l.dispatchEvents()
	l.continueScheduled(scheduled)
	l.serveYielding()
	l.acceptPending()
	l.readMail(posted)
	l.sweep()
	l.endLingering()
	l.runTimers()
	l.handler.TurnEnding()
	l.flush()

	ended := l.clock()
	took := ended - l.began
	l.stats.TurnTime.Add(took)
	l.longest.add(took, ended)
	if long := l.config.LongTurn; long > 0 && took >= long {
		l.stats.LongTurns++
	}
	l.handler.TurnDone()
	l.watched.began.Store(betweenTurns)
	if ended-l.awake >= eventBudget {
		// Where loops or workers outnumber the Ps, the others would wait for this
		// loop to block, or 10 ms for the runtime to take its P: with 3 loops on one
		// CPU that made turns of 50 to 75 ms in a storm.
		runtime.Gosched()
		l.rested = true
	}
}

// wait returns the number of events, after sleeping if there is nothing to do.
func (l *Loop) wait() int {
	if n := l.poll(0); n > 0 || l.pending() {
		return n
	}
	// Let handlers on other goroutines run before this one blocks: what they
	// post now needs no wake-up.
	runtime.Gosched()
	l.rested = true
	if l.pending() {
		return l.poll(0)
	}
	if !l.mailbox.fallAsleep() {
		return l.poll(0)
	}
	n := l.poll(l.untilDue())
	if l.mailbox.awake() {
		l.stats.Wakes++
	}
	return n
}

// dispatchEvents deals with the events that there are, and leaves some to the
// next turn if they take long: what those of this turn have produced is then
// written first. In a storm of handshakes a whole batch takes 10 ms.
func (l *Loop) dispatchEvents() {
	for l.handled < l.ready {
		l.dispatch(l.events[l.handled])
		l.handled++
		if l.spent(l.began+eventBudget, l.handled) {
			return
		}
	}
}

// spent reports whether until has come, for who has so much done. The clock is looked
// at now and then only.
func (l *Loop) spent(until time.Duration, done int) bool {
	return done%eventsPerLook == 0 && l.clock() >= until
}

func (l *Loop) poll(timeout time.Duration) int {
	n, err := l.engine.Wait(l.events, timeout)
	if err != nil {
		// The engine's own descriptor is at fault: nothing on this loop can
		// work again, and to go on would spin.
		panic("poller: wait for events: " + err.Error())
	}
	return n
}

// pending reports whether there is work that no event will announce.
func (l *Loop) pending() bool {
	return l.again || l.handled < l.ready || len(l.next) > 0 || len(l.yielding) > 0 || len(l.output.dirty) > 0 || l.mail != nil || l.mailbox.filled.Load() || l.acceptor.due(l.clock())
}

// untilDue returns how long the loop may sleep; negative: without limit.
func (l *Loop) untilDue() time.Duration {
	now := l.clock()
	due := time.Duration(-1)
	earlier := func(at time.Duration) {
		if d := max(0, at-now); due < 0 || d < due {
			due = d
		}
	}
	if l.slots.Used() > 0 {
		earlier(l.sweeper.next)
	}
	if len(l.lingerers) > 0 {
		earlier(l.lingerers[0].until)
	}
	if len(l.timers) > 0 {
		earlier(l.timers[0].at)
	}
	if l.acceptor.open && l.acceptor.ready {
		earlier(l.acceptor.retry)
	}
	return due
}

func (l *Loop) dispatch(event sys.Event) {
	if event.Token == listenerToken {
		l.acceptor.announced()
		return
	}
	c := l.lookup(fromToken(event.Token))
	if c == nil {
		l.stats.StaleEvents++
		return
	}
	if event.Ready&sys.PeerClosed != 0 {
		c.flags |= flagEnding
	}
	if c.flags&flagScheduled != 0 && event.Ready&sys.Failed == 0 {
		// Its turn comes anyway, and a connection has one.
		c.flags |= flagUnread | flagUnwritten
		return
	}
	if event.Ready&sys.Failed != 0 {
		c.flags |= flagFailed
		if c.flags&(flagScheduled|flagPaused) == 0 {
			// Nobody waits for the end of a connection. When thousands are reset at
			// once the living would wait behind 20 µs for each.
			c.flags |= flagYields
		}
	}
	if c.flags&(flagScheduled|flagYields) == flagYields {
		l.putOff(c, event.Ready)
		return
	}
	if c.waiting != nil && event.Ready&(sys.Writable|sys.Failed) != 0 {
		generation := c.generation
		if l.drain(c); c.generation != generation {
			return
		}
	}
	switch {
	case event.Ready&(sys.Readable|sys.PeerClosed|sys.Failed) == 0:
	case c.flags&flagPaused == 0:
		l.read(c)
	case event.Ready&sys.Failed != 0:
		l.close(c, l.failure(c)) // there is no back-pressure on the dead
	case c.state == connAtGate && event.Ready&sys.PeerClosed != 0:
		l.close(c, io.EOF) // whoever waits in line and leaves loses the place
	default:
		c.flags |= flagUnread
	}
}

// putOff has an event of a connection that yields dealt with after the others'.
func (l *Loop) putOff(c *Conn, ready sys.Ready) {
	if ready&(sys.Readable|sys.PeerClosed|sys.Failed) != 0 {
		c.flags |= flagUnread
	} else if c.waiting == nil {
		return
	}
	c.flags |= flagUnwritten
	l.schedule(c)
}

// schedule has c looked at in the next turn, or when its turn comes.
func (l *Loop) schedule(c *Conn) {
	if c.flags&flagScheduled != 0 {
		return
	}
	c.flags |= flagScheduled
	if c.flags&flagYields != 0 {
		l.yielding = append(l.yielding, c.Handle())
	} else {
		l.next = append(l.next, c.Handle())
	}
}

// continueScheduled goes on with the first todo connections of the list, which
// an earlier turn left before the kernel had said EAGAIN. Those that it has no time
// for come first in the next turn: the others would wait for thousands that send more
// than the loop keeps up with.
func (l *Loop) continueScheduled(todo int) {
	if todo == 0 {
		return
	}
	done := 0
	for until := l.clock() + eventBudget; done < todo; {
		l.goOn(l.next[done])
		done++
		if l.spent(until, done) {
			break
		}
	}
	l.next = consumed(l.next, done)
}

// serveYielding looks at connections that yield, and writes what comes of it, for
// a part of the turn, but one of them in any case. Those that are not reached by
// then come first in the next.
func (l *Loop) serveYielding() {
	todo, done := len(l.yielding), 0
	if todo == 0 {
		return
	}
	for until := l.clock() + yieldBudget; done < todo && (done == 0 || l.clock() < until); done++ {
		h := l.yielding[done]
		l.goOn(h)
		if c := l.lookup(h.Slot, h.Generation); c != nil {
			c.Flush()
		}
	}
	l.yielding = consumed(l.yielding, done)
}

// goOn goes on with a connection that was scheduled.
func (l *Loop) goOn(h Handle) {
	c := l.lookup(h.Slot, h.Generation)
	if c == nil {
		return
	}
	c.flags &^= flagScheduled
	if c.flags&flagUnwritten != 0 && c.waiting != nil {
		if l.drain(c); c.generation != h.Generation {
			return
		}
	}
	switch c.flags & (flagUnread | flagPaused | flagFailed) {
	case flagUnread, flagUnread | flagFailed:
		l.read(c)
	case flagUnread | flagPaused | flagFailed:
		l.close(c, l.failure(c)) // it was paused since
	case flagUnread | flagPaused:
		if c.flags&flagEnding != 0 && l.waitsForHandshake(c) {
			l.close(c, io.EOF) // as at the gate
		}
	}
}

// takesMail reports whether letters still reach c's handler. Those of the turn
// in which the peer ended its stream do.
func (c *Conn) takesMail() bool {
	return c.state == connOpen || c.state == connFinishing && c.flags&flagFinished == 0
}

// readMail delivers the letters that wait, for a part of the turn. Those that it has
// no time for come first in the next: a mailbox holds 450,000 letters of 100 bytes, and
// to send one takes 6 µs. Whatever time it takes, it delivers as many as have come while
// the turn's input was read, before which there were posted: a loop that reads faster
// than it sends what comes of it would fill its mailbox, and have to refuse the rest.
func (l *Loop) readMail(posted int) {
	if l.mail != nil {
		l.owed += l.mailbox.waiting() - posted
	} else {
		if l.mail = l.mailbox.take(); l.mail == nil {
			return
		}
		l.owed += len(l.mail.letters) - posted
		l.stats.Letters += uint64(len(l.mail.letters))
	}
	b := l.mail
	for ; l.owed > 0 && l.delivered < len(b.letters); l.owed-- {
		l.deliverNext()
	}
	until, dirty := l.clock()+eventBudget, len(l.output.dirty)
	for l.delivered < len(b.letters) {
		l.deliverNext()
		if l.spent(until, l.delivered) || len(l.output.dirty)-dirty >= mailWrites {
			break
		}
	}
	// Queued output refers to the batch: write it before the batch is reused.
	l.flush()
	if l.delivered == len(b.letters) {
		l.mailbox.release(b)
		l.mail, l.delivered = nil, 0
	}
}

// deliverNext delivers the next letter of the batch at hand.
func (l *Loop) deliverNext() {
	e := &l.mail.letters[l.delivered]
	l.delivered++
	if e.task {
		e.ref.(Task).Run(l)
		return
	}
	c := l.lookup(e.slot, e.generation)
	if c == nil || !c.takesMail() {
		l.stats.DeadLetters++
		return
	}
	l.handler.Mail(c, Letter{Kind: e.kind, Bytes: l.mail.bytes[e.start:e.end], Ref: e.ref})
}

// finishMail delivers all the letters that have come by now.
func (l *Loop) finishMail() {
	for l.mail != nil {
		l.readMail(0)
	}
	l.readMail(0)
}
