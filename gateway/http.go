package gateway

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/gateway/internal/limit"
)

// httpSide serves the public port's plain HTTP requests with net/http. Their
// connections come from the loops, with the bytes already read from them.
type httpSide struct {
	// Fixed after newHTTPSide.
	server  *http.Server
	limit   int64
	addr    net.Addr
	next    http.Handler
	refused func(Reason, netip.AddrPort) // counts and records
	places  *limit.Keyed[netip.Prefix]   // see admission

	// Safe for concurrent use.
	conns   chan net.Conn
	closed  chan struct{}
	closing sync.Once
	serving sync.WaitGroup

	// Atomic.
	active atomic.Int64
	rules  atomic.Pointer[rules] // in effect
}

// httpIdle is how long a connection is kept for the next request.
const httpIdle = time.Minute

func newHTTPSide(g *Gateway, addr net.Addr, rules *rules) *httpSide {
	config := &g.config
	h := &httpSide{
		limit:   int64(config.Limits.HTTPConnections),
		addr:    addr,
		next:    config.HTTP,
		refused: g.refusedLater,
		places:  &g.admission.places,
		conns:   make(chan net.Conn, config.Limits.HTTPConnections),
		closed:  make(chan struct{}),
	}
	h.server = &http.Server{
		Handler:           h,
		ReadHeaderTimeout: config.Timeouts.Handshake,
		IdleTimeout:       httpIdle,
		MaxHeaderBytes:    config.Limits.Head,
		ErrorLog:          slog.NewLogLogger(config.Logger.Handler(), slog.LevelDebug),
	}
	h.rules.Store(rules)
	return h
}

// ServeHTTP implements [http.Handler]. It has each request be that of the client
// whom a forwarder speaks for, and answers upgrades that come second on a
// connection: it has left the loops for good. Clients open a connection for each
// WebSocket.
func (h *httpSide) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	client, refused := h.trace(r)
	if refused == nil && codec.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		refused = misplacedUpgrade(r)
	}
	if refused != nil {
		h.refused(refused.reason, client)
		h.answer(w, refused)
		return
	}
	if client.IsValid() {
		r.RemoteAddr = client.String()
	}
	h.next.ServeHTTP(w, r)
}

// misplacedUpgrade says why a request that asks for WebSocket is not served as one.
func misplacedUpgrade(r *http.Request) *refusal {
	refused := &refusal{reason: ReasonBadRequest, text: "a WebSocket upgrade must be the first request of its connection"}
	connection := strings.ToLower(strings.Join(r.Header.Values("Connection"), ","))
	if !strings.Contains(connection, "upgrade") { // a proxy may have taken it for its own
		refused.status = http.StatusUpgradeRequired
		refused.text = "a WebSocket upgrade needs the header Connection: Upgrade beside Upgrade: websocket"
	}
	return refused
}

// answer refuses a request, with which its connection ends.
func (*httpSide) answer(w http.ResponseWriter, refused *refusal) {
	status, text := refused.answer()
	w.Header().Set("Connection", "close")
	for name, value := range refused.fields(status) {
		w.Header().Add(name, value)
	}
	http.Error(w, text, status)
}

// trace returns whom a request is from, and why it is refused, if it is.
func (h *httpSide) trace(r *http.Request) (netip.AddrPort, *refusal) {
	rules := h.rules.Load()
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !rules.forwards(peer) {
		return peer, nil
	}
	return rules.trace(peer, slices.Values(r.Header.Values(rules.header)))
}

func (h *httpSide) serve() {
	h.serving.Go(func() { h.server.Serve((*adoptedConns)(h)) })
}

// admit reserves a place for a connection, if there is one. It may be called
// from any goroutine.
func (h *httpSide) admit() bool {
	if h.active.Add(1) > h.limit {
		h.active.Add(-1)
		return false
	}
	return true
}

// release gives a place back.
func (h *httpSide) release() { h.active.Add(-1) }

// adopt takes a connection that was admitted, and the bytes read from it. conn
// is nil if it was lost on the way.
func (h *httpSide) adopt(conn net.Conn, read []byte) {
	if conn == nil {
		h.release()
		return
	}
	adopted := h.adopted(conn, read)
	select {
	case h.conns <- adopted:
		select {
		case <-h.closed: // perhaps too late to be seen by abandon
			h.abandon()
		default:
		}
	case <-h.closed:
		adopted.Close()
	}
}

// adopted makes of a connection, and the bytes read from it, one for net/http.
func (h *httpSide) adopted(conn net.Conn, read []byte) net.Conn {
	adopted := &adoptedConn{Conn: conn, read: read, side: h, place: h.takePlace(conn)}
	if secured, is := conn.(connectionStater); is {
		return &adoptedTLSConn{adopted, secured}
	}
	return adopted
}

// takePlace has a connection count for its address as it did on its loop, whatever
// room there is: it was let in long ago. It returns the network that it counts for,
// the zero Prefix if for none.
func (h *httpSide) takePlace(conn net.Conn) (place netip.Prefix) {
	rules := h.rules.Load()
	remote, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok || rules.perAddress == 0 || rules.forwards(remote.AddrPort()) {
		return place
	}
	place = rules.mask.Masked(remote.AddrPort().Addr())
	h.places.Take(place, math.MaxInt)
	return place
}

// abandon closes the connections that nobody will accept any more.
func (h *httpSide) abandon() {
	for {
		select {
		case conn := <-h.conns:
			conn.Close()
		default:
			return
		}
	}
}

// shutdown lets requests finish until ctx ends. The error tells how many were cut off.
func (h *httpSide) shutdown(ctx context.Context) error {
	err := h.server.Shutdown(ctx)
	if err != nil {
		err = fmt.Errorf("gateway: shut down with %d HTTP requests left: %w", h.active.Load(), err)
		h.server.Close()
	}
	h.serving.Wait()
	return err
}

// adoptedConns is the listener that net/http accepts from.
type adoptedConns httpSide

func (a *adoptedConns) Accept() (net.Conn, error) {
	select {
	case conn := <-a.conns:
		return conn, nil
	case <-a.closed:
		return nil, net.ErrClosed
	}
}

func (a *adoptedConns) Close() error {
	a.closing.Do(func() {
		close(a.closed)
		(*httpSide)(a).abandon()
	})
	return nil
}

func (a *adoptedConns) Addr() net.Addr { return a.addr }

// adoptedConn is a connection whose first bytes were read on a loop.
type adoptedConn struct {
	net.Conn
	read   []byte
	side   *httpSide
	place  netip.Prefix // the network that it counts for, if it does
	closed atomic.Bool
}

// connectionStater is a connection over TLS. net/http takes any that has the method for
// one, so plain ones must not have it.
type connectionStater interface{ ConnectionState() tls.ConnectionState }

// adoptedTLSConn is an adoptedConn over TLS.
type adoptedTLSConn struct {
	*adoptedConn
	connectionStater
}

// Read returns first what the loop has read.
func (c *adoptedConn) Read(p []byte) (int, error) {
	if len(c.read) > 0 {
		n := copy(p, c.read)
		if c.read = c.read[n:]; len(c.read) == 0 {
			c.read = nil
		}
		return n, nil
	}
	return c.Conn.Read(p)
}

// CloseWrite ends the gateway's half of the stream, as net/http does before it closes
// with input that was not read: else the reset of that can take the answer from the client.
func (c *adoptedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Close closes the connection and gives its places back, once.
func (c *adoptedConn) Close() error {
	if c.closed.Swap(true) {
		return net.ErrClosed
	}
	if c.place.IsValid() {
		c.side.places.Put(c.place)
	}
	c.side.release()
	return c.Conn.Close()
}
