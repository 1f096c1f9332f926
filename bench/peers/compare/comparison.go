package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/bench/peers/internal/certificate"
)

// comparison measures servers in turns, so that a drift of the machine meets
// all of them alike.
type comparison struct {
	servers  []serverSpec
	baseline string            // name of the server that ratios refer to
	path     string            // of the WebSocket URL, unless the cell has one
	secured  bool              // the servers speak TLS
	pathOf   map[string]string // and for one server only
	cpus     cpuList
	tool     loadTool
	load     map[string][]string // flags of the load tool for one server only
	rounds   int
	spare    int   // how many disturbed runs of a cell may be repeated
	limit    noise // a run above it is noisy
	progress io.Writer
}

// round holds one run of each server, in direct succession.
type round struct {
	Figures    map[string][]float64 `json:"figures"`              // by server, in the order of the cell's figures
	Saturated  []string             `json:"saturated,omitempty"`  // servers under which the load tool was at its limit
	Overloaded []string             `json:"overloaded,omitempty"` // servers under which it could not keep its schedule
	Ciphers    map[string]string    `json:"ciphers,omitempty"`    // negotiated, by server; none without TLS
	Noise      noise                `json:"noise"`                // of the worst run
}

// outcome is what came of a cell.
type outcome struct {
	cell     cell
	rounds   []round
	repeated int               // runs, because something disturbed them
	noisy    int               // runs kept although they were noisy
	failed   map[string]string // cause by server; a failed server has no place in rounds

	environment environment // the load tool's
}

// measure runs the rounds of a cell. It returns an error if the baseline
// fails, or with ctx.
func (c *comparison) measure(ctx context.Context, of cell) (*outcome, error) {
	o := &outcome{cell: of, failed: make(map[string]string)}
	for number := range c.rounds {
		r, err := c.round(ctx, o, number)
		if err != nil {
			return nil, err
		}
		o.rounds = append(o.rounds, r)
	}
	for _, r := range o.rounds {
		for name := range o.failed {
			delete(r.Figures, name)
		}
	}
	return o, nil
}

// round runs each server that has not failed once, forwards in even rounds and
// backwards in odd ones: neither end of the order is always first after a pause.
func (c *comparison) round(ctx context.Context, o *outcome, number int) (round, error) {
	r := round{Figures: make(map[string][]float64), Ciphers: make(map[string]string)}
	order := slices.Clone(c.servers)
	if number%2 == 1 {
		slices.Reverse(order)
	}
	fmt.Fprintf(c.progress, "%s: round %d of %d\n", o.cell.title, number+1, c.rounds)
	for _, spec := range order {
		if _, failed := o.failed[spec.Name]; failed {
			continue
		}
		report, n, err := c.undisturbed(ctx, o, spec)
		switch {
		case ctx.Err() != nil:
			return round{}, context.Cause(ctx)
		case err != nil && spec.Name == c.baseline:
			return round{}, fmt.Errorf("baseline %s: %w", spec.Name, err)
		case err != nil:
			o.failed[spec.Name] = err.Error()
			fmt.Fprintf(c.progress, "  %s: left out: %v\n", spec.Name, err)
			continue
		}
		o.environment = report.Environment
		for _, f := range o.cell.figures {
			r.Figures[spec.Name] = append(r.Figures[spec.Name], f.of(report))
		}
		if cipher := report.cipher(); cipher != "" {
			r.Ciphers[spec.Name] = cipher
		}
		if report.Generator.Saturated {
			r.Saturated = append(r.Saturated, spec.Name)
		}
		if report.overloaded() {
			r.Overloaded = append(r.Overloaded, spec.Name)
		}
		if n.exceeds(c.limit) {
			o.noisy++
		}
		r.Noise = r.Noise.worse(n)
	}
	return r, nil
}

// undisturbed runs a server under a cell's load, again while something disturbs
// it and the cell has runs to spare, and returns the last run.
func (c *comparison) undisturbed(ctx context.Context, o *outcome, spec serverSpec) (*report, noise, error) {
	for {
		r, n, err := c.run(ctx, spec, o.cell.with(c.load[spec.Name]))
		if err != nil {
			return nil, noise{}, err
		}
		fmt.Fprintf(c.progress, "  %s: %v\n", spec.Name, n)
		if !n.exceeds(c.limit) && !r.overloaded() || o.repeated >= c.spare {
			return r, n, nil
		}
		o.repeated++
		fmt.Fprintf(c.progress, "  %s: disturbed: again\n", spec.Name)
	}
}

// run starts a server, puts the cell's load on it and stops it.
func (c *comparison) run(ctx context.Context, spec serverSpec, of cell) (r *report, n noise, err error) {
	n, err = c.with(ctx, spec.filled(of.marks()), func(s *server) (toolCPU time.Duration, err error) {
		r, toolCPU, err = c.tool.run(ctx, of, spec.Name, c.url(s, c.pathTo(spec.Name, of)), s.pid())
		return toolCPU, err
	})
	return r, n, err
}

// pathTo is where on a server a cell is measured.
func (c *comparison) pathTo(server string, of cell) string {
	return cmp.Or(c.pathOf[server], of.path, c.path)
}

// url is where a server is loaded.
func (c *comparison) url(s *server, path string) string {
	scheme := "ws://"
	if c.secured {
		scheme = "wss://"
	}
	return scheme + s.address + path
}

// secure has the servers show a certificate, and the load tool trust it.
func (c *comparison) secure(shown certificate.Files) {
	files := strings.NewReplacer("{certificate}", shown.Certificate, "{key}", shown.Key)
	c.secured = true
	c.servers = slices.Clone(c.servers)
	for i, s := range c.servers {
		c.servers[i] = s.filled(files)
	}
	c.tool.more = append(slices.Clone(c.tool.more), "--ca="+shown.Certificate)
}

// with starts a server, has load put on it and stops it. load returns the CPU
// time that the load tool used.
func (c *comparison) with(ctx context.Context, spec serverSpec, load func(*server) (time.Duration, error)) (noise, error) {
	s, err := spec.start(ctx, c.cpus)
	if err != nil {
		return noise{}, err
	}
	defer s.stop()

	before, err := c.look(s.pid())
	if err != nil {
		return noise{}, err
	}
	toolCPU, err := load(s)
	if err != nil {
		return noise{}, s.blame(err)
	}
	after, err := c.look(s.pid())
	if err != nil {
		return noise{}, err
	}
	atServer := noiseOf(after.server.sub(before.server), after.process-before.process)
	atTool := noiseOf(after.tool.sub(before.tool), toolCPU)
	return atServer.worse(atTool), nil
}

// usage is what had been used at one moment.
type usage struct {
	server, tool cpuTimes      // by anyone, on the server's and on the load tool's CPUs
	process      time.Duration // by the server's process
}

func (c *comparison) look(pid int) (usage, error) {
	var u usage
	var err error
	if u.server, err = readCPUTimes(c.cpus); err != nil {
		return usage{}, err
	}
	if u.tool, err = readCPUTimes(c.tool.cpus); err != nil {
		return usage{}, err
	}
	u.process, err = readProcessCPU(pid)
	return u, err
}
