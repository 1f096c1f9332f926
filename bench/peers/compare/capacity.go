package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

type capacityCommand struct {
	crowd      `embed:"" set:"connections=1000000"`
	VerifyRate float64       `help:"Connections to verify per second." default:"20000"`
	Hold       time.Duration `help:"How long all connections rest." default:"60s"`
	Duration   time.Duration `help:"How long some of them are active." default:"20s"`
	Publish    string        `help:"Path at which the server publishes what is POSTed to all connections. Default: nothing is published." placeholder:"PATH"`
}

// Validate is called by kong.
func (c *capacityCommand) Validate() error {
	faults := []error{c.crowd.Validate()}
	if c.VerifyRate <= 0 {
		faults = append(faults, fmt.Errorf("--verify-rate %v: must be above 0", c.VerifyRate))
	}
	return errors.Join(faults...)
}

func (c *capacityCommand) Run(ctx context.Context) error {
	run, err := c.prepare()
	if err != nil {
		return err
	}
	text, err := c.measure(ctx, &run)
	if err != nil {
		return err
	}
	if err := c.save(text); err != nil {
		return err
	}
	r, err := parseCapacityReport(text)
	if err != nil {
		return err
	}
	if err := r.write(os.Stdout, c.Server.Name, c.place); err != nil {
		return err
	}
	return r.complete()
}

// measure returns the load tool's JSON document.
func (c *capacityCommand) measure(ctx context.Context, run *comparison) (text []byte, err error) {
	_, err = c.gather(ctx, run, c.takes(), func(s *server) (used time.Duration, err error) {
		text, used, err = run.tool.execute(ctx, c.arguments(run.url(s, run.path), s.address), s.pid(), c.takes())
		return used, err
	})
	return text, err
}

// takes is how long a run takes at a rate of some 10,000 connections a second,
// which it need not reach.
func (c *capacityCommand) takes() time.Duration {
	seconds := float64(c.Connections)/10_000 + float64(c.Connections)/c.VerifyRate
	return time.Duration(seconds*float64(time.Second)) + c.Hold + c.Duration
}

func (c *capacityCommand) arguments(url, address string) []string {
	arguments := append(c.crowd.arguments("capacity", url),
		"--text", // what is published over HTTP is
		fmt.Sprintf("--verify-rate=%v", c.VerifyRate),
		fmt.Sprintf("--hold=%v", c.Hold),
		fmt.Sprintf("--duration=%v", c.Duration),
	)
	if c.Publish != "" {
		arguments = append(arguments, "--publish-url=http://"+address+c.Publish)
	}
	return arguments
}
