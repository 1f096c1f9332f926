package bench

import (
	"sync/atomic"
	"time"
)

// phase is what a run does at the moment.
type phase struct {
	name string
	ends time.Time // zero: nobody knows
}

// sampler samples a run at a steady pace, from a goroutine of its own.
type sampler struct {
	// Fixed after startSampler.
	client   *client
	phase    *atomic.Pointer[phase]
	pid      int
	every    time.Duration
	observer Observer // or nil
	stopping chan struct{}
	stopped  chan struct{}

	// Its goroutine only, until stopped is closed.
	series thinning
	loops  []loopSample
	sum    *meter
	began  time.Time
	last   time.Time
	// server is the last sample of the server's process; nil if it failed.
	server *ProcessSample
}

// loopSample is what one loop says of itself.
type loopSample struct {
	meter          *meter // taken from the loop, or spare
	opened, live   int
	failed, lost   int
	cpu, cpuBefore time.Duration
}

// startSampler begins to sample what r does. The caller must stop it before it
// ends the client.
func startSampler(r *run) *sampler {
	now := time.Now()
	s := &sampler{
		client:   r.client,
		phase:    &r.phase,
		pid:      r.load.PID,
		every:    r.load.SampleEvery,
		observer: r.load.Observer,
		stopping: make(chan struct{}),
		stopped:  make(chan struct{}),
		loops:    make([]loopSample, len(r.client.loops)),
		sum:      newMeter(),
		began:    now,
		last:     now,
		server:   r.report.sampleAt(atStart),
	}
	for i := range s.loops {
		s.loops[i].meter = newMeter()
	}
	go s.run()
	return s
}

func (s *sampler) run() {
	defer close(s.stopped)
	ticks := time.NewTicker(s.every)
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
			s.take()
		case <-s.stopping:
			// Over a small span, rates would be mostly noise.
			if len(s.series.points) == 0 || time.Since(s.last) >= s.every/2 {
				s.take()
			}
			return
		}
	}
}

// stop ends the sampling, and returns the series.
func (s *sampler) stop() Series {
	close(s.stopping)
	<-s.stopped
	return s.series.points
}

// take takes a sample.
func (s *sampler) take() {
	s.client.each(func(i int, l *loop) {
		at := &s.loops[i]
		at.meter, l.meter = l.meter, at.meter
		at.opened, at.live, at.failed, at.lost = l.tally.opened, l.live, l.tally.failed, l.tally.lost
		at.cpu = threadTime()
	})
	now := time.Now()
	sample := Sample{At: now.Sub(s.began), Span: now.Sub(s.last)}
	if p := s.phase.Load(); p != nil {
		sample.Phase = p.name
		if !p.ends.IsZero() {
			sample.Left = max(0, p.ends.Sub(now))
		}
	}
	s.addLoops(&sample)
	s.addServer(&sample)
	s.last = now
	s.series.add(sample)
	if s.observer != nil {
		s.observer.Observe(sample)
	}
}

// addLoops adds up what the loops said.
func (s *sampler) addLoops(sample *Sample) {
	s.sum.reset()
	for i := range s.loops {
		at := &s.loops[i]
		s.sum.add(at.meter)
		sample.Opened += at.opened
		sample.Connected += at.live
		sample.Errors += at.failed + at.lost
		used := share(at.cpu-at.cpuBefore, sample.Span)
		at.cpuBefore = at.cpu
		sample.ClientCPU += used
		sample.BusiestLoop = max(sample.BusiestLoop, used)
	}
	sample.Messages = s.sum.messages
	sample.PerSecond = float64(sample.Messages) / max(sample.Span, 1).Seconds()
	sample.Overloaded = len(overload(s.sum.late, s.sum.sent, []float64{sample.BusiestLoop})) > 0
	latency := s.sum.latencies.histogram
	sample.P50, sample.P99, sample.Max = latency.ValueAtPercentile(50), latency.ValueAtPercentile(99), latency.Max()
}

// addServer looks at the server's process, if it is known. One that is gone ends
// the run by itself.
func (s *sampler) addServer(sample *Sample) {
	if s.pid == 0 {
		return
	}
	now, err := hostProcfs.sample(s.pid, "")
	if err != nil {
		s.server = nil
		return
	}
	sample.Server = &ServerSample{RSS: now.RSS}
	if before := s.server; before != nil {
		sample.Server.CPU = share(now.User+now.System-before.User-before.System, sample.Span)
	}
	s.server = now
}
