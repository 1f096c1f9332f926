package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

func runIdle(t *testing.T, i Idle) *Report {
	t.Helper()
	if i.Connections == 0 {
		i.Connections = 5
	}
	r, err := i.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestIdle(t *testing.T) {
	s := newServer(t, func(p *peer) { p.serve(p.echo) })
	for _, test := range []struct {
		name string
		load Load
	}{
		{"one loop", Load{Connections: 50}},
		{"one at a time", Load{Connections: 20, ConnectInFlight: 1}},
		{"several loops", Load{Connections: 50, Loops: 4}},
		{"private tables", Load{Connections: 50, Loops: 4, PrivateFDTables: true}},
		{"paced", Load{Connections: 20, ConnectRate: 400}},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := s.opened.Load()
			test.load.URL, test.load.PID = s.url, os.Getpid()
			r := runIdle(t, Idle{Load: test.load})
			if !r.OK() || len(r.Failures) > 0 {
				t.Errorf("not OK: %+v %v", r.Connections, r.Failures)
			}
			if got := s.opened.Load() - before; got != int64(test.load.Connections) {
				t.Errorf("the server opened %d, want %d", got, test.load.Connections)
			}
			for i, at := range []string{atStart, atAllOpen, atAfter} {
				if s := r.Server[i]; s.At != at || s.RSS == 0 || s.Anonymous == 0 || s.Threads == 0 {
					t.Errorf("sample %d: got %+v, want one %s", i, s, at)
				}
			}
			if rate := test.load.ConnectRate; rate > 0 && r.Connections.PerSecond > 1.2*rate {
				t.Errorf("opened %.0f/s, want %.0f/s at most", r.Connections.PerSecond, rate)
			}
		})
	}
}

func TestIdleAnswersPings(t *testing.T) {
	const connections = 5
	ctx, interrupt := context.WithCancel(context.Background())
	s := newServer(t, func(p *peer) {
		ping := ws.MustCompileFrame(ws.NewPingFrame([]byte("are you there")))
		_ = p.write(ws.NewTextFrame([]byte("news")))
		_, _ = p.Write(ping[:6])
		_, _ = p.Write(ping[6:])
		f, err := p.read()
		if err != nil || f.Header.OpCode != ws.OpPong || string(f.Payload) != "are you there" {
			t.Errorf("got %v %q, %v; want the pong", f.Header.OpCode, f.Payload, err)
		}
		if p.server.pongs.Add(1) == connections {
			interrupt()
		}
		p.serve(p.echo)
	})
	r, err := Idle{Load: Load{URL: s.url, Connections: connections}, Hold: time.Hour}.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Idle; f.Pings != connections || f.Messages != connections || f.Bytes != 4*connections {
		t.Errorf("got %d pings, %d messages, %d bytes", f.Pings, f.Messages, f.Bytes)
	}
	if !r.OK() || !r.Interrupted {
		t.Errorf("OK: %t, interrupted: %t, want both: %v", r.OK(), r.Interrupted, r.Failures)
	}
}

func TestIdleCountsDisconnects(t *testing.T) {
	s := newServer(t, func(p *peer) {})
	r := runIdle(t, Idle{Load: Load{URL: s.url}, Hold: shortly})
	want := FailureCount{StageDisconnect, errEnded.Error(), 5}
	if len(r.Failures) != 1 || r.Failures[0] != want || r.Connections.Lost != 5 || r.OK() {
		t.Errorf("got %v, %d lost; want %v", r.Failures, r.Connections.Lost, want)
	}
}

func TestHandshakeFailures(t *testing.T) {
	answer := func(text string) func(net.Conn, *server) {
		return func(c net.Conn, _ *server) {
			_, _ = http.ReadRequest(bufio.NewReader(c))
			_, _ = io.WriteString(bytewise{c}, text)
			_, _ = io.Copy(io.Discard, c)
		}
	}
	for _, test := range []struct {
		name   string
		handle func(net.Conn, *server)
		want   failure
	}{
		{"refused", answer("HTTP/1.1 403 Forbidden\r\nContent-Length: 18\r\n\r\norigin not allowed"),
			failure{StageHandshake, "refused with 403 Forbidden: origin not allowed"}},
		{"wrong accept", answer(exampleAnswer), errAccept},
		{"silent", func(c net.Conn, _ *server) { _, _ = io.Copy(io.Discard, c) }, errAnswerTimeout},
		{"hangs up", func(c net.Conn, _ *server) {
			_, _ = http.ReadRequest(bufio.NewReader(c))
		}, errNoAnswer},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newRawServer(t, test.handle)
			r := runIdle(t, Idle{Load: Load{URL: s.url, ConnectTimeout: 200 * time.Millisecond}})
			want := FailureCount{test.want.stage, test.want.cause, 5}
			if len(r.Failures) != 1 || r.Failures[0] != want || r.Connections.Failed != 5 || r.OK() {
				t.Errorf("got %v, %d failed; want %v", r.Failures, r.Connections.Failed, want)
			}
		})
	}
}

func TestConnectRefused(t *testing.T) {
	s := newServer(t, func(p *peer) {})
	s.listener.Close()
	r := runIdle(t, Idle{Load: Load{URL: s.url}})
	want := FailureCount{StageConnect, syscall.ECONNREFUSED.Error(), 5}
	if len(r.Failures) != 1 || r.Failures[0] != want || r.OK() {
		t.Errorf("got %v, want %v", r.Failures, want)
	}
}

// Frames that follow the answer at once, in the same segment, are not lost.
func TestFrameBehindTheAnswer(t *testing.T) {
	s := newRawServer(t, func(c net.Conn, s *server) {
		request, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			return
		}
		accept := handshakeKey([]byte(request.Header.Get("Sec-WebSocket-Key"))).accept()
		fmt.Fprintf(c, "%s%s", strings.Replace(exampleAnswer, exampleAccept, string(accept[:]), 1), frame(true, ws.OpText, "first"))
		_, _ = ws.ReadFrame(c)
	})
	if r := runIdle(t, Idle{Load: Load{URL: s.url}}); r.Idle.Messages != 5 || r.Idle.Bytes != 25 {
		t.Errorf("got %d messages with %d bytes: %v", r.Idle.Messages, r.Idle.Bytes, r.Failures)
	}
}

func TestInterruptedWhileConnecting(t *testing.T) {
	ctx, interrupt := context.WithCancel(context.Background())
	s := newRawServer(t, func(c net.Conn, _ *server) {
		interrupt()
		_, _ = io.Copy(io.Discard, c)
	})
	r, err := Idle{Load: Load{URL: s.url, Connections: 5, ConnectInFlight: 1, ConnectTimeout: 300 * time.Millisecond}}.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Interrupted || r.OK() || r.Connections.Opened != 0 || r.Connections.Failed > 1 {
		t.Errorf("interrupted: %t, OK: %t, %+v", r.Interrupted, r.OK(), r.Connections)
	}
}

// A loop's private descriptor table keeps no copy of what others close.
func TestPrivateTablesHoldNothingElse(t *testing.T) {
	ctx, interrupt := context.WithCancel(context.Background())
	defer interrupt()
	opened := make(chan struct{})
	s := newServer(t, func(p *peer) {
		opened <- struct{}{}
		p.serve(p.echo)
	})
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		_, err := Idle{Load: Load{URL: s.url, Connections: 2, Loops: 2, PrivateFDTables: true}, Hold: time.Hour}.Run(ctx)
		done <- err
	}()
	<-opened
	<-opened
	other.Close()
	c, err := net.Dial("tcp", other.Addr().String())
	if err == nil {
		c.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a listener that was closed still accepts: %v", err)
	}
	interrupt()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestServerStatus(t *testing.T) {
	s := newServer(t, func(p *peer) { p.serve(p.echo) })
	asked := 0
	status := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		fmt.Fprintf(w, `{"asked": %d}`, asked)
	}))
	t.Cleanup(status.Close)
	r := runIdle(t, Idle{Load: Load{URL: s.url, StatsURL: status.URL}})
	if got := r.ServerStatus; string(got.Before) != `{"asked": 1}` || string(got.After) != `{"asked": 2}` {
		t.Errorf("got %s and %s", got.Before, got.After)
	}
	document, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(document), `"serverStatus":{"before":{"asked":1},"after":{"asked":2}}`) {
		t.Errorf("got %s, %v", document, err)
	}
}

func TestNothingToReport(t *testing.T) {
	checkLeaks(t)
	page := func(status int, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	load := Load{URL: "ws://127.0.0.1:1/"}
	with := func(change func(*Load)) Load {
		l := load
		change(&l)
		return l
	}
	for _, test := range []struct {
		name string
		load Load
		want string
	}{
		{"invalid", Load{}, "URL: "},
		{"more than a table holds", with(func(l *Load) { l.Connections = 1 << 24 }), "loops with private descriptor tables"},
		{"no such process", with(func(l *Load) { l.PID = 1 << 30 }), "server process: "},
		{"no such CPU", with(func(l *Load) { l.CPUs = []int{1000} }), "pin a loop to CPUs [1000]"},
		{"status not found", with(func(l *Load) { l.StatsURL = page(404, "{}") }), "answered 404"},
		{"status no JSON", with(func(l *Load) { l.StatsURL = page(200, "fine") }), "did not answer with JSON"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := Idle{Load: test.load}.Run(context.Background())
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, %v; want an error with %q", r, err, test.want)
			}
		})
	}
}
