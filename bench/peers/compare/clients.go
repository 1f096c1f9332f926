package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

type clientsCommand struct {
	pubSub
	Connections int           `help:"Clients of each server, all in one group." default:"10000"`
	Rest        time.Duration `help:"How long the clients rest before memory is read again. They answer pings meanwhile." default:"75s"`
}

// Validate is called by kong.
func (c *clientsCommand) Validate() error {
	faults := []error{c.pubSub.Validate()}
	if c.Connections < 1 {
		faults = append(faults, fmt.Errorf("--connections %d: must be 1 or more", c.Connections))
	}
	if c.Rest < 0 {
		faults = append(faults, fmt.Errorf("--rest %v: must not be negative", c.Rest))
	}
	return errors.Join(faults...)
}

// Run measures what clients cost, in rounds, and writes the table.
func (c *clientsCommand) Run(ctx context.Context) error {
	if err := c.prepare(); err != nil {
		return err
	}
	runs, err := c.measure(ctx, os.Stderr, 1, func(_ int, spec serverSpec) ([]float64, error) {
		s, err := spec.start(ctx, c.ServerCPUs)
		if err != nil {
			return nil, err
		}
		defer s.stop()
		figures, err := c.keep(ctx, s.pid(), s.address, c.protocolOf(spec.Name))
		if err != nil {
			return nil, s.blame(err)
		}
		return figures, nil
	})
	if err != nil {
		return err
	}
	_, err = os.Stdout.WriteString(c.table(runs[0]))
	return err
}

// keep connects the clients to the server process pid, lets them rest, and sees
// that each is still in its group.
func (c *clientsCommand) keep(ctx context.Context, pid int, address string, speaks protocol) ([]float64, error) {
	// What the server runs for the first time is no client's cost.
	p, err := openPublishing(ctx, address, speaks, restRow{groups: 1, members: 1})
	if err != nil {
		return nil, err
	}
	defer p.close()
	if err := p.publishOnce(ctx, p.topics[0]); err != nil {
		return nil, err
	}
	before, err := readFootprint(pid)
	if err != nil {
		return nil, err
	}
	for range c.Connections {
		if err := p.join(ctx, p.topics[0].audience); err != nil {
			return nil, err
		}
	}
	joined, err := readFootprint(pid)
	if err != nil {
		return nil, err
	}
	if err := pause(ctx, c.Rest); err != nil {
		return nil, err
	}
	rested, err := readFootprint(pid)
	if err != nil {
		return nil, err
	}
	if err := p.publishOnce(ctx, p.topics[0]); err != nil {
		return nil, err
	}
	each := float64(c.Connections)
	return []float64{
		float64(joined.rss-before.rss) / each,
		float64(rested.rss-before.rss) / each,
		(joined.cpu - before.cpu).Seconds() * 1e6 / each,
	}, p.failed()
}

// table writes medians as Markdown.
func (c *clientsCommand) table(rounds []round) string {
	t := ratioTable{servers: c.names(), figures: []ratioColumn{{"RSS B/client at once", 0}, {fmt.Sprintf("RSS B/client after %v", c.Rest), 0}, {"connect CPU µs/client", 1}}}
	fmt.Fprintf(&t.text, "### clients: %d, each with a token, a user and one group\n\n", c.Connections)
	t.head()
	t.add(nil, rounds)
	return t.end("Clients connect one after another. In the end each has received a message that was published to the group.", rounds)
}

// footprint is what a process has taken.
type footprint struct {
	rss int64 // bytes
	cpu time.Duration
}

func readFootprint(pid int) (f footprint, err error) {
	if f.rss, err = readProcessRSS(pid); err != nil {
		return f, err
	}
	f.cpu, err = readProcessCPU(pid)
	return f, err
}
