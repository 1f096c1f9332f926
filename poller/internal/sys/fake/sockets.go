package fake

import (
	"net/netip"
	"syscall"

	"github.com/sluicegate/sluice/poller/internal/sys"
)

// maxIovecs is how many slices one Writev takes, the same as [sys.TCP].
const maxIovecs = 64

// sockets is the kernel seen as [sys.Sockets].
type sockets Kernel

var _ sys.Sockets = (*sockets)(nil)

// Accept implements [sys.Sockets].
func (s *sockets) Accept(listener int) (int, netip.AddrPort, error) {
	k := (*Kernel)(s)
	k.mu.Lock()
	defer k.mu.Unlock()
	fd, peer, err := k.accept(listener)
	return fd, peer, k.record(OpAccept, listener, fd, err)
}

func (k *Kernel) accept(fd int) (int, netip.AddrPort, error) {
	d, err := k.lookup(OpAccept, fd)
	if err != nil {
		return -1, netip.AddrPort{}, err
	}
	l, ok := d.file.(*listener)
	if !ok {
		k.violation("accept on descriptor %d, which is no listener", fd)
		return -1, netip.AddrPort{}, syscall.EINVAL
	}
	if err := k.fault(OpAccept, fd); err != nil {
		switch {
		case err == syscall.EAGAIN:
			k.edge(d)
		case err == syscall.ECONNABORTED && len(l.backlog) > 0:
			l.next().abort() // the error stands for this connection
		}
		return -1, netip.AddrPort{}, err
	}
	if len(l.backlog) == 0 {
		return -1, netip.AddrPort{}, syscall.EAGAIN
	}
	accepted, err := k.open(l.backlog[0])
	if err != nil {
		return -1, netip.AddrPort{}, err
	}
	return accepted, l.next().peer, nil
}

// Read implements [sys.Sockets].
func (s *sockets) Read(fd int, p []byte) (int, error) {
	k := (*Kernel)(s)
	k.mu.Lock()
	defer k.mu.Unlock()
	n, err := k.transfer(OpRead, fd, p, (*conn).read)
	return n, k.record(OpRead, fd, n, err)
}

// Write implements [sys.Sockets].
func (s *sockets) Write(fd int, p []byte) (int, error) {
	k := (*Kernel)(s)
	k.mu.Lock()
	defer k.mu.Unlock()
	n, err := k.transfer(OpWrite, fd, p, (*conn).write)
	return n, k.record(OpWrite, fd, n, err)
}

// Writev implements [sys.Sockets]. Of more than 64 slices it takes the first 64.
func (s *sockets) Writev(fd int, ps [][]byte) (int, error) {
	k := (*Kernel)(s)
	k.mu.Lock()
	defer k.mu.Unlock()
	var joined []byte
	for _, p := range ps[:min(len(ps), maxIovecs)] {
		joined = append(joined, p...)
	}
	n, err := k.transfer(OpWritev, fd, joined, (*conn).write)
	return n, k.record(OpWritev, fd, n, err)
}

// transfer moves bytes between p and the connection fd, as far as the script
// lets it.
func (k *Kernel) transfer(op Op, fd int, p []byte, move func(*conn, []byte) (int, error)) (int, error) {
	c, err := k.conn(op, fd)
	if err != nil {
		return 0, err
	}
	if err := k.fault(op, fd); err != nil {
		if err == syscall.EAGAIN {
			k.edge(c.descriptor)
		}
		return 0, err
	}
	most := k.faults.short[op]
	if most == 0 || len(p) <= most {
		return move(c, p)
	}
	n, err := move(c, p[:most])
	if n == most {
		k.edge(c.descriptor)
	}
	return n, err
}

// CloseWrite implements [sys.Sockets].
func (s *sockets) CloseWrite(fd int) error {
	k := (*Kernel)(s)
	k.mu.Lock()
	defer k.mu.Unlock()
	c, err := k.conn(OpCloseWrite, fd)
	if err == nil {
		err = k.fault(OpCloseWrite, fd)
	}
	if err == nil {
		err = c.closeWrite()
	}
	return k.record(OpCloseWrite, fd, 0, err)
}

// Close implements [sys.Sockets].
func (s *sockets) Close(fd int) error {
	k := (*Kernel)(s)
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.record(OpClose, fd, 0, k.release(OpClose, fd, (*conn).close))
}

// Reset implements [sys.Sockets].
func (s *sockets) Reset(fd int) error {
	k := (*Kernel)(s)
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.record(OpReset, fd, 0, k.release(OpReset, fd, (*conn).abort))
}

// release closes fd; end says what becomes of a connection. As on Linux, fd is
// closed even where an error is returned.
func (k *Kernel) release(op Op, fd int, end func(*conn)) error {
	d, err := k.lookup(op, fd)
	if err != nil {
		return err
	}
	if d.registered && !k.closed {
		k.violation("%v of descriptor %d, which is still registered", op, fd)
	}
	k.forget(d)
	k.table[fd] = nil
	switch f := d.file.(type) {
	case *conn:
		end(f)
	case *listener:
		for _, c := range f.backlog {
			c.abort()
		}
	}
	return k.fault(op, fd)
}

// conn returns the connection fd. Any other file is a violation and ENOTCONN.
func (k *Kernel) conn(op Op, fd int) (*conn, error) {
	d, err := k.lookup(op, fd)
	if err != nil {
		return nil, err
	}
	c, ok := d.file.(*conn)
	if !ok {
		k.violation("%v of descriptor %d, which is no connection", op, fd)
		return nil, syscall.ENOTCONN
	}
	return c, nil
}
