package bench

import (
	"context"
	"errors"
	"time"
)

// Run opens the connections, sends messages as scheduled for the warm-up and the
// measured time, waits for what is outstanding and closes. An interrupt of ctx
// ends the run early, still with a report. A fault of r or of this machine is an
// error without a report; a server process that is gone in the end is one with.
func (r Rate) Run(ctx context.Context) (*Report, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	r = r.withDefaults()
	run, err := newRun(ctx, "rate", r.Load, r)
	if err != nil {
		return nil, err
	}
	open, err := run.startOpenLoop(ctx, r, r.Warmup, r.Duration)
	if err != nil {
		return nil, err
	}
	if run.opened > 0 {
		open.begin()
		run.enter("warm-up", r.Warmup)
		run.pause(ctx, r.Warmup)
		before := run.sample(atMeasure)
		run.enter(phaseMeasuring, r.Duration)
		run.pause(ctx, r.Duration)
		err = errors.Join(before, run.sample(atMeasured))
	}
	open.stop()
	run.finish()
	figures := open.sum(1)
	figures.ServerUser, figures.ServerSystem = run.report.serverTimePer(figures.Echoed)
	run.report.Rate = &figures
	open.addShares(&run.report.Generator)
	return run.conclude(), err
}

// openLoop is an open-loop load on the loops of a run.
type openLoop struct {
	client  *client
	lengths []time.Duration // of the spans of its schedule
	all     []*arrivals     // by loop
}

// startOpenLoop opens the connections of a load that goes through spans of these
// lengths once it begins.
func (r *run) startOpenLoop(ctx context.Context, load Rate, lengths ...time.Duration) (*openLoop, error) {
	o := &openLoop{lengths: lengths}
	payloads := newPayloads(load.Size)
	err := r.open(ctx, func(first uint32, connections int) traffic {
		a := newArrivals(load, payloads, first, connections, lengths)
		o.all = append(o.all, a)
		return a
	})
	o.client = r.client
	return o, err
}

func (o *openLoop) begin() { o.client.each(func(i int, l *loop) { o.all[i].begin(l) }) }

func (o *openLoop) stop() { o.client.each(func(i int, l *loop) { o.all[i].stop(l) }) }

// sum adds up what the loops measured in one span. The loops have ended.
func (o *openLoop) sum(number int) RateFigures {
	f := RateFigures{Measured: o.measured(number)}
	latency := newLatencies()
	for _, a := range o.all {
		s := &a.spans[number]
		f.Due += a.schedule.messages(number)
		f.Echoed += s.echoed
		f.Late += s.late
		latency.merge(s.latencies)
	}
	f.Lost = f.Due - f.Echoed
	if f.Measured > 0 {
		f.PerSecond = float64(f.Echoed) / f.Measured.Seconds()
	}
	f.Latency = latency.fromSchedule()
	return f
}

// measured returns how much of a span's length the schedule went through: all,
// unless the run was interrupted.
func (o *openLoop) measured(number int) time.Duration {
	var took, begin time.Duration
	for _, a := range o.all {
		took = max(took, a.took)
	}
	for _, length := range o.lengths[:number] {
		begin += length
	}
	return min(o.lengths[number], max(0, took-begin))
}

// addShares adds to g the share of a CPU that each loop used.
func (o *openLoop) addShares(g *Generator) {
	for _, a := range o.all {
		g.add(share(a.cpu, a.took))
	}
}
