package conformance_test

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/sluicegate/sluice/gateway"
)

// watch lets a row see when the gateway ends its session, though its client reads
// nothing: the row's limits count from there.
type watch struct {
	// Guarded by mu.
	mu    sync.Mutex
	ends  map[netip.AddrPort]chan time.Time // by the client's address
	peers map[gateway.Session]netip.AddrPort
}

func newWatch() *watch {
	return &watch{ends: make(map[netip.AddrPort]chan time.Time), peers: make(map[gateway.Session]netip.AddrPort)}
}

// end yields the moment when the session of conn ends. It must be called before
// the opening handshake.
func (w *watch) end(conn net.Conn) <-chan time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	ended := make(chan time.Time, 1)
	w.ends[conn.LocalAddr().(*net.TCPAddr).AddrPort()] = ended
	return ended
}

// watched is a handler whose sessions are watched.
type watched struct {
	gateway.Handler
	by *watch
}

func (h watched) Open(s gateway.Session, r *gateway.Request) {
	h.by.mu.Lock()
	defer h.by.mu.Unlock()
	h.by.peers[s] = r.RemoteAddr
}

func (h watched) Close(s gateway.Session, _ gateway.Reason) {
	h.by.mu.Lock()
	defer h.by.mu.Unlock()
	if ended := h.by.ends[h.by.peers[s]]; ended != nil {
		ended <- time.Now()
	}
	delete(h.by.ends, h.by.peers[s])
	delete(h.by.peers, s)
}
