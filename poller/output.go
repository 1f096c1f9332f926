package poller

import (
	"github.com/sluicegate/sluice/poller/buf"
	"github.com/sluicegate/sluice/poller/internal/sys"
)

// output is what one turn of a loop has produced, until the turn ends.
//
// The pieces of all connections stand in one array, those of each connection
// chained through it, so queueing allocates nothing and a connection pays four
// bytes. Most turns leave nothing behind: the kernel takes it all.
type output struct {
	// Loop only.
	pieces []piece
	dirty  []*Conn

	// Loop only: scratch.
	ordered []piece
	gather  [][]byte
	flat    []byte
	sealed  []byte
	single  [1]piece
	drained [writevSlices][]byte
}

// piece is a part of one connection's output. The pieces of a connection form
// a ring: the last one points to the first.
type piece struct {
	bytes  []byte
	next   int32
	shared bool // bytes never change, so they may be kept without a copy
	sealed bool // bytes go as they are on a connection that seals
}

const (
	// flatBytes is up to how much output of several pieces is copied together
	// rather than gathered by writev. Copying 16 KiB costs about 1 µs, setting
	// up an iovec some 20 ns a piece in the kernel: small messages win by the
	// copy.
	flatBytes = 16 << 10
	// drainBytes is the fair share of a connection whose peer catches up.
	drainBytes = 256 << 10
	// writevSlices is how many slices one writev takes; see the sys package.
	writevSlices = 64
	// keptPieces bounds what an output keeps for reuse after a large fan-out.
	keptPieces = 1 << 14
)

// Queue adds p to what c sends at the end of this turn. It borrows p until
// then; what [Handler.Data] was given does not last so long.
func (c *Conn) Queue(p []byte) { c.loop.output.add(c, piece{bytes: p}) }

// QueueShared is Queue for bytes that never change: if the peer is slow they
// are kept, not copied.
func (c *Conn) QueueShared(p []byte) { c.loop.output.add(c, piece{bytes: p, shared: true}) }

func (o *output) add(c *Conn, p piece) {
	if !c.Writable() && !p.sealed {
		return
	}
	c.unflushed += uint32(len(p.bytes))
	if c.queued == 0 {
		o.dirty = append(o.dirty, c)
		p.next = int32(len(o.pieces))
	} else {
		tail := &o.pieces[c.queued-1]
		if !p.shared && !tail.shared && !p.sealed && !tail.sealed && adjacent(tail.bytes, p.bytes) {
			tail.bytes = tail.bytes[:len(tail.bytes)+len(p.bytes)]
			return
		}
		p.next = tail.next
		tail.next = int32(len(o.pieces))
	}
	o.pieces = append(o.pieces, p)
	c.queued = int32(len(o.pieces))
}

// touch makes sure that c is looked at when the turn ends.
func (o *output) touch(c *Conn) {
	if c.queued == 0 {
		o.add(c, piece{})
	}
}

// adjacent reports whether b begins in memory where a ends, as frames posted
// one after the other do: then both are one slice.
func adjacent(a, b []byte) bool {
	return len(b) > 0 && cap(a) >= len(a)+len(b) && &a[:len(a)+1][len(a)] == &b[0]
}

// flush writes the turn's output. Connections may end while it runs, and their
// handlers may queue more.
func (l *Loop) flush() {
	o := &l.output
	for i := 0; i < len(o.dirty); i++ {
		if c := o.dirty[i]; c.queued != 0 {
			l.flushConn(c)
		}
	}
	o.reset()
}

// reset forgets what was written, and gives back what a large fan-out took.
func (o *output) reset() {
	o.pieces = emptied(o.pieces)
	o.dirty = emptied(o.dirty)
	o.ordered = emptied(o.ordered)
	o.gather = emptied(o.gather)
	o.single[0] = piece{}
	if cap(o.sealed) > drainBytes {
		o.sealed = nil
	}
}

// emptied returns s without elements, zeroed so that it refers to nothing, and
// without its memory if that is large.
func emptied[T any](s []T) []T {
	if cap(s) > keptPieces {
		return nil
	}
	clear(s)
	return s[:0]
}

// consumed returns a queue without its first n elements. Those behind stay where they
// are: in a storm each turn would move thousands.
func consumed[T any](queue []T, n int) []T {
	if n == len(queue) {
		return emptied(queue)
	}
	return queue[n:]
}

func (l *Loop) flushConn(c *Conn) {
	pieces := l.output.collect(c)
	if c.flags&flagSecure != 0 {
		pieces = l.seal(c, pieces)
	}
	if c.waiting == nil && len(pieces) > 0 {
		sent, err := l.send(c, pieces)
		if err != nil {
			l.close(c, err)
			return
		}
		pieces = unsent(pieces, sent)
	}
	for _, p := range pieces {
		l.keep(c, p)
	}
	switch {
	case c.state != connFinishing:
	case c.waiting == nil:
		l.endStream(c)
	default:
		c.state = connFlushing
	}
}

// collect takes c's pieces, in order. They are good until the next call.
func (o *output) collect(c *Conn) []piece {
	last := c.queued - 1
	first := o.pieces[last].next
	c.queued, c.unflushed = 0, 0
	if first == last {
		return o.pieces[first : first+1]
	}
	// Most often a connection's pieces stand side by side.
	run := first
	for o.pieces[run].next == run+1 && run < last {
		run++
	}
	if run == last {
		return o.pieces[first : last+1]
	}
	o.ordered = emptied(o.ordered)
	for i := first; ; i = o.pieces[i].next {
		o.ordered = append(o.ordered, o.pieces[i])
		if i == last {
			return o.ordered
		}
	}
}

// send gives pieces to the kernel and returns how many bytes it took.
func (l *Loop) send(c *Conn, pieces []piece) (int, error) {
	if len(pieces) == 1 {
		if len(pieces[0].bytes) == 0 {
			return 0, nil
		}
		return l.sent(l.sockets.Write(int(c.fd), pieces[0].bytes))
	}
	o := &l.output
	total := 0
	o.gather = emptied(o.gather)
	for _, p := range pieces {
		total += len(p.bytes)
		o.gather = append(o.gather, p.bytes)
	}
	if total <= flatBytes {
		o.flat = o.flat[:0]
		for _, p := range o.gather {
			o.flat = append(o.flat, p...)
		}
		return l.sent(l.sockets.Write(int(c.fd), o.flat))
	}
	return l.sent(l.sockets.Writev(int(c.fd), o.gather))
}

func (l *Loop) sent(n int, err error) (int, error) {
	l.stats.BytesOut += uint64(n)
	if err == sys.EAGAIN {
		return 0, nil
	}
	return n, err
}

// unsent drops the first sent bytes of pieces.
func unsent(pieces []piece, sent int) []piece {
	for len(pieces) > 0 && sent >= len(pieces[0].bytes) {
		sent -= len(pieces[0].bytes)
		pieces = pieces[1:]
	}
	if sent > 0 {
		pieces[0].bytes = pieces[0].bytes[sent:]
	}
	return pieces
}

// keep stores what the kernel did not take.
func (l *Loop) keep(c *Conn, p piece) {
	if c.waiting == nil {
		c.waiting = buf.NewChain()
		c.progress = l.now
		// A write that stopped short of writev's limit of slices, not at a full
		// socket, leaves no edge behind: try again next turn in any case.
		c.flags |= flagUnwritten
		l.schedule(c)
	}
	if p.shared {
		c.waiting.AppendShared(p.bytes)
	} else {
		c.waiting.Append(p.bytes)
	}
	l.stats.WaitingBytes += len(p.bytes)
}

// drain sends waiting output until the kernel takes no more, c has had its fair
// share, or nothing waits.
func (l *Loop) drain(c *Conn) {
	c.flags &^= flagUnwritten
	for share := drainBytes; c.waiting.Len() > 0; {
		if share <= 0 {
			c.flags |= flagUnwritten
			l.schedule(c)
			return
		}
		slices := c.waiting.Slices(l.output.drained[:0])
		n, err := l.sockets.Writev(int(c.fd), slices)
		clear(slices)
		if err == sys.EAGAIN {
			return
		}
		if err != nil {
			l.close(c, err)
			return
		}
		l.stats.BytesOut += uint64(n)
		l.stats.WaitingBytes -= n
		share -= n
		c.waiting.Skip(n)
		c.progress = l.now
	}
	c.waiting.Close()
	c.waiting = nil
	switch c.state {
	case connFlushing:
		l.endStream(c)
	case connSecuring: // what the handshake has sent is not the handler's
	default:
		l.handler.Drained(c)
	}
}
