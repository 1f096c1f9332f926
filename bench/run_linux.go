package bench

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"sync/atomic"
	"time"
)

// run is what all scenarios do alike: check, connect, sample, finish, report.
// It belongs to the goroutine that called the scenario's Run.
type run struct {
	load   Load
	target *Target
	tls    *tls.Config // nil: none
	from   sources
	client *client
	report *Report
	opened int // connections that opened
	// openShare has the share of a CPU that each loop used while connecting.
	openShare []float64
	sampler   *sampler // from open to finish

	// Atomic.
	phase atomic.Pointer[phase]
}

// newRun checks that load can be put on this machine, and samples the server
// before anything happens to it.
func newRun(ctx context.Context, scenario string, load Load, parameters any) (*run, error) {
	target, err := ResolveTarget(ctx, load.URL)
	if err != nil {
		return nil, err
	}
	secured, err := load.TLS.config(load.URL)
	if err != nil {
		return nil, err
	}
	from, err := chooseSources(load.Sources, target.Address.Addr(), load.Connections)
	if err != nil {
		return nil, err
	}
	limit, err := raiseDescriptorLimit()
	if err != nil {
		return nil, err
	}
	if err := hostProcfs.machine(limit).carries(load, from, target); err != nil {
		return nil, err
	}
	r := &run{load: load, target: target, tls: secured, from: from, report: &Report{
		Scenario:    scenario,
		Started:     time.Now().UTC(),
		Environment: newEnvironment(limit),
		Parameters:  parameters,
		Generator:   Generator{CoreShare: []float64{}},
	}}
	if load.StatsURL != "" {
		before, err := fetchStatus(ctx, load.StatsURL)
		if err != nil {
			return nil, err
		}
		r.report.ServerStatus = &ServerStatus{Before: before}
	}
	return r, r.sample(atStart)
}

// open starts the loops and returns when every connection has opened or failed,
// or the run is interrupted; opened then stays 0.
func (r *run) open(ctx context.Context, t newTraffic) (err error) {
	if o := r.load.Observer; o != nil {
		o.Begin(r.report.heading())
	}
	r.enter("connecting", 0)
	began := time.Now()
	if r.client, err = startClient(r.load, r.target, r.tls, r.from, t); err != nil {
		return err
	}
	r.sampler = startSampler(r)
	for _, l := range r.client.loops {
		select {
		case <-l.dialed:
		case <-ctx.Done():
			r.report.Interrupted = true
			return nil
		}
	}
	took := time.Since(began)
	r.openShare = make([]float64, len(r.client.loops))
	opened := make([]int, len(r.client.loops))
	r.client.each(func(i int, l *loop) { r.openShare[i], opened[i] = share(threadTime(), took), l.tally.opened })
	for _, n := range opened {
		r.opened += n
	}
	r.enter("running", 0)
	return nil
}

// enter names what the run does from now on, for so long; 0 if nobody knows.
func (r *run) enter(name string, length time.Duration) {
	p := &phase{name: name}
	if length > 0 {
		p.ends = time.Now().Add(length)
	}
	r.phase.Store(p)
}

// pause waits for d, or until the run is interrupted.
func (r *run) pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
		r.report.Interrupted = true
	}
}

// await is awaitFor with the patience of the load.
func (r *run) await(ctx context.Context, lacking func(i int, l *loop) uint64) (sum uint64) {
	return r.awaitFor(ctx, r.load.FinishTimeout, lacking)
}

// awaitFor asks every loop how much it lacks until none lacks anything, or
// patience is over, or the run is interrupted. It returns what is still lacking.
func (r *run) awaitFor(ctx context.Context, patience time.Duration, lacking func(i int, l *loop) uint64) (sum uint64) {
	const look = 20 * time.Millisecond
	for deadline := time.Now().Add(patience); ; r.pause(ctx, look) {
		each := make([]uint64, len(r.client.loops))
		r.client.each(func(i int, l *loop) { each[i] = lacking(i, l) })
		sum = 0
		for _, n := range each {
			sum += n
		}
		if sum == 0 || r.report.Interrupted || time.Now().After(deadline) {
			return sum
		}
	}
}

// sample adds a sample of the server's process to the report, if it is known.
func (r *run) sample(at string) error {
	if r.load.PID == 0 {
		return nil
	}
	s, err := hostProcfs.sample(r.load.PID, at)
	if err == nil {
		r.report.Server = append(r.report.Server, *s)
	}
	return err
}

// finish ends the loops and reports what they counted.
func (r *run) finish() {
	r.report.Series = r.sampler.stop()
	r.client.finish(r.load.FinishTimeout)
	r.report.Connections, r.report.Failures = r.sum()
	if r.load.Compression {
		r.report.Compression = r.sumCompression()
	}
	if r.report.ServerStatus != nil {
		// The interrupt that ended the run must not cost it its last figures.
		after, err := fetchStatus(context.Background(), r.load.StatsURL)
		if err != nil {
			after, _ = json.Marshal(map[string]string{"error": err.Error()})
		}
		r.report.ServerStatus.After = after
	}
}

// conclude judges the generator, once the report has its figures, and returns the
// report.
func (r *run) conclude() *Report {
	r.report.GeneratorOverloaded = r.report.overload()
	return r.report
}

// sum adds up the loops' tallies.
func (r *run) sum() (Connections, []FailureCount) {
	c := Connections{Asked: r.load.Connections}
	handshakes, failed, negotiated := newLatencies(), failures{}, ciphers{}
	var first, last time.Time
	for _, l := range r.client.loops {
		t := &l.tally
		c.Opened += t.opened
		c.Failed += t.failed
		c.Lost += t.lost
		handshakes.merge(t.handshakes)
		failed.merge(t.failures)
		negotiated.merge(t.ciphers)
		if began := l.epoch.Add(time.Duration(t.firstBegan)); first.IsZero() || began.Before(first) {
			first = began
		}
		if opened := l.epoch.Add(time.Duration(t.lastOpened)); t.opened > 0 && opened.After(last) {
			last = opened
		}
	}
	if c.Opened > 0 {
		c.Took = last.Sub(first)
		c.PerSecond = float64(c.Opened) / c.Took.Seconds()
	}
	c.Handshake, c.TLS = handshakes.report(), negotiated.report()
	return c, failed.sorted()
}

// sumCompression adds up what the loops saw of compression.
func (r *run) sumCompression() *CompressionFigures {
	f := &CompressionFigures{}
	for _, l := range r.client.loops {
		seen := &l.tally.compressed
		f.Agreed = cmp.Or(f.Agreed, l.tally.agreed)
		f.Messages += seen.Messages
		f.Bytes += seen.Bytes
		f.Inflated += seen.Inflated
	}
	return f
}

func share(used, of time.Duration) float64 {
	if of <= 0 {
		return 0
	}
	return float64(used) / float64(of)
}
