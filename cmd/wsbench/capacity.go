package main

import (
	"context"
	"time"

	"github.com/sluicegate/sluice/bench"
)

type capacityCommand struct {
	loadFlags
	publishFlags
	Size         int           `default:"64" help:"Payload of a message in bytes, 16 to 1048576 (${default})."`
	Text         bool          `help:"Send text messages instead of binary ones."`
	VerifyRate   float64       `default:"20000" placeholder:"N" help:"Connections to verify per second (${default})."`
	Hold         time.Duration `default:"30s" help:"How long all connections then rest (${default})."`
	PingInterval time.Duration `placeholder:"TIME" help:"Have each connection send a ping so often while it rests, spread evenly. Default: only the server pings."`
	Active       float64       `default:"1" placeholder:"PERCENT" help:"So many of the connections echo messages in the active phase (${default})."`
	Rate         float64       `placeholder:"N" help:"Messages per second that they send. Default: one each."`
	Duration     time.Duration `default:"10s" help:"How long the active phase lasts (${default})."`
}

func (c *capacityCommand) run(ctx context.Context) (*bench.Report, error) {
	return bench.Capacity{
		Load:         c.load(),
		Size:         c.Size,
		Text:         c.Text,
		VerifyRate:   c.VerifyRate,
		Hold:         c.Hold,
		PingInterval: c.PingInterval,
		Active:       c.Active,
		PerSecond:    c.Rate,
		Duration:     c.Duration,
		Publish:      c.publish(),
	}.Run(ctx)
}

// Help is called by kong.
func (c *capacityCommand) Help() string {
	return "The server is to echo. Every connection sends one ping and one message; then all rest; then a share of them is active; " +
		"then, with --publish-url, one message is published to all. The report has CPU, memory and latency of each phase. " +
		"A million connections from one process need --private-fd-tables and enough --loops; what else is missing is said before the run begins."
}
