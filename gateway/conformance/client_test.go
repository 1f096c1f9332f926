package conformance_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// second is how long the server has to end TCP, from when the client has its close
// frame.
const second = time.Second

// patience is how long a row waits for anything else. Whatever the server owes it
// owes at once, but a busy machine has work to do first; nothing waits so long
// when all is well.
const patience = 10 * time.Second

// key is the Sec-WebSocket-Key of every client here.
const key = "AAECAwQFBgcICQoLDA0ODw=="

// client plays the client of one connection. A goroutine of its own receives;
// everything else belongs to the goroutine that plays the row.
type client struct {
	// Fixed after connect.
	conn        net.Conn
	arrivals    chan arrival
	subprotocol string
	agreed      *agreement    // nil: no compression
	mute        bool          // never answers a close frame
	allowed     time.Duration // from the server's close frame to the end of TCP

	// Playing goroutine only.
	seen    transcript
	step    int
	sent    bool      // a close frame of ours
	settled time.Time // when the close handshake or failure was complete
	last    time.Time // when the stream ended
	lag     time.Duration
	gone    bool // the stream ended, dropped or timed out
	partial *event
	// deflated: the message in flight is compressed; inflated counts those that
	// were.
	deflated bool
	inflated int
}

// arrival is a frame, or the end of the stream.
type arrival struct {
	frame ws.Frame
	err   error
	at    time.Time
}

// connect opens a connection and sends nothing.
func connect(addr string) (net.Conn, error) {
	return net.DialTimeout("tcp", addr, gatewaytest.Patience)
}

// endpoint is what a client asks for in its opening handshake.
type endpoint struct {
	path   string
	offers []string // a Sec-WebSocket-Extensions header each
	// accepts is the offer, of those, that the server must accept; empty: none.
	accepts string
}

func (e endpoint) request() []byte {
	var fields []string
	for _, offer := range e.offers {
		fields = append(fields, "Sec-WebSocket-Extensions: "+offer)
	}
	return gatewaytest.UpgradeRequest(e.path, fields...)
}

// open connects and shakes hands. behind is sent together with the request, cut
// as c says.
func open(addr string, e endpoint, c chopping, behind ...[]byte) (*client, error) {
	return openWith(addr, c, append([][]byte{e.request()}, behind...), e.accepts)
}

// openWith is open with a request of the row's own, in units.
func openWith(addr string, c chopping, units [][]byte, accepts string) (*client, error) {
	conn, err := connect(addr)
	if err != nil {
		return nil, err
	}
	for wire := range c.writes(units) {
		if _, err := conn.Write(wire); err != nil {
			conn.Close()
			return nil, err
		}
	}
	x := newClient(conn)
	in := bufio.NewReader(conn)
	if err := x.upgraded(in, accepts); err != nil {
		conn.Close()
		return nil, err
	}
	go x.receive(in)
	return x, nil
}

func newClient(conn net.Conn) *client {
	return &client{conn: conn, arrivals: make(chan arrival, 16), allowed: second}
}

// upgraded reads the answer to the request and holds it to RFC 6455 §4.1, and to
// the offer of compression that must be accepted.
func (x *client) upgraded(in *bufio.Reader, accepts string) error {
	x.conn.SetReadDeadline(time.Now().Add(gatewaytest.Patience))
	defer x.conn.SetReadDeadline(time.Time{})
	answer, err := http.ReadResponse(in, nil)
	if err != nil {
		return fmt.Errorf("opening handshake: %w", err)
	}
	header := answer.Header
	x.subprotocol = header.Get("Sec-WebSocket-Protocol")
	switch {
	case answer.StatusCode != http.StatusSwitchingProtocols:
		return fmt.Errorf("opening handshake: %s", answer.Status)
	case !strings.EqualFold(header.Get("Upgrade"), "websocket"), !strings.EqualFold(header.Get("Connection"), "upgrade"):
		return fmt.Errorf("opening handshake: Upgrade %q, Connection %q", header.Get("Upgrade"), header.Get("Connection"))
	case header.Get("Sec-WebSocket-Accept") != string(codec.AppendAccept(nil, key)):
		return fmt.Errorf("opening handshake: Sec-WebSocket-Accept %q", header.Get("Sec-WebSocket-Accept"))
	}
	x.agreed, err = agreementOn(accepts, header.Values("Sec-WebSocket-Extensions"))
	return err
}

// receive passes on frames until the stream ends.
func (x *client) receive(in io.Reader) {
	for {
		frame, err := ws.ReadFrame(in)
		x.arrivals <- arrival{frame, err, time.Now()}
		if err != nil {
			close(x.arrivals)
			return
		}
	}
}

// send writes frames, cut as c says. A server that has failed the connection
// may have reset it; what it sent tells more than the failing write.
func (x *client) send(c chopping, frames [][]byte) {
	for wire := range c.writes(frames) {
		if _, err := x.conn.Write(wire); err != nil {
			return
		}
	}
}

// until takes what arrives until done holds, the stream ends, or the time is up.
// It reports whether done held.
func (x *client) until(limit time.Duration, done func() bool) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for !done() && !x.gone {
		select {
		case a := <-x.arrivals:
			x.take(a)
		case <-timer.C:
			return false
		}
	}
	return done()
}

// take notes an arrival, and answers the server's close frame if it is no
// answer itself.
func (x *client) take(a arrival) {
	if a.err != nil {
		x.gone = true
		x.seen.dropped = !errors.Is(a.err, net.ErrClosed)
		x.ended()
		x.last = a.at
		if !x.settled.IsZero() {
			x.lag = a.at.Sub(x.settled)
		}
		return
	}
	h := a.frame.Header
	switch {
	case x.seen.closed:
		x.seen.strays = append(x.seen.strays, event{h.OpCode, a.frame.Payload})
	case h.Masked, h.Rsv != 0 && !x.agreed.allows(h), h.OpCode.IsReserved(), h.OpCode.IsControl() && (!h.Fin || h.Length > 125):
		x.seen.fault = fmt.Sprintf("received an illegal frame: %+v", h)
	case h.OpCode == ws.OpClose:
		x.takeClose(a)
	case h.OpCode.IsControl():
		x.seen.events = append(x.seen.events, event{h.OpCode, a.frame.Payload})
	default:
		x.takeData(a.frame)
	}
}

func (x *client) takeClose(a arrival) {
	x.seen.closed, x.seen.code = true, ws.StatusNoStatusRcvd
	if len(a.frame.Payload) > 0 {
		x.seen.code, _ = ws.ParseCloseFrameData(a.frame.Payload)
	}
	x.settled = a.at
	x.ended()
	if !x.sent && !x.mute {
		x.sent = true
		x.conn.Write(final(ws.OpClose, string(a.frame.Payload)))
	}
}

// takeData assembles messages: how a server fragments them is its own affair.
func (x *client) takeData(f ws.Frame) {
	continues := f.Header.OpCode == ws.OpContinuation
	switch {
	case continues != (x.partial != nil):
		x.seen.fault = fmt.Sprintf("received a frame out of its message: %+v", f.Header)
		return
	case continues:
		x.partial.payload = append(x.partial.payload, f.Payload...)
	default:
		x.partial, x.deflated = &event{f.Header.OpCode, f.Payload}, f.Header.Rsv != 0
	}
	if !f.Header.Fin {
		return
	}
	if x.deflated {
		var err error
		if x.partial.payload, err = x.agreed.inflate(x.partial.payload); err != nil {
			x.seen.fault = err.Error()
		}
		x.inflated++
	}
	x.seen.events = append(x.seen.events, *x.partial)
	x.partial = nil
}

// ended notes when the server first showed that it ends the connection.
func (x *client) ended() {
	if x.seen.step == 0 {
		x.seen.step, x.seen.clientFirst = x.step, x.sent
	}
}

// over reports whether the server has closed or dropped the connection.
func (x *client) over() bool { return x.seen.closed || x.gone }

// finish waits for the server's close frame and the end of TCP, and gives the
// connection back.
func (x *client) finish() {
	x.step++
	if x.settled.IsZero() {
		x.settled = time.Now()
	}
	x.until(patience, x.over)
	x.until(patience, func() bool { return x.gone })
	x.ended()
	x.seen.late = x.lag > x.allowed
	x.hangUp()
}

// hangUp ends the connection from this side, and waits for the receiver.
func (x *client) hangUp() {
	x.conn.Close()
	for range x.arrivals { // the receiver ends with the connection
	}
}
