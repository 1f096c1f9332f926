package fake

import (
	"net/netip"
	"syscall"
)

// Peer is the far end of a connection, in the hands of the test.
type Peer struct{ conn *conn }

// Dial connects to listener: the connection waits in its backlog, and the peer
// can write at once. Where no listener has that descriptor, the peer is reset.
func (k *Kernel) Dial(listener int) *Peer {
	k.mu.Lock()
	addr := k.nextAddr()
	k.mu.Unlock()
	return k.DialFrom(addr, listener)
}

// DialFrom is [Kernel.Dial] from a chosen address.
func (k *Kernel) DialFrom(addr netip.AddrPort, fd int) *Peer {
	k.mu.Lock()
	defer k.mu.Unlock()
	c := k.newConn(addr)
	if fd >= 0 && fd < len(k.table) && k.table[fd] != nil {
		if l, ok := k.table[fd].file.(*listener); ok {
			l.backlog = append(l.backlog, c)
			k.edge(k.table[fd])
			k.record(opDial, fd, 0, nil)
			return &Peer{c}
		}
	}
	c.abort()
	k.record(opDial, fd, 0, syscall.ECONNREFUSED)
	return &Peer{c}
}

// Addr returns the address that the loop's accept reports.
func (p *Peer) Addr() netip.AddrPort { return p.conn.peer }

// Write sends data, which it borrows, and returns how many bytes the loop's
// receive buffer took: fewer than all come with EAGAIN. It fails with EPIPE
// after the peer's own close, and with ECONNRESET after a reset, which writing
// to a closed connection also brings about.
func (p *Peer) Write(data []byte) (int, error) {
	k := p.conn.kernel
	k.mu.Lock()
	defer k.mu.Unlock()
	n, err := p.conn.receive(data)
	return n, k.record(opPeerWrite, p.conn.fd(), n, err)
}

func (c *conn) receive(data []byte) (int, error) {
	switch {
	case c.peerEnded || c.peerGone:
		return 0, syscall.EPIPE
	case c.released:
		c.peerReset = true
	}
	if c.peerReset || c.dead {
		return 0, syscall.ECONNRESET
	}
	n := max(min(len(data), c.inputSpace-len(c.input)), 0)
	c.input = append(c.input, data[:n]...)
	if n > 0 {
		c.kernel.edge(c.descriptor)
	}
	if n < len(data) {
		return n, syscall.EAGAIN
	}
	return n, nil
}

// Read returns owned all bytes that the loop has sent and that were not read
// yet; nil if there are none.
func (p *Peer) Read() []byte {
	k := p.conn.kernel
	k.mu.Lock()
	defer k.mu.Unlock()
	return p.take(len(p.conn.output))
}

// ReadN is [Peer.Read] of at most n bytes.
func (p *Peer) ReadN(n int) []byte {
	k := p.conn.kernel
	k.mu.Lock()
	defer k.mu.Unlock()
	return p.take(min(n, len(p.conn.output)))
}

func (p *Peer) take(n int) []byte {
	c := p.conn
	if n <= 0 || c.peerGone {
		return nil
	}
	data := append([]byte(nil), c.output[:n]...)
	c.output = append(c.output[:0], c.output[n:]...)
	c.drained()
	c.kernel.record(opPeerRead, c.fd(), n, nil)
	return data
}

// Unread returns how many sent bytes the peer has not read.
func (p *Peer) Unread() int {
	k := p.conn.kernel
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(p.conn.output)
}

// Untaken returns how many of the peer's bytes the loop has not read.
func (p *Peer) Untaken() int {
	k := p.conn.kernel
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(p.conn.input)
}

// AtEOF reports whether the peer has read all and then the end of the stream.
func (p *Peer) AtEOF() bool {
	k := p.conn.kernel
	k.mu.Lock()
	defer k.mu.Unlock()
	c := p.conn
	return c.written && !c.dead && !c.peerReset && len(c.output) == 0
}

// WasReset reports whether the loop, or the kernel for it, has reset the
// connection.
func (p *Peer) WasReset() bool {
	k := p.conn.kernel
	k.mu.Lock()
	defer k.mu.Unlock()
	return p.conn.peerReset
}

// CloseWrite ends the peer's stream: the loop sees a FIN. The peer can still
// read.
func (p *Peer) CloseWrite() {
	k := p.conn.kernel
	k.mu.Lock()
	defer k.mu.Unlock()
	p.conn.endOfPeer()
	k.record(opPeerCloseWrite, p.conn.fd(), 0, nil)
}

// Close closes the peer's end: the loop sees a FIN, or a reset if the peer
// leaves bytes unread. A later write of the loop is answered by a reset.
func (p *Peer) Close() {
	c := p.conn
	k := c.kernel
	k.mu.Lock()
	defer k.mu.Unlock()
	if c.peerGone {
		return
	}
	c.peerGone = true
	if len(c.output) > 0 {
		c.die()
	} else {
		c.endOfPeer()
	}
	k.record(opPeerClose, c.fd(), 0, nil)
}

// Reset resets the connection from the peer's side.
func (p *Peer) Reset() {
	c := p.conn
	k := c.kernel
	k.mu.Lock()
	defer k.mu.Unlock()
	if c.peerGone {
		return
	}
	c.peerGone = true
	c.die()
	k.record(opPeerReset, c.fd(), 0, nil)
}

// endOfPeer is the arrival of the peer's FIN.
func (c *conn) endOfPeer() {
	if c.peerEnded || c.dead {
		return
	}
	c.peerEnded = true
	c.kernel.edge(c.descriptor)
}

// fd returns the loop's descriptor of c, or -1 before accept and after close.
func (c *conn) fd() int {
	if c.descriptor == nil {
		return -1
	}
	return c.descriptor.fd
}
