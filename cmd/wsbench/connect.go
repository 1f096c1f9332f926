package main

import (
	"context"
	"time"

	"github.com/sluicegate/sluice/bench"
)

type connectCommand struct {
	loadFlags
	Hold time.Duration `default:"0s" zero:"none" help:"How long to hold the connections once all are open (${default})."`
}

func (c *connectCommand) run(ctx context.Context) (*bench.Report, error) {
	return bench.Connect{Load: c.load(), Hold: c.Hold}.Run(ctx)
}

// Help is called by kong.
func (c *connectCommand) Help() string {
	return "--connect-rate says how many connections begin per second, and --connect-ramp how long it takes to get there."
}
