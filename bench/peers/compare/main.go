// Command compare runs WebSocket servers side by side and prints what each
// costs as a multiple of one of them, as a Markdown table.
//
// It starts each server pinned to CPUs of its own, lets wsbench load it from
// others, stops it and goes on to the next, round after round. A figure of one
// server on a shared machine is good to 10 or 20 %; the ratio of two servers
// within one round is better, and the median of those ratios better still. That
// median is what the table is for. Rounds in which the machine was busy with
// something else are repeated.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

type commandLine struct {
	Echo echoCommand `cmd:"" help:"Compare the CPU time of echoing messages."`
	Idle idleCommand `cmd:"" help:"Compare the memory of connections at rest."`

	Broadcast broadcastCommand `cmd:"" help:"Compare the CPU time of sending messages to all others."`

	Attack attackCommand `cmd:"" help:"Attack one server in each way, and show what well-behaved clients notice."`

	Capacity capacityCommand `cmd:"" help:"Open a million connections to one server, verify each, and report what they cost and how they are served."`
}

func main() {
	var line commandLine
	command := kong.Parse(&line,
		kong.Name("compare"),
		kong.Description("Runs WebSocket servers side by side and compares what they cost."),
		kong.UsageOnError(),
	)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	command.BindTo(ctx, (*context.Context)(nil))
	command.FatalIfErrorf(command.Run())
}

type echoCommand struct {
	common
	InFlight []int         `help:"Messages of one connection that are outstanding; each value makes a table." default:"1,8"`
	Size     []int         `help:"Payload of a message in bytes; each value makes a table." default:"64"`
	Duration time.Duration `help:"How long each run is measured." default:"5s"`
	Warmup   time.Duration `help:"How long each run loads the server before that." default:"1s"`
}

func (e *echoCommand) Run(ctx context.Context) error {
	var cells []cell
	for _, size := range e.Size {
		for _, inFlight := range e.InFlight {
			cells = append(cells, cell{
				title:    fmt.Sprintf("echo: %d connections × %d B, %d in flight", e.Connections, size, inFlight),
				scenario: "echo",
				flags: []string{
					fmt.Sprintf("--connections=%d", e.Connections),
					fmt.Sprintf("--size=%d", size),
					fmt.Sprintf("--in-flight=%d", inFlight),
					fmt.Sprintf("--duration=%v", e.Duration),
					fmt.Sprintf("--warmup=%v", e.Warmup),
				},
				takes:   e.Duration + e.Warmup,
				figures: echoFigures,
			})
		}
	}
	return e.compare(ctx, cells)
}

type idleCommand struct {
	common
	Hold       time.Duration `help:"How long the connections rest before memory is read again." default:"3s"`
	Compressed []string      `help:"Server that each connection exchanges a compressed message with first; may be repeated." sep:"none"`
}

// Validate is called by kong.
func (i *idleCommand) Validate() error {
	for _, name := range i.Compressed {
		if !slices.Contains(i.names(), name) {
			return fmt.Errorf("--compressed %q: is not among the servers %v", name, i.names())
		}
	}
	return i.common.Validate()
}

func (i *idleCommand) Run(ctx context.Context) error {
	flagsOf := make(map[string][]string)
	for _, name := range i.Compressed {
		flagsOf[name] = []string{"--compression"}
	}
	return i.compare(ctx, []cell{{
		title:    fmt.Sprintf("idle: %d connections", i.Connections),
		scenario: "idle",
		flags:    []string{fmt.Sprintf("--connections=%d", i.Connections), fmt.Sprintf("--hold=%v", i.Hold)},
		flagsOf:  flagsOf,
		takes:    i.Hold,
		figures:  idleFigures,
	}})
}

// common are the flags of all comparisons.
type common struct {
	Servers []serverSpec `arg:"" name:"server" help:"Servers, each as NAME=COMMAND LINE. The command line is split at white space. A server must print \"listening on ADDRESS\"."`

	Connections int               `help:"Connections to each server." default:"1000"`
	Rounds      int               `help:"How often each server is measured." default:"5"`
	SpareRounds int               `help:"How many noisy rounds may be repeated in each table." default:"5"`
	Load        map[string]string `help:"More flags of the load tool for one server only; may be repeated. They are split at white space." mapsep:"none" placeholder:"NAME=FLAGS"`
	PathOf      map[string]string `help:"Path of the WebSocket URL for one server only; may be repeated." mapsep:"none" placeholder:"NAME=PATH"`
	Baseline    string            `help:"Server that the others are compared with. Default: the first."`
	JSON        string            `name:"json" help:"File to write all figures to, as JSON." type:"path"`
	place
}

// place are the flags that say where servers and load tool run.
type place struct {
	Path       string   `help:"Path of the WebSocket URL." default:"/echo"`
	ServerCPUs cpuList  `name:"server-cpus" help:"CPUs that servers run on." default:"0"`
	ClientCPUs cpuList  `name:"client-cpus" help:"CPUs that the load tool runs on." default:"1"`
	MaxSteal   float64  `help:"Share of CPU time, 0 to 1, that the hypervisor may take before a round is noisy." default:"0.05"`
	MaxOthers  float64  `help:"Share of CPU time, 0 to 1, that other processes may take before a round is noisy." default:"0.10"`
	Wsbench    string   `help:"Load tool to run." default:"wsbench"`
	ToolFlag   []string `help:"Flag to pass on to the load tool; may be repeated." sep:"none"`
}

// Validate is called by kong.
func (p *place) Validate() error {
	var faults []error
	for _, cpu := range p.ServerCPUs {
		if slices.Contains(p.ClientCPUs, cpu) {
			faults = append(faults, fmt.Errorf("CPU %d is in --server-cpus and --client-cpus: server and load tool need CPUs of their own", cpu))
		}
	}
	return errors.Join(faults...)
}

// comparison returns one that runs there, without servers.
func (p *place) comparison() comparison {
	return comparison{
		path:     p.Path,
		cpus:     p.ServerCPUs,
		tool:     loadTool{path: p.Wsbench, cpus: p.ClientCPUs, more: p.ToolFlag},
		limit:    noise{Steal: p.MaxSteal, Others: p.MaxOthers},
		progress: os.Stderr,
	}
}

// Validate is called by kong.
func (c *common) Validate() error {
	names := c.names()
	faults := []error{c.place.Validate()}
	check := func(good bool, format string, arguments ...any) {
		if !good {
			faults = append(faults, fmt.Errorf(format, arguments...))
		}
	}
	check(c.Connections > 0, "--connections %d: must be 1 or more", c.Connections)
	check(c.Rounds > 0, "--rounds %d: must be 1 or more", c.Rounds)
	check(c.SpareRounds >= 0, "--spare-rounds %d: must not be negative", c.SpareRounds)
	check(c.Baseline == "" || slices.Contains(names, c.Baseline), "--baseline %q: is not among the servers %v", c.Baseline, names)
	for name := range c.Load {
		check(slices.Contains(names, name), "--load %s: is not among the servers %v", name, names)
	}
	for name := range c.PathOf {
		check(slices.Contains(names, name), "--path-of %s: is not among the servers %v", name, names)
	}
	for i, name := range names {
		check(!slices.Contains(names[:i], name), "server %q: is named twice", name)
	}
	return errors.Join(faults...)
}

func (c *common) names() []string {
	names := make([]string, len(c.Servers))
	for i, s := range c.Servers {
		names[i] = s.Name
	}
	return names
}

// compare measures cell after cell and writes each table when it is complete.
func (c *common) compare(ctx context.Context, cells []cell) error {
	if err := raiseDescriptorLimit(); err != nil {
		return err
	}
	baseline := c.Baseline
	if baseline == "" {
		baseline = c.Servers[0].Name
	}
	run := c.comparison()
	run.servers, run.baseline = c.Servers, baseline
	run.rounds, run.spare, run.pathOf = c.Rounds, c.SpareRounds, c.PathOf
	run.load = make(map[string][]string)
	for name, flags := range c.Load {
		run.load[name] = strings.Fields(flags)
	}
	all := document{Started: time.Now().UTC(), Servers: c.Servers}
	for _, of := range cells {
		o, err := run.measure(ctx, of)
		if err != nil {
			return err
		}
		s := summarize(o, c.names(), baseline)
		if err := writeTable(os.Stdout, s); err != nil {
			return err
		}
		all.FigureNames = s.FigureNames()
		all.Tables = append(all.Tables, s)
		if err := all.save(c.JSON); err != nil {
			return err
		}
	}
	return nil
}

// document is what --json writes.
type document struct {
	Started     time.Time    `json:"started"`
	Servers     []serverSpec `json:"servers"`
	FigureNames []string     `json:"figureNames"`
	Tables      []*summary   `json:"tables"`
}

// save writes the document to path, unless that is empty.
func (d document) save(path string) error {
	if path == "" {
		return nil
	}
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// raiseDescriptorLimit lets the children open as many connections as the system
// allows: a server that is not written in Go keeps the soft limit it is given.
func raiseDescriptorLimit() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("getrlimit: %w", err)
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("setrlimit: %w", err)
	}
	return nil
}
