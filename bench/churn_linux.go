package bench

import (
	"context"
	"errors"
	"time"
)

// Run opens the connections and has them come and go. An interrupt of ctx ends
// the run early, still with a report. A fault of c or of this machine is an error
// without a report; a server process that is gone in the end is one with.
func (c Churn) Run(ctx context.Context) (*Report, error) {
	return c.run(ctx, "churn", c.withDefaults())
}

// run runs a scenario of that name.
func (c Churn) run(ctx context.Context, scenario string, parameters any) (*Report, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	r, err := newRun(ctx, scenario, c.Load, parameters)
	if err != nil {
		return nil, err
	}
	t := &turnover{run: r, churn: c}
	payloads := newPayloads(c.Size)
	err = r.open(ctx, func(first uint32, connections int) traffic {
		t.all = append(t.all, newChurners(c, payloads, first, connections))
		return t.all[len(t.all)-1]
	})
	if err != nil {
		return nil, err
	}
	if r.opened > 0 {
		err = t.goThrough(ctx)
	}
	r.finish()
	r.report.Churn = t.sum()
	return r.conclude(), err
}

// turnover takes a run through the coming and going of its connections. It
// belongs to the goroutine that called Run.
type turnover struct {
	run   *run
	churn Churn
	all   []*churners // by loop
	took  time.Duration
}

func (t *turnover) goThrough(ctx context.Context) error {
	each, r := t.run.client.each, t.run
	err := r.sample(atMeasure)
	began := time.Now()
	each(func(i int, l *loop) {
		share := float64(len(l.conns)) / float64(t.churn.Connections)
		t.all[i].live(l, pace(t.churn.PerSecond*share))
	})
	r.enter(phaseMeasuring, t.churn.Duration)
	r.pause(ctx, t.churn.Duration)
	r.enter("settling", 0)
	each(func(i int, _ *loop) { t.all[i].rest() })
	t.took = time.Since(began)
	err = errors.Join(err, r.sample(atMeasured))
	r.await(ctx, func(i int, _ *loop) uint64 { return t.all[i].rounds[0].lacking() })
	return err
}

// sum adds up what the loops measured. The loops have ended.
func (t *turnover) sum() *ChurnFigures {
	f := &ChurnFigures{Measured: t.took}
	refusals, handshakes := failures{}, newLatencies()
	var messages []*round
	for _, c := range t.all {
		f.Left += c.figures.left
		f.Returned += c.figures.returned
		f.Unanswered += c.figures.unanswered
		refusals.merge(c.figures.refusals)
		handshakes.merge(c.figures.handshakes)
		messages = append(messages, &c.rounds[0])
		t.run.report.Generator.add(share(c.cpu, t.took))
	}
	f.Refused, f.Handshake, f.Messages = refusals.sorted(), handshakes.report(), answers(messages)
	if t.took > 0 {
		f.LeftPerSecond = float64(f.Left) / t.took.Seconds()
		f.ReturnedPerSecond = float64(f.Returned) / t.took.Seconds()
	}
	f.ServerUser, f.ServerSystem = t.run.report.serverTimePer(f.Returned)
	return f
}

// Run is that of [Churn].
func (s Soak) Run(ctx context.Context) (*Report, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	s = s.withDefaults()
	r, err := s.Churn.run(ctx, "soak", s)
	if r != nil {
		r.Soak = newSoakFigures(r.Series)
	}
	return r, err
}
