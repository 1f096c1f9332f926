package main

import (
	"context"
	"time"

	"github.com/sluicegate/sluice/bench"
)

type echoCommand struct {
	loadFlags
	Size     int           `default:"64" help:"Payload of a message in bytes, 16 to 1048576 (${default})."`
	InFlight int           `default:"1" help:"Messages outstanding on each connection (${default})."`
	Text     bool          `help:"Send text messages instead of binary ones."`
	Warmup   time.Duration `default:"2s" zero:"none" help:"How long to run before figures are taken (${default})."`
	Duration time.Duration `default:"10s" help:"How long figures are taken (${default})."`
}

func (c *echoCommand) run(ctx context.Context) (*bench.Report, error) {
	return bench.Echo{
		Load:     c.load(),
		Size:     c.Size,
		InFlight: c.InFlight,
		Text:     c.Text,
		Warmup:   c.Warmup,
		Duration: c.Duration,
	}.Run(ctx)
}
