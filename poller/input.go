package poller

import (
	"io"

	"github.com/sluicegate/sluice/poller/buf"
	"github.com/sluicegate/sluice/poller/internal/sys"
)

// leastRead is the least room in the segment that a read is made with. A segment
// that has less is left to those who retain it.
const leastRead = 16 << 10

// gateRead is how much is read at once of a connection at the gate: a preface is
// shorter, and what comes behind it is kept for as long as the connection is held.
const gateRead = 2 << 10

// helloRead is how much is read at once of a connection whose TLS handshake has not
// begun. Hellos are shorter, and what comes behind one is kept until its turn: it was up
// to 128 KiB.
const helloRead = 4 << 10

// read takes one fair share of input from c.
func (l *Loop) read(c *Conn) {
	c.flags &^= flagUnread
	if c.state == connOpen && c.flags&flagEnded != 0 {
		l.ended(c) // it was paused when the end came
		return
	}
	room := l.room()
	switch {
	case c.state == connAtGate:
		room = room[:gateRead]
	case l.waitsForHandshake(c):
		room = room[:helloRead]
	}
	n, err := l.sockets.Read(int(c.fd), room)
	switch {
	case err == sys.EAGAIN:
		return
	case err != nil && c.state == connSecuring:
		l.peerLeft(c, err)
		return
	case err != nil:
		l.close(c, err)
		return
	case n == 0:
		l.ended(c)
		return
	}
	l.stats.BytesIn += uint64(n)
	l.take(c, room[:n:n])
	if c.generation == 0 {
		return
	}
	// A short read has emptied the socket, and what comes later is an event of
	// its own; but an end of the stream that was there already is not.
	if n == len(room) || c.flags&flagEnding != 0 {
		c.flags |= flagUnread
		if c.flags&flagPaused == 0 {
			l.schedule(c)
		}
	}
}

// failure throws away the input of a failed connection until its error shows.
func (l *Loop) failure(c *Conn) error {
	room := l.room()
	for {
		n, err := l.sockets.Read(int(c.fd), room)
		switch {
		case err == sys.EAGAIN || err == nil && n == 0:
			return io.EOF
		case err != nil:
			return err
		}
	}
}

// take makes of input what the connection's state asks for. It stands where the
// free part of the segment begins.
func (l *Loop) take(c *Conn, p []byte) {
	l.retained = false
	switch {
	case c.state == connAtGate:
		l.preface(c, p)
	case c.state == connSecuring:
		l.feed(c, p)
	case c.state != connOpen:
		// The end of the stream is under way: what comes is thrown away.
	case c.flags&flagSecure != 0:
		l.unseal(c, p)
	default:
		l.handler.Data(c, p)
	}
	if l.retained {
		// Messages begin on their own cache line: their workers are elsewhere.
		l.used = (l.used + len(p) + 63) &^ 63
	}
}

// room returns the free part of the segment, which is large enough for a read.
func (l *Loop) room() []byte {
	if l.reading == nil || buf.SegmentSize-l.used < leastRead {
		l.renewSegment()
	}
	return l.reading.Bytes()[l.used:]
}

func (l *Loop) renewSegment() {
	if l.reading != nil {
		l.reading.Release()
	}
	l.reading, l.used = l.pool.Get(), 0
}

// ended handles the end of the peer's stream. What was queued and what this
// turn still produces is sent: the peer may have closed its half only.
func (l *Loop) ended(c *Conn) {
	c.flags |= flagEnded
	switch c.state {
	case connLingering:
		l.close(c, c.cause())
	case connSecuring:
		l.peerLeft(c, io.EOF)
	case connAtGate:
		l.close(c, io.EOF)
	case connOpen:
		if c.flags&flagPaused != 0 {
			// A close_notify came in the read that the handler has paused at. It ends
			// the peer's half only (RFC 8446 §6.1), and comes after what that waits for.
			c.flags |= flagUnread
			return
		}
		c.state = connFinishing
		l.output.touch(c)
	}
}

// cause is why a connection ends whose peer has ended its stream.
func (c *Conn) cause() error {
	if c.flags&flagFinished != 0 {
		return ErrFinished
	}
	return io.EOF
}

// Retain keeps the segment under the bytes of the present [Handler.Data] call
// until its Release, which any goroutine may call. The caller owns the
// reference.
func (l *Loop) Retain() *buf.Segment {
	l.retained = true
	l.reading.Retain()
	return l.reading
}
