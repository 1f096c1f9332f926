package main

import (
	"context"
	"time"

	"github.com/sluicegate/sluice/bench"
)

type idleCommand struct {
	loadFlags
	Hold time.Duration `default:"10s" help:"How long to hold the connections once all are open (${default})."`
}

func (c *idleCommand) run(ctx context.Context) (*bench.Report, error) {
	return bench.Idle{Load: c.load(), Hold: c.Hold}.Run(ctx)
}
