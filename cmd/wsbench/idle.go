package main

import (
	"context"
	"time"

	"github.com/sluicegate/sluice/bench"
)

type idleCommand struct {
	loadFlags
	Rooms    int           `default:"1" placeholder:"N" help:"Rooms that the connections take in turn; {room} in the URL stands for the name of one (${default})."`
	Exchange bool          `help:"Have one message of each connection echoed before it rests. With --compression always."`
	Hold     time.Duration `default:"10s" zero:"none" help:"How long to hold the connections once all are open (${default})."`
}

func (c *idleCommand) run(ctx context.Context) (*bench.Report, error) {
	return bench.Idle{Load: c.load(), Rooms: c.Rooms, Exchange: c.Exchange, Hold: c.Hold}.Run(ctx)
}
