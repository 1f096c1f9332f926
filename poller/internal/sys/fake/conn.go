package fake

import (
	"net/netip"
	"syscall"

	"github.com/sluicegate/sluice/poller/internal/sys"
)

// conn is one TCP connection, both its ends.
//
// What the loop has written waits in output until the peer reads it: the send
// buffer here and the receive buffer there are one.
type conn struct {
	// Fixed after newConn.
	kernel *Kernel
	peer   netip.AddrPort

	// Guarded by kernel.mu: the loop's end.
	descriptor *descriptor // nil before accept and after close
	pending    syscall.Errno
	noSpace    bool // a write was cut short, and Writable is owed
	written    bool // the loop has ended its stream
	released   bool // the loop has closed its end
	dead       bool // reset by either end: nothing moves any more

	// Guarded by kernel.mu: the streams.
	input       []byte
	output      []byte
	inputSpace  int
	outputSpace int

	// Guarded by kernel.mu: the peer's end.
	peerEnded bool // the peer has ended its stream
	peerGone  bool // the peer has closed its end
	peerReset bool // the peer has seen a reset
}

var _ file = (*conn)(nil)

func (k *Kernel) newConn(peer netip.AddrPort) *conn {
	return &conn{kernel: k, peer: peer, inputSpace: k.receive, outputSpace: k.send}
}

// state follows tcp_poll of Linux.
func (c *conn) state() sys.Ready {
	var r sys.Ready
	if len(c.input) > 0 || c.peerEnded || c.dead {
		r |= sys.Readable
	}
	if c.peerEnded || c.dead {
		r |= sys.PeerClosed
	}
	if c.pending != 0 || c.dead || c.peerEnded && c.written {
		r |= sys.Failed
	}
	if c.written || c.dead || c.roomy() {
		r |= sys.Writable
	} else {
		c.noSpace = true
	}
	return r
}

// roomy reports whether at least a third of the send buffer is free, which is
// when Linux wakes a writer.
func (c *conn) roomy() bool {
	free := c.outputSpace - len(c.output)
	return free > 0 && free >= len(c.output)/2
}

// read is the loop's read of at most len(p) bytes.
func (c *conn) read(p []byte) (int, error) {
	switch {
	case len(p) == 0:
		return 0, nil
	case len(c.input) > 0:
		n := copy(p, c.input)
		c.input = append(c.input[:0], c.input[n:]...)
		return n, nil
	case c.peerEnded:
		return 0, nil
	case c.pending != 0:
		return 0, c.takeError()
	case c.dead:
		return 0, nil
	}
	return 0, syscall.EAGAIN
}

// write is the loop's write of p, of which at most most bytes are taken.
func (c *conn) write(p []byte) (int, error) {
	switch {
	case c.pending != 0:
		return 0, c.takeError()
	case c.written || c.dead:
		return 0, syscall.EPIPE
	case len(p) == 0:
		return 0, nil
	case c.peerGone:
		c.die()
		return len(p), nil
	}
	n := min(len(p), c.outputSpace-len(c.output))
	c.output = append(c.output, p[:max(n, 0)]...)
	if n == len(p) {
		return n, nil
	}
	c.noSpace = true
	if n <= 0 {
		return 0, syscall.EAGAIN
	}
	return n, nil
}

// takeError returns the error that waits to be reported: it is reported once.
func (c *conn) takeError() error {
	errno := c.pending
	c.pending = 0
	return errno
}

// closeWrite is the loop's end of stream. Linux reports it as a change.
func (c *conn) closeWrite() error {
	if c.dead {
		return syscall.ENOTCONN
	}
	c.written = true
	c.kernel.edge(c.descriptor)
	return nil
}

// close is the loop's close.
func (c *conn) close() {
	if len(c.input) > 0 {
		c.abort()
		return
	}
	c.released, c.written, c.descriptor = true, true, nil
}

// abort is the loop's reset.
func (c *conn) abort() {
	c.released, c.dead, c.descriptor = true, true, nil
	c.output = nil
	c.peerReset = !c.peerGone
}

// die is the arrival of a reset from the peer. What it sent before can still be
// read.
func (c *conn) die() {
	if c.dead {
		return
	}
	c.dead = true
	c.output = nil
	c.pending = syscall.ECONNRESET
	if c.peerEnded {
		c.pending = syscall.EPIPE
	}
	c.kernel.edge(c.descriptor)
}

// drained is called when output has shrunk.
func (c *conn) drained() {
	if c.noSpace && c.roomy() {
		c.noSpace = false
		c.kernel.edge(c.descriptor)
	}
}

// listener is a listening socket: its backlog holds connections whose TCP
// handshake is complete.
type listener struct{ backlog []*conn }

var _ file = (*listener)(nil)

func (l *listener) state() sys.Ready {
	if len(l.backlog) == 0 {
		return 0
	}
	return sys.Readable
}

// next takes the oldest connection off the backlog.
func (l *listener) next() *conn {
	c := l.backlog[0]
	l.backlog = l.backlog[1:]
	return c
}
