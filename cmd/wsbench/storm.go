package main

import (
	"context"
	"time"

	"github.com/sluicegate/sluice/bench"
)

type stormCommand struct {
	loadFlags
	Bystanders int           `placeholder:"N" help:"Connections that stay and echo messages. Default: 100, or a tenth of fewer connections."`
	Rate       float64       `placeholder:"N" help:"Messages per second of the bystanders. Default: ten each."`
	Size       int           `default:"64" help:"Payload of a message in bytes, 16 to 1048576 (${default})."`
	Before     time.Duration `default:"3s" help:"How long the bystanders are measured before the storm (${default})."`
	After      time.Duration `default:"3s" help:"How long they are measured after it (${default})."`
	Retry      time.Duration `default:"100ms" help:"When a connection that was refused tries again (${default})."`
	RetryAfter bool          `help:"Have it wait for as long as the server's Retry-After says."`
	Timeout    time.Duration `default:"60s" help:"How long the storm may last (${default})."`
}

func (c *stormCommand) run(ctx context.Context) (*bench.Report, error) {
	return bench.Storm{
		Load:       c.load(),
		Bystanders: c.Bystanders,
		PerSecond:  c.Rate,
		Size:       c.Size,
		Before:     c.Before,
		After:      c.After,
		Retry:      c.Retry,
		RetryAfter: c.RetryAfter,
		Timeout:    c.Timeout,
	}.Run(ctx)
}
