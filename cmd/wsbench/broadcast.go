package main

import (
	"context"
	"fmt"
	"time"

	"github.com/sluicegate/sluice/bench"
)

type broadcastCommand struct {
	loadFlags
	publishingFlags
}

func (c *broadcastCommand) run(ctx context.Context) (*bench.Report, error) {
	return bench.Broadcast{Load: c.load(), Publishing: c.publishing()}.Run(ctx)
}

// publishingFlags are the flags of bench.Publishing.
type publishingFlags struct {
	publishFlags
	Size     int           `default:"128" help:"Payload of a message in bytes, 16 to 1048576 (${default})."`
	Text     bool          `help:"Send text messages instead of binary ones."`
	Rate     float64       `xor:"pace" placeholder:"N" help:"Messages per second, whatever the server does. Default: a closed loop."`
	Burst    int           `default:"1" placeholder:"K" help:"Messages that are due at once, with --rate or --every (${default})."`
	Every    time.Duration `placeholder:"TIME" xor:"pace" help:"Time from one burst to the next, instead of --rate."`
	Spread   time.Duration `placeholder:"TIME" help:"Time that a burst takes. Default: none, all its messages are due at once."`
	InFlight int           `default:"1" placeholder:"N" help:"Messages of a closed loop that are on their way at once (${default})."`
	Slow     float64       `placeholder:"PERCENT" help:"So many of the members stop reading until the end."`
	Rest     time.Duration `placeholder:"TIME" help:"How long to leave all members alone before publishing, and after: for what a server gives back."`
	Warmup   time.Duration `default:"2s" zero:"none" help:"How long to publish before figures are taken (${default})."`
	Duration time.Duration `default:"10s" help:"How long figures are taken (${default})."`
}

// Validate is called by kong.
func (f *publishingFlags) Validate() error {
	if f.Every < 0 {
		return fmt.Errorf("--every: %v: must not be negative", f.Every)
	}
	return nil
}

func (f *publishingFlags) publishing() bench.Publishing {
	p := bench.Publishing{
		Size:      f.Size,
		Text:      f.Text,
		PerSecond: f.Rate,
		Burst:     f.Burst,
		Spread:    f.Spread,
		InFlight:  f.InFlight,
		Slow:      f.Slow,
		Publish:   f.publish(),
		Rest:      f.Rest,
		Warmup:    f.Warmup,
		Duration:  f.Duration,
	}
	if f.Every > 0 {
		p.PerSecond = float64(f.Burst) / f.Every.Seconds()
	}
	return p
}
