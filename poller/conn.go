package poller

import (
	"net/netip"

	"github.com/sluicegate/sluice/poller/buf"
)

// Conn is one TCP connection, owned by its loop: every method may be called on
// the loop's goroutine only, and no *Conn may be kept beyond the call it was
// given to. Outside, a connection is named by its [Handle].
//
// A million of these live in slabs: 64 bytes each, no pointer but to the loop
// and to output that waits.
type Conn struct {
	// Fixed while open.
	loop       *Loop
	fd         int32
	slot       uint32
	generation uint32 // 0: the slot is free
	peerPort   uint16
	peer       [16]byte

	// Loop only.
	state     connState
	flags     connFlags
	queued    int32      // last piece of this turn's output, plus 1; 0: none
	progress  Tick       // when the peer last took waiting output
	unflushed uint32     // bytes of this turn's output
	waiting   *buf.Chain // output that the kernel has not taken; nil: none
}

type connState uint8

const (
	connOpen      connState = iota
	connFinishing           // the stream ends after what this turn produces
	connFlushing            // it ends after what waits
	connLingering           // the stream has ended; input is thrown away
	connSecuring            // the handler has not heard of it yet
	connAtGate              // nor has it entered
)

type connFlags uint16

const (
	flagPaused    connFlags = 1 << iota // the handler wants no input
	flagUnread                          // there may be input that no event will report
	flagUnwritten                       // the kernel may take more, though no event will say so
	flagScheduled                       // stands in the loop's list for the next turn
	flagEnding                          // the end of the peer's stream is in the kernel
	flagEnded                           // and was read
	flagFinished                        // ended by Finish
	flagSecure                          // what it sends is sealed
	flagYields                          // comes after those that do not
	flagFailed                          // the kernel has given it up
)

// Handle returns the value that names c outside its loop.
func (c *Conn) Handle() Handle {
	return Handle{Loop: uint16(c.loop.index), Slot: c.slot, Generation: c.generation}
}

// Slot returns c's index on its loop: small, dense, and c's own while it is
// open. A handler keeps its own state for c in a slab under this index.
func (c *Conn) Slot() uint32 { return c.slot }

// Loop returns the loop that owns c.
func (c *Conn) Loop() *Loop { return c.loop }

// RemoteAddr returns the peer's address, as it was when c was accepted, or what
// [Conn.SetRemoteAddr] has made of it.
func (c *Conn) RemoteAddr() netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom16(c.peer).Unmap(), c.peerPort)
}

// Open reports whether c has neither ended nor been told to.
func (c *Conn) Open() bool { return c.generation != 0 && c.state == connOpen }

// Writable reports whether what is queued now is sent: c has not ended, and if
// its peer has ended its stream, or it was told to end, then in this turn.
func (c *Conn) Writable() bool { return c.generation != 0 && c.state <= connFinishing }

// Waiting returns how many bytes wait because the kernel would not take them.
// What was queued in the present turn is not among them.
func (c *Conn) Waiting() int {
	if c.waiting == nil {
		return 0
	}
	return c.waiting.Len()
}

// Unsent returns how many bytes wait, those queued in the present turn
// included.
func (c *Conn) Unsent() int { return c.Waiting() + int(c.unflushed) }

// Flush writes what is queued now rather than at the end of the turn. It
// reports whether c is still open.
func (c *Conn) Flush() bool {
	if c.queued != 0 {
		c.loop.flushConn(c)
	}
	return c.Open()
}

// Pause stops reading c after the present read: TCP pushes back on the peer.
func (c *Conn) Pause() { c.flags |= flagPaused }

// Resume reads c again, in the next turn that has time for it.
func (c *Conn) Resume() {
	if c.flags&flagPaused == 0 {
		return
	}
	c.flags &^= flagPaused
	if c.flags&flagUnread != 0 {
		c.loop.schedule(c)
	}
}

// Yield says whether c's input waits until that of connections which do not yield
// was dealt with, and then has a part of the turn only. It is for connections
// that nobody has vouched for yet: however many they are, and whatever they send,
// the others hardly notice. A connection does not yield unless told to.
func (c *Conn) Yield(does bool) {
	if does {
		c.flags |= flagYields
	} else {
		c.flags &^= flagYields
	}
}

// Finish ends c in order: what is queued is sent, then the end of the stream,
// and c closes when the peer closes too. After [Config].Linger it is reset,
// whatever the peer has not read by then. What comes from it is thrown away, and
// nothing may be queued after this turn. [Handler.Closed] is called with
// [ErrFinished].
func (c *Conn) Finish() {
	if c.state > connFinishing {
		return
	}
	c.state = connFinishing
	if c.flags&flagFinished == 0 {
		c.flags |= flagFinished
		c.loop.linger(c)
	}
	c.loop.output.touch(c)
}

// Abort closes c at once and drops what is queued. [Handler.Closed] is called
// with cause before Abort returns.
func (c *Conn) Abort(cause error) { c.loop.close(c, cause) }

// Reset is Abort, and the peer is told so by a TCP reset: for peers that would
// not read the end of the stream, and whose unread bytes would stay queued in
// the kernel.
func (c *Conn) Reset(cause error) { c.loop.reset(c, cause) }

// HandOff gives c's socket to [Config].Adopt, with the bytes already read from
// it, which it takes. Nothing may be queued on c. On success c has left the loop
// and [Handler.Closed] is not called. [ErrHandOffBusy] leaves c as it was; any
// other error has ended it.
func (c *Conn) HandOff(read []byte) error { return c.loop.handOff(c, read) }
