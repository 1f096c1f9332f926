package bench

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

// newDeflateServer is newServer with compression agreed on.
func newDeflateServer(t *testing.T, handle func(*peer)) *server {
	return newRawServer(t, func(c net.Conn, s *server) {
		request, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			return
		}
		accept := handshakeKey([]byte(request.Header.Get("Sec-WebSocket-Key"))).accept()
		answer := strings.Replace(exampleAnswer, exampleAccept, string(accept[:])+
			"\r\nSec-WebSocket-Extensions: "+request.Header.Get("Sec-WebSocket-Extensions"), 1)
		if _, err := c.Write([]byte(answer)); err != nil {
			return
		}
		s.opened.Add(1)
		handle(&peer{Conn: c, t: t, server: s, in: bufio.NewReader(c), out: c, extended: true})
	})
}

// echoCompressed is the reply of an honest server that compresses. Every message
// must come compressed; as no context is taken over, it may go back as it came.
func (p *peer) echoCompressed(_ int, f ws.Frame) error {
	if _, err := p.inflater().message(f.Payload); err != nil || !f.Header.Rsv1() {
		p.t.Errorf("the client sent %d bytes, compressed: %t: %v", len(f.Payload), f.Header.Rsv1(), err)
		return errHangUp
	}
	return p.writeCompressed(f.Header.OpCode, true, f.Payload)
}

func (p *peer) inflater() *inflater {
	if p.inflates == nil {
		p.inflates = newInflater()
	}
	return p.inflates
}

func (p *peer) writeCompressed(op ws.OpCode, fin bool, deflated []byte) error {
	f := ws.NewFrame(op, fin, deflated)
	f.Header.Rsv = ws.Rsv(true, false, false)
	return p.write(f)
}

func TestCompressedEchoes(t *testing.T) {
	inParts := func(p *peer) {
		p.serve(func(n int, f ws.Frame) error {
			_ = p.writeCompressed(f.Header.OpCode, false, f.Payload[:3])
			_ = p.write(ws.NewPingFrame([]byte("in between")))
			return p.write(ws.NewFrame(ws.OpContinuation, true, f.Payload[3:]))
		})
	}
	plain := func(p *peer) {
		p.serve(func(n int, f ws.Frame) error {
			payload, _ := p.inflater().message(f.Payload)
			return p.write(ws.NewFrame(f.Header.OpCode, true, payload))
		})
	}
	for _, test := range []struct {
		name   string
		handle func(*peer)
		e      Echo
		plain  bool
	}{
		{"compressed back", func(p *peer) { p.serve(p.echoCompressed) }, Echo{InFlight: 3}, false},
		{"text", func(p *peer) { p.serve(p.echoCompressed) }, Echo{Text: true}, false},
		{"more than sockets hold", func(p *peer) { p.serve(p.echoCompressed) }, Echo{Load: Load{Connections: 2}, Size: 100_000, InFlight: 20, Warmup: shortly}, false},
		{"in fragments", inParts, Echo{InFlight: 2, Size: 1000}, false},
		{"byte by byte", func(p *peer) { p.out = bytewise{p.out}; p.serve(p.echoCompressed) }, Echo{}, false},
		{"as it was before", plain, Echo{InFlight: 2}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newDeflateServer(t, test.handle)
			test.e.URL, test.e.Compression = s.url, true
			r := runEcho(t, test.e)
			f := r.Compression
			if !r.OK() || r.Echo.Messages == 0 || f.Agreed != string(offerDeflate) {
				t.Fatalf("%d messages, %+v, %v", r.Echo.Messages, f, r.Failures)
			}
			if (f.Messages == 0) != test.plain || f.Inflated != f.Messages*uint64(max(64, test.e.Size)) {
				t.Errorf("got %+v", f)
			}
		})
	}
}

func TestCompressedIdle(t *testing.T) {
	s := newDeflateServer(t, func(p *peer) { p.serve(p.echoCompressed) })
	r := runIdle(t, Idle{Load: Load{URL: s.url, Compression: true, Connections: 130, Loops: 2}})
	if !r.OK() || r.Compression.Messages != 130 || r.Idle.Messages != 0 {
		t.Errorf("got %+v, %+v, %v", r.Compression, r.Idle, r.Failures)
	}
}

func TestIdleExchange(t *testing.T) {
	s := newServer(t, func(p *peer) { p.serve(p.echo) })
	if r := runIdle(t, Idle{Load: Load{URL: s.url}, Exchange: true}); !r.OK() || r.Compression != nil || r.Idle.Messages != 0 {
		t.Errorf("got %+v, %+v, %v", r.Compression, r.Idle, r.Failures)
	}
	deaf := newServer(t, func(p *peer) { p.serve(func(int, ws.Frame) error { return nil }) })
	if r := runIdle(t, Idle{Load: Load{URL: deaf.url, FinishTimeout: shortly}, Exchange: true}); r.OK() || r.Idle.Unanswered != 5 {
		t.Errorf("no echoes: OK is %t, %d unanswered", r.OK(), r.Idle.Unanswered)
	}
}

func TestCompressionFaults(t *testing.T) {
	declining := newServer(t, func(p *peer) { p.serve(p.echo) })
	broken := newDeflateServer(t, func(p *peer) {
		p.serve(func(_ int, f ws.Frame) error { return p.writeCompressed(f.Header.OpCode, true, []byte("\xff\xff")) })
	})
	wrong := newDeflateServer(t, func(p *peer) {
		p.serve(func(_ int, f ws.Frame) error {
			return p.writeCompressed(f.Header.OpCode, true, newDeflater().message(bytes.Repeat([]byte("x"), 64)))
		})
	})
	for _, test := range []struct {
		name   string
		server *server
		want   failure
	}{
		{"declined", declining, errDeclined},
		{"broken", broken, errInflate},
		{"wrong bytes", wrong, errBytes},
	} {
		for scenario, r := range map[string]*Report{
			"echo": runEcho(t, Echo{Load: Load{URL: test.server.url, Compression: true}}),
			"idle": runIdle(t, Idle{Load: Load{URL: test.server.url, Compression: true}}),
		} {
			want := FailureCount{test.want.stage, test.want.cause, 5}
			if len(r.Failures) != 1 || r.Failures[0] != want || r.OK() {
				t.Errorf("%s, %s: got %v, want %v", test.name, scenario, r.Failures, want)
			}
		}
	}
}
