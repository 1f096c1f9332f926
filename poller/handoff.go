package poller

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"

	"github.com/sluicegate/sluice/poller/internal/sys"
	"github.com/sluicegate/sluice/poller/secure"
)

// porter carries sockets from a loop to [Config].Adopt.
type porter interface {
	// carry takes fd, and what goes with it, on the loop. It does not
	// block; on an error the caller keeps both. On success fd may have been
	// closed in the loop's descriptor table.
	carry(fd int, p parcel) error
	// deliver adopts what is carried, until close.
	deliver(adopt func(net.Conn, []byte))
	// close ends deliver. It is called on the loop, after the last carry.
	close()

	// loopEnd is the descriptor that carry uses, or -1.
	loopEnd() int
	// entered closes loopEnd in the shared table.
	entered()
}

// How many sockets may be on their way from one loop. A backend makes a thousand
// requests at once, each on a connection of its own, and the loop may meet them all
// before whoever adopts them has its turn.
const (
	sharedQueue = 2048
	// A socket pair holds no more by default: 208 KiB, and each of its messages counts
	// for 768 B.
	pairQueue = 256
)

func newPorter(private bool) (porter, error) {
	if private {
		return newTablePorter()
	}
	return &sharedPorter{parcels: make(chan *sharedParcel, sharedQueue)}, nil
}

// parcel is what goes with a socket that is handed off.
type parcel struct {
	read   []byte         // the peer's first bytes
	remote netip.AddrPort // see [Conn.RemoteAddr]

	// If the connection is secured.
	session     secure.Session
	sealed      []byte            // what was read behind the first bytes, for session to open
	certificate *x509.Certificate // see [Conn.TakeCertificate]
}

// conn returns the connection that the parcel belongs to, over its socket.
func (p parcel) conn(fd int) net.Conn {
	socket, err := sys.NetConn(fd)
	if err != nil {
		return nil
	}
	remote := net.TCPAddrFromAddrPort(p.remote)
	if p.session == nil {
		return &remoteConn{socket.(halfCloser), remote}
	}
	conn := secure.NewConn(socket, p.session, p.sealed)
	return &securedConn{remoteConn{conn, remote}, p.session, p.certificate}
}

// halfCloser is a connection whose stream can end before its peer's does, as that of a
// [*net.TCPConn] can.
type halfCloser interface {
	net.Conn
	CloseWrite() error
}

// remoteConn is a connection from the client that its peer speaks for.
type remoteConn struct {
	halfCloser
	remote net.Addr
}

func (c *remoteConn) RemoteAddr() net.Addr { return c.remote }

// securedConn is a connection that TLS secures. net/http has requests know it by its
// ConnectionState.
type securedConn struct {
	remoteConn
	session     secure.Session
	certificate *x509.Certificate
}

// ConnectionState returns what was negotiated. Of the client's chain it has the first
// certificate.
func (c *securedConn) ConnectionState() tls.ConnectionState {
	return stateOf(c.session, c.certificate)
}

type sharedParcel struct {
	parcel
	fd int
}

// sharedPorter serves a loop in the process's descriptor table: the number of
// the descriptor is enough.
type sharedPorter struct{ parcels chan *sharedParcel }

func (p *sharedPorter) carry(fd int, goes parcel) error {
	select {
	case p.parcels <- &sharedParcel{goes, fd}:
		return nil
	default:
		return ErrHandOffBusy
	}
}

func (p *sharedPorter) deliver(adopt func(net.Conn, []byte)) {
	for parcel := range p.parcels {
		adopt(parcel.conn(parcel.fd), parcel.read)
	}
}

func (p *sharedPorter) close()       { close(p.parcels) }
func (p *sharedPorter) loopEnd() int { return -1 }
func (p *sharedPorter) entered()     {}
