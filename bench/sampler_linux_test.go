package bench

import (
	"context"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// witness is an observer that remembers, and calls seen for each sample.
type witness struct {
	begun   []Heading
	samples Series
	seen    func(Sample)
}

func (w *witness) Begin(h Heading) { w.begun = append(w.begun, h) }

func (w *witness) Observe(s Sample) {
	w.samples = append(w.samples, s)
	if w.seen != nil {
		w.seen(s)
	}
}

func TestSamples(t *testing.T) {
	const every, length = 10 * time.Millisecond, 2 * shortly
	load := func(url string, w *witness) Load {
		return Load{URL: url, Connections: 4, Loops: 2, PID: os.Getpid(), SampleEvery: every, Observer: w}
	}
	for _, test := range []struct {
		name   string
		phases []string
		run    func(Load) (*Report, error)
	}{
		{"echo", []string{"warm-up", "measuring"}, func(l Load) (*Report, error) {
			return Echo{Load: l, Warmup: length, Duration: length}.Run(context.Background())
		}},
		{"rate", []string{"warm-up", "measuring"}, func(l Load) (*Report, error) {
			return Rate{Load: l, PerSecond: 2000, Warmup: length, Duration: length}.Run(context.Background())
		}},
		{"attack", []string{"before", "during", "after"}, func(l Load) (*Report, error) {
			return Attack{Load: l, Mode: "slow-handshake", Attackers: 1, Before: length, During: length, After: length}.Run(context.Background())
		}},
		{"churn", []string{"measuring"}, func(l Load) (*Report, error) {
			return Churn{Load: l, PerSecond: 2000, Duration: length}.Run(context.Background())
		}},
		{"storm", []string{"before", "after"}, func(l Load) (*Report, error) {
			return Storm{Load: l, Bystanders: 2, PerSecond: 2000, Before: length, After: length}.Run(context.Background())
		}},
		{"capacity", []string{"active"}, func(l Load) (*Report, error) {
			return Capacity{Load: l, PerSecond: 2000, Hold: length, Duration: length}.Run(context.Background())
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, func(p *peer) { p.serve(p.echo) })
			var w witness
			report, err := test.run(load(s.url, &w))
			if err != nil || !report.OK() {
				t.Fatalf("OK: %t, %v", report.OK(), err)
			}
			if len(w.begun) != 1 || w.begun[0].Scenario != test.name || !w.begun[0].Started.Equal(report.Started) {
				t.Errorf("begun: %+v", w.begun)
			}
			if len(w.samples) < 2 || len(w.samples) != len(report.Series) {
				t.Fatalf("%d samples were shown and %d reported", len(w.samples), len(report.Series))
			}
			for _, phase := range test.phases {
				of := slices.IndexFunc(w.samples, func(s Sample) bool { return s.Phase == phase && s.Messages > 0 })
				if of < 0 {
					t.Errorf("no sample of %q has messages", phase)
					continue
				}
				p := w.samples[of]
				if p.Opened != 4 || p.Connected != 4 || p.Errors != 0 || p.PerSecond <= 0 || p.P50 <= 0 || p.P50 > p.P99 || p.P99 > p.Max {
					t.Errorf("%s: got %+v", phase, p)
				}
				if p.Server == nil || p.Server.RSS == 0 || p.ClientCPU < p.BusiestLoop {
					t.Errorf("%s: got %+v of the server, %v and %v of the client", phase, p.Server, p.ClientCPU, p.BusiestLoop)
				}
			}
			var at time.Duration
			for _, p := range w.samples {
				if at += p.Span; p.At != at {
					t.Errorf("a sample ends at %v, want %v", p.At, at)
				}
			}
		})
	}
}

func TestSamplesCountDeliveriesAndErrors(t *testing.T) {
	s := newCrowd(t, nil)
	r := runBroadcast(t, Broadcast{Load: Load{URL: s.url, SampleEvery: 10 * time.Millisecond}, Publishing: Publishing{PerSecond: 1000}})
	var messages uint64
	for _, p := range r.Series {
		messages += p.Messages
	}
	if messages < r.Broadcast.Deliveries/2 {
		t.Errorf("the samples have %d deliveries of %d", messages, r.Broadcast.Deliveries)
	}

	wrong := newServer(t, func(p *peer) {
		p.serve(func(_ int, f ws.Frame) error { return errHangUp })
	})
	report := runRate(t, Rate{Load: Load{URL: wrong.url, Connections: 3, SampleEvery: 10 * time.Millisecond}, PerSecond: 2000, Duration: 4 * shortly})
	last := report.Series[len(report.Series)-1]
	if last.Errors != 3 || last.Connected != 0 || last.Opened != 3 {
		t.Errorf("got %+v after every connection was lost", last)
	}
}

func TestShortRunHasOneSample(t *testing.T) {
	s := newServer(t, func(p *peer) { p.serve(p.echo) })
	r := runRate(t, Rate{Load: Load{URL: s.url}, PerSecond: 2000})
	if n := len(r.Series); n != 1 || r.Series[0].Phase != "measuring" || r.Series[0].Left > shortly {
		t.Errorf("got %d samples: %+v", n, r.Series)
	}
}

// What left late, or a loop without time to spare, makes a span's latencies the
// generator's own. Without a schedule nothing is late.
func TestSampleOfAnOverloadedSpan(t *testing.T) {
	for _, test := range []struct {
		name           string
		punctual, late int
		cpu            time.Duration
		overloaded     bool
	}{
		{name: "a closed loop at its limit", cpu: time.Second},
		{name: "on time", punctual: 100, late: 5, cpu: time.Second / 2},
		{name: "late", punctual: 90, late: 10, overloaded: true},
		{name: "no time to spare", punctual: 100, cpu: time.Second * 19 / 20, overloaded: true},
	} {
		m := newMeter()
		m.message(time.Millisecond)
		for n := range test.punctual + test.late {
			m.left(n < test.late)
		}
		s := &sampler{sum: newMeter(), loops: []loopSample{{meter: m, cpu: test.cpu}}}
		sample := Sample{Span: time.Second}
		s.addLoops(&sample)
		if sample.Overloaded != test.overloaded {
			t.Errorf("%s: overloaded is %t", test.name, sample.Overloaded)
		}
		if shown := sample.WithoutOwnLatencies(); sample.P99 == 0 || (shown.P99 == 0) != test.overloaded {
			t.Errorf("%s: of the p99 %d, %d is shown", test.name, sample.P99, shown.P99)
		}
		if next := (Sample{}); m.late+m.sent != 0 || sample.with(next).Overloaded != test.overloaded {
			t.Errorf("%s: counts %d and %d are left, or the joined sample is another", test.name, m.sent, m.late)
		}
	}
}
