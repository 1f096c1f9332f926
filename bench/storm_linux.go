package bench

import (
	"context"
	"errors"
	"time"
)

// Run opens the connections, drops them and waits until they are back. An
// interrupt of ctx ends the run early, still with a report. A fault of s or of
// this machine is an error without a report; a server process that is gone in
// the end is one with.
func (s Storm) Run(ctx context.Context) (*Report, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	s = s.withDefaults()
	r, err := newRun(ctx, "storm", s.Load, s)
	if err != nil {
		return nil, err
	}
	w := &weather{run: r, storm: s}
	payloads := newPayloads(s.Size)
	err = r.open(ctx, func(first uint32, connections int) traffic {
		w.all = append(w.all, newStormers(s, payloads, first, connections, w.bystanders()))
		return w.all[len(w.all)-1]
	})
	if err != nil {
		return nil, err
	}
	if r.opened > 0 {
		err = w.goThrough(ctx)
	}
	r.finish()
	r.report.Storm = w.sum()
	return r.conclude(), err
}

// weather takes a run through a storm. It belongs to the goroutine that called
// Run.
type weather struct {
	run   *run
	storm Storm
	all   []*stormers // by loop
	took  time.Duration
	cpu   []time.Duration // of the loops' threads, during the storm
}

// bystanders returns how many the next loop has.
func (w *weather) bystanders() int {
	n := w.storm.Bystanders / w.storm.Loops
	if len(w.all) < w.storm.Bystanders%w.storm.Loops {
		n++
	}
	return n
}

func (w *weather) goThrough(ctx context.Context) error {
	each, r := w.run.client.each, w.run
	err := r.sample(atAllOpen)
	r.enter("before", w.storm.Before)
	w.measure(roundBefore, w.storm.Before)
	r.pause(ctx, w.storm.Before)
	w.settle(ctx, roundBefore)
	if r.report.Interrupted {
		return err
	}
	err = errors.Join(err, r.sample(atMeasure))
	w.cpu = make([]time.Duration, len(w.all))
	r.enter("storm", 0)
	began := time.Now()
	each(func(i int, l *loop) { w.cpu[i] = -threadTime(); w.all[i].drop(l) })
	w.measure(roundDuring, w.storm.Timeout)
	r.awaitFor(ctx, w.storm.Timeout, func(i int, _ *loop) uint64 { return w.all[i].missing() })
	each(func(i int, _ *loop) { w.cpu[i] += threadTime(); w.all[i].end() })
	w.took = time.Since(began)
	err = errors.Join(err, r.sample(atMeasured))
	w.settle(ctx, roundDuring)
	r.enter("after", w.storm.After)
	w.measure(roundAfter, w.storm.After)
	r.pause(ctx, w.storm.After)
	w.settle(ctx, roundAfter)
	return errors.Join(err, r.sample(atSettled))
}

// measure begins a round of the bystanders.
func (w *weather) measure(round int, length time.Duration) {
	w.run.client.each(func(i int, l *loop) {
		share := float64(w.all[i].bystanders) / float64(w.storm.Bystanders)
		w.all[i].measure(l, round, pace(w.storm.PerSecond*share), length)
	})
}

// settle ends a round and waits for its answers.
func (w *weather) settle(ctx context.Context, round int) {
	w.run.client.each(func(i int, _ *loop) { w.all[i].end() })
	w.run.await(ctx, func(i int, _ *loop) uint64 { return w.all[i].rounds[round].lacking() })
}

// sum adds up what the loops measured. The loops have ended.
func (w *weather) sum() *StormFigures {
	f := &StormFigures{Refused: []FailureCount{}}
	refusals, away := failures{}, newLatencies()
	rounds := make([][]*round, stormRounds)
	for i, s := range w.all {
		f.Dropped += s.dropped
		f.Back += s.back
		f.Attempts += s.attempts
		refusals.merge(s.refusals)
		away.merge(s.away)
		if s.back > 0 {
			f.Took = max(f.Took, time.Duration(s.lastBack-s.began))
		}
		for n := range rounds {
			rounds[n] = append(rounds[n], &s.rounds[n])
		}
		if w.cpu != nil {
			w.run.report.Generator.add(share(w.cpu[i], w.took))
		}
	}
	if f.Took > 0 {
		f.PerSecond = float64(f.Back) / f.Took.Seconds()
	}
	f.Refused, f.Away = refusals.sorted(), away.report()
	f.Before, f.During, f.After = answers(rounds[roundBefore]), answers(rounds[roundDuring]), answers(rounds[roundAfter])
	return f
}
