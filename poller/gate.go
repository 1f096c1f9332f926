package poller

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
)

// Gate decides on connections as they come, before they are secured and before
// their handler hears of them. Each loop has one of its own; its methods are
// called on the loop's goroutine and must not block.
type Gate interface {
	// Accepted decides on a connection that was accepted.
	Accepted(c *Conn) Entry
	// Preface decides on one for which [AwaitPreface] was the last answer, now that
	// p has come: all of its input so far, which is borrowed. The first n bytes of
	// p go no further; with [AwaitPreface] they all come again, with more behind
	// them. It must bound how many it waits for.
	Preface(c *Conn, p []byte) (n int, e Entry)
	// Abandoned announces the end of a connection that has not entered, whatever
	// ended it.
	Abandoned(c *Conn, cause error)
	// Gone announces that a connection has left the loop, entered or not. It is
	// called exactly once, last of all.
	Gone(c *Conn)
}

// Entry is what a [Gate] decides.
type Entry uint8

const (
	// Enter lets the connection in.
	Enter Entry = iota
	// Hold has it wait, unread, until [Loop.Enter].
	Hold
	// AwaitPreface has its first bytes given to the gate, within
	// [Pace].Preface.
	AwaitPreface
	// Repel resets it.
	Repel
)

// Causes given to [Gate.Abandoned], besides those of [Handler.Closed].
var (
	// ErrRepelled: the gate has decided so.
	ErrRepelled = errors.New("poller: repelled")
	// ErrPrefaceTimeout: the preface did not come in time.
	ErrPrefaceTimeout = errors.New("poller: the preface did not come in time")
)

// arrive begins with a connection that was accepted.
func (l *Loop) arrive(c *Conn) {
	if l.gate == nil {
		l.enter(c)
		return
	}
	c.state = connAtGate
	c.progress = l.now
	l.pass(c, l.gate.Accepted(c))
}

// pass does what the gate has decided.
func (l *Loop) pass(c *Conn, e Entry) {
	switch e {
	case Enter:
		l.enter(c)
	case Hold:
		if c.flags&flagEnding != 0 {
			l.close(c, io.EOF) // whoever has left gets no place in line
			return
		}
		c.Pause()
	case Repel:
		l.reset(c, ErrRepelled)
	}
}

// enter lets a connection in.
func (l *Loop) enter(c *Conn) {
	c.state = connOpen
	if l.config.TLS != nil {
		l.secure(c)
		return
	}
	l.handler.Opened(c)
}

// Enter lets in the connection of h, which the gate holds, and reports whether
// it was still there.
func (l *Loop) Enter(h Handle) bool {
	c := l.named(h)
	if c == nil || c.state != connAtGate {
		return false
	}
	early := l.early.Get(c.slot)
	l.early.Delete(c.slot)
	c.Resume()
	l.enter(c)
	l.replay(c, h.Generation, early)
	return true
}

// preface gives input to the gate, behind what came before.
func (l *Loop) preface(c *Conn, p []byte) {
	before, begun := l.early.Lookup(c.slot)
	if begun {
		p = append(before, p...)
		l.early.Delete(c.slot)
	}
	generation := c.generation
	n, e := l.gate.Preface(c, p)
	p = p[n:]
	if e == AwaitPreface || e == Hold && len(p) > 0 {
		l.early.Put(c.slot, bytes.Clone(p))
		p = nil
	}
	l.pass(c, e)
	l.replay(c, generation, p)
}

// replay delivers input that was read before the connection could take it, if
// it still can. p may stand in the segment.
func (l *Loop) replay(c *Conn, generation uint32, p []byte) {
	for len(p) > 0 && c.generation == generation {
		room := l.room()
		n := copy(room, p)
		p = p[n:]
		l.later = p
		l.take(c, room[:n:n])
	}
	l.later = nil
}

// sweepGate ends a connection whose preface takes too long.
func (l *Loop) sweepGate(c *Conn) {
	if c.flags&flagPaused == 0 && l.now.Since(c.progress) >= l.config.Preface {
		l.reset(c, ErrPrefaceTimeout)
	}
}

// SetRemoteAddr has [Conn.RemoteAddr] be the address of the client that the peer
// speaks for.
func (c *Conn) SetRemoteAddr(addr netip.AddrPort) {
	c.peer, c.peerPort = addr.Addr().As16(), addr.Port()
}
