package bench

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// storm is one that is soon over.
func storm(url string) Storm {
	return Storm{
		Load:       Load{URL: url, Connections: 50, Loops: 3, PID: os.Getpid()},
		Bystanders: 5,
		PerSecond:  500,
		Before:     shortly,
		After:      shortly,
		Retry:      5 * time.Millisecond,
		Timeout:    10 * time.Second,
	}
}

func TestStorm(t *testing.T) {
	s := newServer(t, func(p *peer) { p.serve(p.echo) })
	r, err := storm(s.url).Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	f := r.Storm
	if !r.OK() || len(r.Failures) > 0 || r.Connections.Opened != 50 {
		t.Fatalf("not OK: %+v, %+v, %v", r.Connections, f, r.Failures)
	}
	if f.Dropped != 45 || f.Back != 45 || f.Attempts != 45 || f.Away.Count != 45 || f.Took <= 0 {
		t.Errorf("got %+v", f)
	}
	if got := s.opened.Load(); got != 95 {
		t.Errorf("the server opened %d connections, want 95", got)
	}
	if f.Before.Sent == 0 || f.During.Sent == 0 || f.After.Sent == 0 || f.After.Latency.Count != int64(f.After.Sent) {
		t.Errorf("bystanders: got %+v", f)
	}
}

// What the server refuses is tried again, after as long as it says if that is
// heeded.
func TestStormRefused(t *testing.T) {
	for _, test := range []struct {
		name     string
		honoured bool
		least    time.Duration
	}{
		{"tries again at once", false, 0},
		{"waits as told", true, time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			var asked atomic.Int64
			s := newRawServer(t, func(c net.Conn, s *server) {
				if n := asked.Add(1); n > 50 && n <= 60 {
					_, _ = http.ReadRequest(bufio.NewReader(c))
					_, _ = io.WriteString(c, "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 5\r\n\r\nlater")
					_, _ = io.Copy(io.Discard, c)
					return
				}
				if _, err := ws.Upgrade(c); err == nil {
					p := &peer{Conn: c, t: t, server: s, in: bufio.NewReader(c), out: c}
					p.serve(p.echo)
				}
			})
			scenario := storm(s.url)
			scenario.RetryAfter = test.honoured
			r, err := scenario.Run(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			f := r.Storm
			want := FailureCount{StageHandshake, "refused with 503 Service Unavailable: later", 10}
			if !r.OK() || f.Back != 45 || f.Attempts != 55 || len(f.Refused) != 1 || f.Refused[0] != want {
				t.Errorf("OK: %t, %+v", r.OK(), f)
			}
			if f.Took < test.least {
				t.Errorf("all were back after %v, want %v or more", f.Took, test.least)
			}
		})
	}
}

// A server that lets nobody back ends the storm at its timeout.
func TestStormThatNobodySurvives(t *testing.T) {
	var asked atomic.Int64
	s := newServer(t, func(p *peer) {
		if asked.Add(1) == 50 {
			p.server.listener.Close()
		}
		p.serve(p.echo)
	})
	scenario := storm(s.url)
	scenario.Timeout = 100 * time.Millisecond
	r, err := scenario.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Storm; r.OK() || f.Dropped != 45 || f.Back != 0 || len(f.Refused) == 0 || !strings.Contains(f.Refused[0].Cause, "refused") {
		t.Errorf("OK: %t, %+v", r.OK(), f)
	}
}
