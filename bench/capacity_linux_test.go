package bench

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// newHall returns a server that echoes, and the URL at which it publishes to all
// of its connections. tell writes to one of them; nil writes the text as it is.
func newHall(t *testing.T, reply func(p *peer, n int, f ws.Frame) error, tell func(to *peer, text []byte)) (s *server, publishURL string) {
	c := &crowd{members: make(map[*peer]bool)}
	s = newMeeting(t, c.enter, func(p *peer) {
		p.serve(func(n int, f ws.Frame) error { return reply(p, n, f) })
	}, c.leave)
	web := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		for p := range c.members {
			tell(p, text)
		}
	}))
	t.Cleanup(web.Close)
	return s, web.URL
}

func tellAll(to *peer, text []byte) { _ = to.write(ws.NewTextFrame(text)) }

// quick is a capacity scenario that is soon over.
func quick(url, publishURL string) Capacity {
	return Capacity{
		Load:         Load{URL: url, Connections: 40, Loops: 3, PID: os.Getpid()},
		VerifyRate:   1000,
		PingInterval: 200 * time.Millisecond,
		Hold:         100 * time.Millisecond,
		Active:       20,
		PerSecond:    200,
		Duration:     100 * time.Millisecond,
		Publish:      HTTPPublish{URL: publishURL},
	}
}

func TestCapacity(t *testing.T) {
	s, publishURL := newHall(t, (*peer).echo, tellAll)
	r, err := quick(s.url, publishURL).Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	f := r.Capacity
	if !r.OK() || len(r.Failures) > 0 {
		t.Fatalf("not OK: %+v, %+v, %v", r.Connections, f, r.Failures)
	}
	if v := f.Verified; v.Pongs.Sent != 40 || v.Echoes.Sent != 40 || v.Pongs.Latency.Count != 40 || v.Echoes.Latency.Count != 40 || v.Took < 30*time.Millisecond {
		t.Errorf("verified: got %+v", v)
	}
	if h := f.Held; h.Pongs.Sent < 20 || h.Pongs.Sent > 23 || h.Pongs.Latency.Count != int64(h.Pongs.Sent) {
		t.Errorf("held: got %+v, want a ping of each second connection", h)
	}
	if a := f.Active; a.Connections < 6 || a.Connections > 8 || a.Due < 20 || a.Echoed != a.Due || a.Latency.Count != int64(a.Echoed) {
		t.Errorf("active: got %+v, want 20 messages", a)
	}
	if b := f.Broadcast; b == nil || b.Expected != 40 || b.Deliveries != 40 || b.Latency.Count != 40 || b.Last <= 0 || b.Accepted <= 0 {
		t.Errorf("broadcast: got %+v", b)
	}
	var phases []string
	for _, p := range f.Phases {
		phases = append(phases, p.Phase)
	}
	if got := strings.Join(phases, " "); got != "connect verify hold active broadcast" {
		t.Errorf("got phases %s", got)
	}
	if len(f.Kernel) != 6 || f.Kernel[1].Slab == 0 || f.Kernel[1].Sockets < 80 {
		t.Errorf("got %+v of the kernel, want six samples with two ends of each connection", f.Kernel)
	}
}

func TestCapacityFindsFaults(t *testing.T) {
	silent := func(after int) func(*peer, int, ws.Frame) error {
		return func(p *peer, n int, f ws.Frame) error {
			if n < after {
				return p.echo(n, f)
			}
			return nil
		}
	}
	for _, test := range []struct {
		name  string
		reply func(*peer, int, ws.Frame) error
		tell  func(*peer, []byte)
		short func(f *CapacityFigures) uint64
		want  *failure
	}{
		{"no echo", silent(0), tellAll, func(f *CapacityFigures) uint64 { return f.Verified.Echoes.Missing }, nil},
		{"no echo later", silent(1), tellAll, func(f *CapacityFigures) uint64 { return f.Active.Lost }, nil},
		{"nobody is told", (*peer).echo, func(*peer, []byte) {}, func(f *CapacityFigures) uint64 { return f.Broadcast.Lost }, nil},
		{"another message", (*peer).echo, func(to *peer, text []byte) { tellAll(to, append(text[:len(text)-1:len(text)-1], 0)) },
			func(f *CapacityFigures) uint64 { return f.Broadcast.Lost }, &errBytes},
		{"a shorter message", (*peer).echo, func(to *peer, text []byte) { tellAll(to, text[:20]) },
			func(f *CapacityFigures) uint64 { return f.Broadcast.Lost }, &errTooShort},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, publishURL := newHall(t, test.reply, test.tell)
			c := quick(s.url, publishURL)
			c.FinishTimeout = 50 * time.Millisecond
			r, err := c.Run(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if r.OK() || test.short(r.Capacity) == 0 {
				t.Errorf("OK: %t, %+v", r.OK(), r.Capacity)
			}
			if test.want != nil && (len(r.Failures) != 1 || r.Failures[0] != FailureCount{test.want.stage, test.want.cause, 40}) {
				t.Errorf("got %v, want 40 of %v", r.Failures, *test.want)
			}
		})
	}
}

// A message that comes twice is one that was not sent.
func TestCapacityToldTwice(t *testing.T) {
	s, publishURL := newHall(t, (*peer).echo, func(to *peer, text []byte) {
		tellAll(to, text)
		tellAll(to, text)
	})
	r, err := quick(s.url, publishURL).Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if r.OK() || r.Capacity.Broadcast.Deliveries != 40 || r.Failures[0].Cause != errUnasked.cause {
		t.Errorf("OK: %t, %+v, %v", r.OK(), r.Capacity.Broadcast, r.Failures)
	}
}

func TestCapacityWithoutAPublisher(t *testing.T) {
	s, _ := newHall(t, (*peer).echo, nil)
	c := quick(s.url, "")
	c.PingInterval = 0
	r, err := c.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Capacity; !r.OK() || f.Broadcast != nil || f.Held.Pongs.Sent != 0 || f.Active.Echoed == 0 {
		t.Errorf("OK: %t, %+v", r.OK(), f)
	}
}

func TestCapacityPublisherRefused(t *testing.T) {
	s, _ := newHall(t, (*peer).echo, nil)
	r, err := quick(s.url, "http://127.0.0.1:1/").Run(context.Background())
	if err == nil || !strings.Contains(err.Error(), "publish: ") || r == nil || r.Capacity.Active.Echoed == 0 {
		t.Errorf("got %v with the report %+v", err, r)
	}
}

func TestCapacityInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(context.Background())
	s, publishURL := newHall(t, func(p *peer, n int, f ws.Frame) error {
		if n == 1 {
			interrupt()
		}
		return p.echo(n, f)
	}, tellAll)
	c := quick(s.url, publishURL)
	c.Duration = time.Hour
	r, err := c.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Capacity; !r.Interrupted || f.Broadcast != nil || f.Verified.Echoes.Missing > 0 || f.Active.Measured > time.Minute {
		t.Errorf("interrupted: %t, %+v", r.Interrupted, f)
	}
}
