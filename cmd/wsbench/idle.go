package main

import (
	"context"
	"time"

	"github.com/sluicegate/sluice/bench"
)

type idleCommand struct {
	loadFlags
	Exchange bool          `help:"Have one message of each connection echoed before it rests. With --compression always."`
	Hold     time.Duration `default:"10s" help:"How long to hold the connections once all are open (${default})."`
}

func (c *idleCommand) run(ctx context.Context) (*bench.Report, error) {
	return bench.Idle{Load: c.load(), Exchange: c.Exchange, Hold: c.Hold}.Run(ctx)
}
