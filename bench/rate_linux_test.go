package bench

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

func runRate(t *testing.T, r Rate) *Report {
	t.Helper()
	if r.Connections == 0 {
		r.Connections = 5
	}
	if r.Duration == 0 {
		r.Duration = shortly
	}
	report, err := r.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestRate(t *testing.T) {
	for _, test := range []struct {
		name string
		r    Rate
		due  uint64
	}{
		{"one loop", Rate{PerSecond: 2000}, 120},
		{"several loops", Rate{Load: Load{Connections: 12, Loops: 3}, PerSecond: 2000}, 120},
		{"private descriptor tables", Rate{Load: Load{Connections: 6, Loops: 2, PrivateFDTables: true}, PerSecond: 2000}, 120},
		{"with a warm-up", Rate{PerSecond: 2000, Warmup: shortly}, 120},
		{"text", Rate{PerSecond: 2000, Text: true}, 120},
		{"large messages", Rate{PerSecond: 200, Size: 300_000}, 12},
		{"less than one for each connection", Rate{Load: Load{Connections: 20}, PerSecond: 50}, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, func(p *peer) { p.serve(p.echo) })
			test.r.URL, test.r.PID = s.url, os.Getpid()
			r := runRate(t, test.r)
			if !r.OK() || len(r.Failures) > 0 {
				t.Fatalf("not OK: %+v, %+v, %v", r.Connections, r.Rate, r.Failures)
			}
			f := r.Rate
			if !f.Latency.Corrected {
				t.Error("latency does not count from the schedule")
			}
			if f.Due != test.due || f.Echoed != test.due || f.Latency.Count != int64(test.due) {
				t.Errorf("got %d due, %d echoed and %d latencies, want %d of each", f.Due, f.Echoed, f.Latency.Count, test.due)
			}
			if f.Measured != shortly || f.PerSecond != float64(f.Echoed)/shortly.Seconds() {
				t.Errorf("got %v measured, %v/s", f.Measured, f.PerSecond)
			}
			if len(r.Generator.CoreShare) != max(1, test.r.Loops) || len(r.Server) != 3 {
				t.Errorf("got CPU shares %v and samples %v", r.Generator.CoreShare, r.Server)
			}
		})
	}
}

// A server that stops answering does not slow the load down, and what it owes is
// lost.
func TestRateGoesOnWhateverTheServerDoes(t *testing.T) {
	s := newServer(t, func(p *peer) {
		p.serve(func(n int, f ws.Frame) error {
			if n > 0 {
				return nil
			}
			return p.echo(n, f)
		})
	})
	r := runRate(t, Rate{Load: Load{URL: s.url, FinishTimeout: shortly}, PerSecond: 2000})
	if f := r.Rate; r.OK() || f.Due != 120 || f.Echoed != 5 || f.Lost != 115 {
		t.Errorf("OK: %t, %d due, %d echoed, %d lost; want 120, 5 and 115", r.OK(), f.Due, f.Echoed, f.Lost)
	}
}

func TestRateCountsWhatEndedConnectionsOwe(t *testing.T) {
	s := newServer(t, func(p *peer) {
		p.serve(func(n int, f ws.Frame) error {
			_ = p.echo(n, f)
			return errHangUp
		})
	})
	r := runRate(t, Rate{Load: Load{URL: s.url}, PerSecond: 2000})
	if f := r.Rate; r.OK() || f.Due != 120 || f.Echoed != 5 || f.Lost != 115 || r.Connections.Lost != 5 {
		t.Errorf("OK: %t, %d due, %d echoed, %d lost, %d connections lost", r.OK(), f.Due, f.Echoed, f.Lost, r.Connections.Lost)
	}
}

func TestRateInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(context.Background())
	s := newServer(t, func(p *peer) {
		p.serve(func(n int, f ws.Frame) error {
			interrupt()
			return p.echo(n, f)
		})
	})
	r, err := Rate{Load: Load{URL: s.url, Connections: 5}, Duration: time.Hour}.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Rate; !r.Interrupted || !r.OK() || f.Due == 0 || f.Measured > time.Minute {
		t.Errorf("interrupted: %t, OK: %t, %+v, %v", r.Interrupted, r.OK(), f, r.Failures)
	}
}

// A server that stands still for a while holds up messages that were due
// meanwhile. Their latency has that wait, although they were written at once
// when it went on.
func TestRateCountsFromTheSchedule(t *testing.T) {
	const standstill = 200 * time.Millisecond
	var once sync.Once
	s := newServer(t, func(p *peer) {
		p.serve(func(n int, f ws.Frame) error {
			once.Do(func() { <-time.After(standstill) })
			return p.echo(n, f)
		})
	})
	r := runRate(t, Rate{Load: Load{URL: s.url, Connections: 1}, PerSecond: 1000, Duration: 2 * standstill})
	// About half of the messages were due while it stood still: a closed loop
	// would have seen one.
	if l := r.Rate.Latency; l.At(75) < standstill/4 || l.At(99) < standstill*3/4 {
		t.Errorf("got p75 %v and p99 %v behind a standstill of %v", l.At(75), l.At(99), standstill)
	}
}

// Ten million messages a second are more than anyone sends.
func TestOverloadProvoked(t *testing.T) {
	s := newServer(t, func(p *peer) { p.serve(p.echo) })
	r := runRate(t, Rate{Load: Load{URL: s.url}, PerSecond: 1e7, Duration: 20 * time.Millisecond})
	if len(r.GeneratorOverloaded) == 0 {
		t.Errorf("%d of %d messages late: no overload", r.Rate.Late, r.Rate.Due)
	}
}
