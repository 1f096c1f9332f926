package main

import (
	"context"
	"time"

	"github.com/sluicegate/sluice/bench"
)

type rateCommand struct {
	loadFlags
	openLoopFlags
	Text     bool          `help:"Send text messages instead of binary ones."`
	Warmup   time.Duration `default:"2s" zero:"none" help:"How long to run before figures are taken (${default})."`
	Duration time.Duration `default:"10s" help:"How long figures are taken (${default})."`
}

// openLoopFlags say how much an open loop sends.
type openLoopFlags struct {
	Rate float64 `default:"1000" placeholder:"N" help:"Messages per second over all connections, whatever the server does (${default})."`
	Size int     `default:"64" help:"Payload of a message in bytes, 16 to 1048576 (${default})."`
}

func (c *rateCommand) run(ctx context.Context) (*bench.Report, error) {
	return bench.Rate{
		Load:      c.load(),
		PerSecond: c.Rate,
		Size:      c.Size,
		Text:      c.Text,
		Warmup:    c.Warmup,
		Duration:  c.Duration,
	}.Run(ctx)
}
