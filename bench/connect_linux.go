package bench

import (
	"context"
	"errors"
	"time"
)

// Run opens the connections, holds them and closes them. An interrupt of ctx
// ends the run early, still with a report. A fault of c or of this machine is an
// error without a report; a server process that is gone in the end is one with.
func (c Connect) Run(ctx context.Context) (*Report, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c.Load = c.Load.withDefaults()
	r, err := newRun(ctx, "connect", c.Load, c)
	if err != nil {
		return nil, err
	}
	before := r.sample(atMeasure)
	targets := []*Target{r.target}
	err = r.open(ctx, func(first uint32, _ int) traffic { return &discards{targets: targets, first: first} })
	if err != nil {
		return nil, err
	}
	figures := &ConnectFigures{}
	err = errors.Join(before, r.sample(atMeasured))
	if r.opened > 0 {
		r.enter("holding", c.Hold)
		held := time.Now()
		r.pause(ctx, c.Hold)
		figures.Held = time.Since(held)
		err = errors.Join(err, r.sample(atAfter))
	}
	r.finish()
	for i, l := range r.client.loops {
		figures.Late += l.tally.lateBegun
		if r.openShare != nil {
			r.report.Generator.add(r.openShare[i])
		}
	}
	figures.ServerUser, figures.ServerSystem = r.report.serverTimePer(uint64(r.report.Connections.Opened))
	r.report.Connect = figures
	return r.report, err
}
