package bench

import (
	"context"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// churn is one that is soon over.
func churn(url string) Churn {
	return Churn{Load: Load{URL: url, Connections: 20, Loops: 2}, Lifetime: 20 * time.Millisecond, Duration: 200 * time.Millisecond, PerSecond: 1000}
}

func TestChurn(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Churn)
	}{
		{"exponential", func(*Churn) {}},
		{"uniform", func(c *Churn) { c.Distribution = "uniform" }},
		{"constant", func(c *Churn) { c.Distribution = "constant" }},
		{"abrupt", func(c *Churn) { c.Abrupt = 100 }},
		{"with a pause", func(c *Churn) { c.Pause = 5 * time.Millisecond }},
		{"silent", func(c *Churn) { c.PerSecond = 0 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, func(p *peer) { p.serve(p.echo) })
			c := churn(s.url)
			test.change(&c)
			r, err := c.Run(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			f := r.Churn
			if !r.OK() || len(r.Failures) > 0 {
				t.Fatalf("not OK: %+v, %+v, %v", r.Connections, f, r.Failures)
			}
			if r.Connections.Opened != 20 || f.Left < 10 || f.Returned < 10 || f.Returned > f.Left || f.Left-f.Returned > 20 {
				t.Errorf("%d opened, %d left, %d returned", r.Connections.Opened, f.Left, f.Returned)
			}
			if got := s.opened.Load(); got < 20+int64(f.Returned) || f.Handshake.Count != int64(f.Returned) {
				t.Errorf("%d returned, of which the server has seen %d, with %d latencies", f.Returned, got-20, f.Handshake.Count)
			}
			if m := f.Messages; (m.Sent > 0) != (c.PerSecond > 0) || m.Latency.Count != int64(m.Sent) {
				t.Errorf("got %+v", m)
			}
		})
	}
}

func TestChurnFindsFaults(t *testing.T) {
	t.Run("ended by the server", func(t *testing.T) {
		s := newServer(t, func(p *peer) {
			p.serve(func(n int, f ws.Frame) error {
				if n > 2 {
					return errHangUp
				}
				return p.echo(n, f)
			})
		})
		c := churn(s.url)
		c.Lifetime = time.Hour
		r, err := c.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if r.OK() || r.Connections.Lost == 0 || r.Churn.Returned == 0 || r.Churn.Left != 0 {
			t.Errorf("OK: %t, %+v, %+v", r.OK(), r.Connections, r.Churn)
		}
	})
	t.Run("nobody may return", func(t *testing.T) {
		var opened atomic.Int64
		s := newServer(t, func(p *peer) {
			if opened.Add(1) == 20 {
				p.server.listener.Close()
			}
			p.serve(p.echo)
		})
		r, err := churn(s.url).Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if f := r.Churn; r.OK() || f.Returned != 0 || len(f.Refused) == 0 || f.Refused[0].Stage != StageConnect {
			t.Errorf("OK: %t, %+v", r.OK(), f)
		}
	})
}

func TestSoak(t *testing.T) {
	s := newServer(t, func(p *peer) { p.serve(p.echo) })
	soak := Soak{Churn: churn(s.url)}
	soak.PID, soak.SampleEvery = os.Getpid(), 10*time.Millisecond
	r, err := soak.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Soak; !r.OK() || f == nil || f.Peak == 0 || r.Churn.Returned == 0 {
		t.Errorf("OK: %t, %+v, %+v", r.OK(), f, r.Churn)
	}
}
