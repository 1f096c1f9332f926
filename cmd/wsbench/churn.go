package main

import (
	"context"
	"time"

	"github.com/sluicegate/sluice/bench"
)

type churnCommand struct {
	loadFlags
	churnFlags
	Lifetime time.Duration `default:"10s" help:"How long a connection is open on average (${default})."`
	Rate     float64       `placeholder:"N" help:"Messages per second over all connections. Default: none."`
	Duration time.Duration `default:"10s" help:"How long figures are taken (${default})."`
}

// churnFlags are what churn and soak have in common.
type churnFlags struct {
	Distribution string        `default:"exponential" enum:"exponential,uniform,constant" help:"That of lifetimes: exponential, uniform or constant (${default})."`
	Abrupt       float64       `placeholder:"PERCENT" help:"So many leave with a reset instead of a close frame. Default: none."`
	Pause        time.Duration `placeholder:"TIME" help:"How long one is away before it comes back. Default: no time."`
	Size         int           `default:"64" help:"Payload of a message in bytes, 16 to 1048576 (${default})."`
}

func (f *churnFlags) churn(load bench.Load) bench.Churn {
	return bench.Churn{Load: load, Distribution: f.Distribution, Abrupt: f.Abrupt, Pause: f.Pause, Size: f.Size}
}

func (c *churnCommand) run(ctx context.Context) (*bench.Report, error) {
	churn := c.churn(c.load())
	churn.Lifetime, churn.PerSecond, churn.Duration = c.Lifetime, c.Rate, c.Duration
	return churn.Run(ctx)
}

type soakCommand struct {
	loadFlags
	churnFlags
	Lifetime time.Duration `default:"1m" help:"How long a connection is open on average (${default})."`
	Rate     float64       `placeholder:"N" help:"Messages per second over all connections. Default: one of each in ten seconds."`
	Duration time.Duration `default:"1h" help:"How long it takes (${default})."`
}

func (c *soakCommand) run(ctx context.Context) (*bench.Report, error) {
	soak := bench.Soak{Churn: c.churn(c.load())}
	soak.Lifetime, soak.PerSecond, soak.Duration = c.Lifetime, c.Rate, c.Duration
	return soak.Run(ctx)
}
