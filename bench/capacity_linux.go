package bench

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Run goes through the phases. An interrupt of ctx ends the run early, still
// with a report. A fault of c or of this machine is an error without a report; a
// server process that is gone in the end, or that refuses to publish, is one
// with.
func (c Capacity) Run(ctx context.Context) (*Report, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	r, err := newRun(ctx, "capacity", c.Load, c)
	if err != nil {
		return nil, err
	}
	x := &examination{
		run:      r,
		capacity: c,
		payloads: newPayloads(c.Size),
		everyone: &announcement{number: uint32(c.Connections), epoch: time.Now()},
		figures:  &CapacityFigures{},
	}
	if err := x.look(atStart); err != nil {
		return nil, err
	}
	began := time.Now()
	err = r.open(ctx, func(first uint32, connections int) traffic {
		m := newMultitude(c, x.payloads, x.everyone, first, connections)
		x.all = append(x.all, m)
		return m
	})
	if err != nil {
		return nil, err
	}
	if r.opened > 0 {
		err = errors.Join(r.sample(atAllOpen), x.look(atAllOpen), x.goThrough(ctx, time.Since(began)))
	}
	r.finish()
	x.sum()
	r.report.Capacity = x.figures
	return r.conclude(), err
}

// examination takes a run through the phases of a capacity scenario. It belongs
// to the goroutine that called Run.
type examination struct {
	run      *run
	capacity Capacity
	payloads *payloads
	everyone *announcement
	all      []*multitude // by loop
	figures  *CapacityFigures
}

// The moments at which the server and the kernel are looked at, besides those of
// all scenarios.
const (
	atVerified = "all verified"
	atActive   = "after activity"
	atTold     = "after broadcast"
)

// goThrough plays phase after phase, for as long as ctx lasts. To connect took
// the time that is given.
func (x *examination) goThrough(ctx context.Context, connecting time.Duration) error {
	x.use(phaseConnect, connecting)
	for _, phase := range []struct {
		name  string
		ends  string
		takes time.Duration // as planned; 0: nobody knows
		play  func(context.Context) error
	}{
		{phaseVerify, atVerified, x.verifying(), x.verify},
		{phaseHold, atAfter, x.capacity.Hold, x.hold},
		{phaseActive, atActive, x.capacity.Duration, x.activate},
		{phaseBroadcast, atTold, 0, x.broadcast},
	} {
		if x.run.report.Interrupted || phase.name == phaseBroadcast && x.capacity.Publish.URL == "" {
			return nil
		}
		x.run.enter(phase.name, phase.takes)
		began := time.Now()
		err := errors.Join(phase.play(ctx), x.run.sample(phase.ends), x.look(phase.ends))
		x.use(phase.name, time.Since(began))
		if err != nil {
			return err
		}
	}
	return nil
}

// look samples the kernel's memory.
func (x *examination) look(at string) error {
	s, err := hostProcfs.kernel(at)
	if err == nil {
		x.figures.Kernel = append(x.figures.Kernel, *s)
	}
	return err
}

// use notes the CPU time that the server used in the phase that has just ended.
func (x *examination) use(phase string, took time.Duration) {
	samples := x.run.report.Server
	if len(samples) < 2 {
		return
	}
	before, now := samples[len(samples)-2], samples[len(samples)-1]
	used := now.User + now.System - before.User - before.System
	x.figures.Phases = append(x.figures.Phases, PhaseUse{phase, took, share(used, took)})
}

// perLoop returns a loop's share of a pace over all connections.
func (x *examination) perLoop(l *loop, all float64) pace {
	return pace(all * float64(len(l.conns)) / float64(x.capacity.Connections))
}

// play has every loop begin a round, waits for as long as it is planned to take
// and then for the answers.
func (x *examination) play(ctx context.Context, takes time.Duration, begin func(m *multitude, l *loop), lacking func(*multitude) uint64, end func(*multitude)) {
	x.run.client.each(func(i int, l *loop) { begin(x.all[i], l) })
	x.run.pause(ctx, takes)
	x.run.await(ctx, func(i int, _ *loop) uint64 { return lacking(x.all[i]) })
	x.run.client.each(func(i int, _ *loop) { end(x.all[i]) })
}

func (x *examination) verify(ctx context.Context) error {
	began, c := time.Now(), x.capacity
	x.play(ctx, x.verifying(),
		func(m *multitude, l *loop) { m.beginVerify(l, x.perLoop(l, c.VerifyRate)) },
		func(m *multitude) uint64 { return m.rounds[roundVerify].lacking() + m.greet.lacking() },
		func(m *multitude) { m.end() })
	x.figures.Verified.Took = time.Since(began)
	return nil
}

// verifying is how long it takes to verify all connections, as planned.
func (x *examination) verifying() time.Duration {
	return time.Duration(float64(x.capacity.Connections) / x.capacity.VerifyRate * float64(time.Second))
}

func (x *examination) hold(ctx context.Context) error {
	began, c, before := time.Now(), x.capacity, x.serverPings()
	if c.PingInterval == 0 {
		x.run.pause(ctx, c.Hold)
	} else {
		x.play(ctx, c.Hold, func(m *multitude, l *loop) {
			p := pace(float64(len(l.conns)) / c.PingInterval.Seconds())
			m.beginHold(l, p, uint64(p.before(c.Hold)))
		}, func(m *multitude) uint64 { return m.ping.lacking() }, func(m *multitude) { m.end() })
	}
	x.figures.Held.Took = time.Since(began)
	x.figures.Held.ServerPings = x.serverPings() - before
	return nil
}

// serverPings is how many pings the server has sent so far.
func (x *examination) serverPings() (n uint64) {
	pings := make([]uint64, len(x.all))
	x.run.client.each(func(i int, l *loop) { pings[i] = l.tally.pings })
	for _, p := range pings {
		n += p
	}
	return n
}

func (x *examination) activate(ctx context.Context) error {
	began, c := time.Now(), x.capacity
	x.play(ctx, c.Duration, func(m *multitude, l *loop) {
		p := x.perLoop(l, c.PerSecond)
		m.beginActive(l, p, uint64(p.before(c.Duration)), c.activeOf(len(l.conns)))
	}, func(m *multitude) uint64 { return m.rounds[roundActive].lacking() }, (*multitude).endActive)
	x.figures.Active.Measured = min(c.Duration, time.Since(began))
	return nil
}

// broadcast publishes one message and waits until all open connections have it.
func (x *examination) broadcast(ctx context.Context) error {
	open := make([]uint64, len(x.all))
	x.run.client.each(func(i int, l *loop) {
		x.all[i].listen(l)
		open[i] = uint64(l.live)
	})
	f := &DeliveryFigures{}
	for _, n := range open {
		f.Expected += n
	}
	text := x.payloads.appendPart(nil, x.everyone.number, 0, 0, x.payloads.size)
	x.everyone.publish()
	began := time.Now()
	if err := x.capacity.Publish.send(ctx, http.DefaultClient, text); err != nil {
		return err
	}
	f.Accepted = time.Since(began)
	x.run.await(ctx, func(i int, l *loop) uint64 { return open[i] - min(open[i], x.all[i].told) })
	x.figures.Broadcast = f
	return nil
}

// sum adds up what the loops measured. The loops have ended.
func (x *examination) sum() {
	f := x.figures
	of := func(which func(*multitude) *round) Answers {
		var rounds []*round
		for _, m := range x.all {
			rounds = append(rounds, which(m))
		}
		return answers(rounds)
	}
	f.Verified.Echoes = of(func(m *multitude) *round { return &m.rounds[roundVerify] })
	f.Verified.Pongs = of(func(m *multitude) *round { return &m.greet })
	f.Held.Pongs = of(func(m *multitude) *round { return &m.ping })
	active := of(func(m *multitude) *round { return &m.rounds[roundActive] })
	a := &f.Active
	a.Late, a.Latency = active.Late, active.Latency
	latency := newLatencies()
	for _, m := range x.all {
		active := &m.rounds[roundActive]
		a.Connections += active.turns
		a.Due += active.total
		a.Echoed += active.answered
		latency.merge(m.latency)
		if f.Broadcast != nil {
			f.Broadcast.Deliveries += m.told
			f.Broadcast.Last = max(f.Broadcast.Last, m.last)
		}
		x.run.report.Generator.add(share(m.cpu, a.Measured))
	}
	a.Lost = a.Due - a.Echoed
	if a.Measured > 0 {
		a.PerSecond = float64(a.Echoed) / a.Measured.Seconds()
	}
	if f.Broadcast != nil {
		f.Broadcast.Lost = f.Broadcast.Expected - min(f.Broadcast.Expected, f.Broadcast.Deliveries)
		f.Broadcast.Latency = latency.report()
	}
}
