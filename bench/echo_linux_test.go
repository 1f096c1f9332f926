package bench

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"golang.org/x/sys/unix"
)

const shortly = 60 * time.Millisecond

func runEcho(t *testing.T, e Echo) *Report {
	t.Helper()
	if e.Connections == 0 {
		e.Connections = 5
	}
	if e.Duration == 0 {
		e.Duration = shortly
	}
	r, err := e.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// anyCPU returns a CPU that this process may run on.
func anyCPU(t *testing.T) int {
	t.Helper()
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		t.Fatal(err)
	}
	cpu := 0
	for !set.IsSet(cpu) {
		cpu++
	}
	return cpu
}

// An honest server passes, however it cuts and decorates its stream.
func TestEchoOfHonestServers(t *testing.T) {
	fragmented := func(p *peer) {
		p.serve(func(n int, f ws.Frame) error {
			third := len(f.Payload) / 3
			for _, part := range []ws.Frame{
				ws.NewFrame(f.Header.OpCode, false, f.Payload[:third]),
				ws.NewPingFrame([]byte("in between")),
				ws.NewFrame(ws.OpContinuation, false, nil),
				ws.NewFrame(ws.OpContinuation, true, f.Payload[third:]),
			} {
				if err := p.write(part); err != nil {
					return err
				}
			}
			return nil
		})
	}
	byByte := func(p *peer) {
		p.out = bytewise{p.out}
		p.serve(p.echo)
	}
	honest := func(p *peer) { p.serve(p.echo) }
	for _, test := range []struct {
		name   string
		handle func(*peer)
		e      Echo
	}{
		{"smallest", honest, Echo{Size: MinMessage}},
		{"text", honest, Echo{Text: true}},
		{"several in flight", honest, Echo{InFlight: 7}},
		{"many loops", honest, Echo{Load: Load{Connections: 11, Loops: 3}, InFlight: 2}},
		{"private descriptor tables", honest, Echo{Load: Load{Connections: 11, Loops: 3, PrivateFDTables: true}}},
		{"pinned", honest, Echo{Load: Load{Connections: 5, CPUs: []int{anyCPU(t)}}}},
		{"16-bit length", honest, Echo{Size: 126, InFlight: 3}},
		{"64-bit length", honest, Echo{Size: 1 << 16, InFlight: 3}},
		{"more than sockets hold", honest, Echo{Load: Load{Connections: 3}, Size: MaxMessage, InFlight: 4}},
		{"fragments and pings", fragmented, Echo{InFlight: 3}},
		{"large fragments and pings", fragmented, Echo{Size: 300_000, InFlight: 3}},
		{"byte by byte", byByte, Echo{InFlight: 2}},
		{"with a warm-up", honest, Echo{Warmup: shortly}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, test.handle)
			test.e.URL = s.url
			r := runEcho(t, test.e)
			if !r.OK() || len(r.Failures) > 0 {
				t.Fatalf("not OK: %+v, %d unanswered, %v", r.Connections, r.Echo.Unanswered, r.Failures)
			}
			f := r.Echo
			if f.Messages == 0 || f.Latency.Count != int64(f.Messages) || f.Measured < shortly/2 {
				t.Errorf("got %d messages with %d latencies in %v", f.Messages, f.Latency.Count, f.Measured)
			}
			if c := r.Connections; c.Handshake.Count != int64(c.Asked) || c.PerSecond <= 0 {
				t.Errorf("got %d handshakes for %d connections, %v/s", c.Handshake.Count, c.Asked, c.PerSecond)
			}
			if len(r.Generator.CoreShare) != max(1, test.e.Loops) {
				t.Errorf("got CPU shares %v", r.Generator.CoreShare)
			}
		})
	}
}

// A dishonest server is found out, on every connection.
func TestEchoFindsFaults(t *testing.T) {
	reply := func(r func(p *peer, n int, f ws.Frame) error) func(*peer) {
		return func(p *peer) {
			p.serve(func(n int, f ws.Frame) error {
				if n < 3 {
					return p.echo(n, f)
				}
				return r(p, n, f)
			})
		}
	}
	respond := func(change func(f *ws.Frame)) func(*peer) {
		return reply(func(p *peer, _ int, f ws.Frame) error {
			change(&f)
			return p.write(ws.NewFrame(f.Header.OpCode, true, f.Payload))
		})
	}
	afterTwo := func(first, second int) func(*peer) {
		return func(p *peer) {
			var held []ws.Frame
			p.serve(func(n int, f ws.Frame) error {
				if held = append(held, f); len(held) < 2 {
					return nil
				}
				_ = p.echo(n, held[first])
				return p.echo(n, held[second])
			})
		}
	}
	for _, test := range []struct {
		name   string
		handle func(*peer)
		want   failure
	}{
		{"wrong bytes", respond(func(f *ws.Frame) { f.Payload[len(f.Payload)-1] ^= 1 }), errBytes},
		{"too short", respond(func(f *ws.Frame) { f.Payload = f.Payload[:len(f.Payload)-1] }), errTooShort},
		{"empty", respond(func(f *ws.Frame) { f.Payload = nil }), errTooShort},
		{"too long", respond(func(f *ws.Frame) { f.Payload = append(f.Payload, 'x') }), errTooLong},
		{"another opcode", respond(func(f *ws.Frame) { f.Header.OpCode = ws.OpText }), errOtherKind},
		{"another connection's", respond(func(f *ws.Frame) { copy(f.Payload, "0000abcd") }), errForeign},
		{"out of order", afterTwo(1, 0), errOrder},
		{"twice the same", afterTwo(0, 0), errOrder},
		{"masked", reply(func(p *peer, n int, f ws.Frame) error {
			return p.write(ws.MaskFrame(ws.NewBinaryFrame(f.Payload)))
		}), failure{StageProtocol, "masked frame from a server (RFC 6455 §5.1)"}},
		{"closes", reply(func(p *peer, n int, f ws.Frame) error {
			_ = p.write(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusGoingAway, "maintenance")))
			p.serve(func(int, ws.Frame) error { return nil })
			return errHangUp
		}), failure{StageDisconnect, "closed by the server with 1001: maintenance"}},
		{"closes without a status", reply(func(p *peer, n int, f ws.Frame) error {
			_ = p.write(ws.NewCloseFrame(nil))
			return errHangUp
		}), failure{StageDisconnect, "closed by the server without a status"}},
		{"closes with an illegal status", reply(func(p *peer, n int, f ws.Frame) error {
			_ = p.write(ws.NewCloseFrame([]byte{0}))
			return errHangUp
		}), failure{StageProtocol, closedBy([]byte{0}).(failure).cause}},
		{"resets", reply(func(p *peer, n int, f ws.Frame) error {
			_ = p.Conn.(*net.TCPConn).SetLinger(0)
			return errHangUp
		}), failure{StageDisconnect, "reset by the server"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, test.handle)
			r := runEcho(t, Echo{Load: Load{URL: s.url}, InFlight: 2})
			if r.OK() {
				t.Error("the run is OK")
			}
			want := FailureCount{test.want.stage, test.want.cause, 5}
			if len(r.Failures) != 1 || r.Failures[0] != want {
				t.Errorf("got %v, want %v", r.Failures, want)
			}
			if c := r.Connections; c.Opened != 5 || c.Lost != 5 || c.Failed != 0 {
				t.Errorf("got %d opened, %d lost, %d failed", c.Opened, c.Lost, c.Failed)
			}
		})
	}
}

// The echo of a message that was never sent does not pass for the next one's.
func TestEchoThatWasNotAskedFor(t *testing.T) {
	s := newServer(t, func(p *peer) {
		_ = p.write(ws.NewBinaryFrame(make([]byte, 64)))
		p.serve(p.echo)
	})
	r := runEcho(t, Echo{Load: Load{URL: s.url}})
	var unasked, wrong uint64
	for _, f := range r.Failures {
		switch f.Cause {
		case errUnasked.cause:
			unasked = f.Count
		case errBytes.cause: // arrived after the first message had been sent
			wrong = f.Count
		}
	}
	if unasked+wrong != 5 || r.OK() {
		t.Errorf("got %v", r.Failures)
	}
}

// A server that stops reading and answering is reported, and does not hold up
// the end of the run for ever.
func TestEchoUnanswered(t *testing.T) {
	s := newServer(t, func(p *peer) {
		p.serve(func(n int, f ws.Frame) error { return nil })
	})
	r := runEcho(t, Echo{Load: Load{URL: s.url, FinishTimeout: shortly}, InFlight: 3})
	if r.OK() || r.Echo.Unanswered != 15 || r.Echo.Messages != 0 {
		t.Errorf("got %d unanswered and %d messages, want 15 and 0", r.Echo.Unanswered, r.Echo.Messages)
	}
}

func TestEchoInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(context.Background())
	s := newServer(t, func(p *peer) {
		p.serve(func(n int, f ws.Frame) error {
			interrupt()
			return p.echo(n, f)
		})
	})
	r, err := Echo{Load: Load{URL: s.url, Connections: 5}, Duration: time.Hour}.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Interrupted || !r.OK() {
		t.Errorf("interrupted: %t, OK: %t, want both: %v", r.Interrupted, r.OK(), r.Failures)
	}
}
