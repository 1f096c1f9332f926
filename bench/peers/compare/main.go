// Command compare runs WebSocket servers side by side and prints what each
// costs as a multiple of one of them, as a Markdown table.
//
// It starts each server pinned to CPUs of its own, lets wsbench load it from
// others, stops it and goes on to the next, round after round. A figure of one
// server on a shared machine is good to 10 or 20 %; the ratio of two servers
// within one round is better, and the median of those ratios better still. That
// median is what the table is for. A run in which the machine was busy with
// something else, or the load tool could not keep its schedule, is repeated.
package main

import (
	"cmp"
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

	"github.com/sluicegate/sluice/bench/peers/internal/certificate"
)

type commandLine struct {
	Echo echoCommand `cmd:"" help:"Compare the CPU time of echoing messages."`
	Idle idleCommand `cmd:"" help:"Compare the memory of connections at rest."`

	Broadcast broadcastCommand `cmd:"" help:"Compare the CPU time of sending messages to all others."`

	Peers peersCommand `cmd:"" help:"Compare servers in everything that the others compare them in, on one page."`

	REST restCommand `cmd:"" name:"rest" help:"Compare what it costs to publish by HTTP to groups of clients."`

	Clients clientsCommand `cmd:"" help:"Compare what clients that are in a group cost, to connect and at rest."`

	Attack attackCommand `cmd:"" help:"Attack one server in each way, and show what well-behaved clients notice."`

	Slow slowCommand `cmd:"" help:"Have some members of a broadcast stop reading, under each policy, and show what the others notice and what the slow ones cost."`

	Capacity capacityCommand `cmd:"" help:"Open a million connections to one server, verify each, and report what they cost and how they are served."`

	Drain drainCommand `cmd:"" help:"Have a second process take the place of a server that holds 20,000 sessions, and report how they end and whether anybody is refused."`

	Storm stormCommand `cmd:"" help:"Drop 50,000 connections at once, and report how they come back and what the server is like afterwards."`
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

// common are the flags of all comparisons.
type common struct {
	Servers []serverSpec `arg:"" name:"server" help:"Servers, each as NAME=COMMAND LINE. The command line is split at white space; in it {broadcast} stands for --broadcast where servers are to broadcast, and for nothing elsewhere. A server must print \"listening on ADDRESS\"."`

	Connections int               `help:"Connections to each server." default:"1000"`
	Rounds      int               `help:"How often each server is measured." default:"5"`
	SpareRuns   int               `help:"How many disturbed runs may be repeated in each table." default:"10"`
	Load        map[string]string `help:"More flags of the load tool for one server only; may be repeated. They are split at white space." mapsep:"none" placeholder:"NAME=FLAGS"`
	PathOf      map[string]string `help:"Path of the WebSocket URL for one server only; may be repeated." mapsep:"none" placeholder:"NAME=PATH"`
	Baseline    string            `help:"Server that the others are compared with. Default: the first."`
	JSON        string            `name:"json" help:"File to write all figures to, as JSON." type:"path"`
	TLS         bool              `name:"tls" help:"Speak TLS. A certificate is made for the time of the comparison; {certificate} and {key} in the command lines stand for its PEM files."`
	place
}

// place are the flags that say where servers and load tool run.
type place struct {
	Path       string   `help:"Path of the WebSocket URL." default:"/echo"`
	ServerCPUs cpuList  `name:"server-cpus" help:"CPUs that servers run on." default:"0"`
	ClientCPUs cpuList  `name:"client-cpus" help:"CPUs that the load tool runs on." default:"1"`
	Wsbench    string   `help:"Load tool to run." default:"wsbench"`
	ToolFlag   []string `help:"Flag to pass on to the load tool; may be repeated." sep:"none"`
	tolerance
}

// tolerance are the flags that say which runs are noisy.
type tolerance struct {
	MaxSteal  float64 `help:"Share of CPU time, 0 to 1, that the hypervisor may take before a run is noisy." default:"0.05"`
	MaxOthers float64 `help:"Share of CPU time, 0 to 1, that other processes may take before a run is noisy." default:"0.10"`
}

func (t tolerance) limit() noise { return noise{Steal: t.MaxSteal, Others: t.MaxOthers} }

// Validate is called by kong.
func (p *place) Validate() error {
	return apart(p.ServerCPUs, p.ClientCPUs)
}

// apart returns an error for each CPU that servers and clients would share.
func apart(servers, clients cpuList) error {
	var faults []error
	for _, cpu := range servers {
		if slices.Contains(clients, cpu) {
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
		limit:    p.limit(),
		progress: os.Stderr,
	}
}

// setting says where a run took place, on one line.
func (p *place) setting(e environment) string {
	text := fmt.Sprintf("Linux %s, server on CPU %v, load tool on CPU %v", e.Kernel, p.ServerCPUs, p.ClientCPUs)
	if e.Commit != "" {
		text += ", commit " + e.Commit
	}
	return text
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
	check(c.SpareRuns >= 0, "--spare-runs %d: must not be negative", c.SpareRuns)
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

func (c *common) names() []string { return namesOf(c.Servers) }

// compare measures cell after cell and writes each table when it is complete.
func (c *common) compare(ctx context.Context, cells []cell) error {
	return c.measure(ctx, cells, func(s *summary) error { return writeTable(os.Stdout, s) })
}

// measure measures cell after cell and hands on what came of each.
func (c *common) measure(ctx context.Context, cells []cell, done func(*summary) error) error {
	if err := raiseDescriptorLimit(); err != nil {
		return err
	}
	run := c.comparison()
	run.servers, run.baseline = c.Servers, c.baseline()
	run.rounds, run.spare = c.Rounds, c.SpareRuns
	run.pathOf = c.PathOf
	run.load = make(map[string][]string)
	for name, flags := range c.Load {
		run.load[name] = strings.Fields(flags)
	}
	if c.TLS {
		dir, err := os.MkdirTemp("", "compare-tls-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		shown, err := certificate.New(dir)
		if err != nil {
			return fmt.Errorf("certificate: %w", err)
		}
		run.secure(shown)
	}
	all := document{Started: time.Now().UTC(), Servers: c.Servers}
	for _, of := range cells {
		if run.secured {
			of.title += ", TLS"
		}
		o, err := run.measure(ctx, of)
		if err != nil {
			return err
		}
		s := summarize(o, c.names(), run.baseline)
		if err := done(s); err != nil {
			return err
		}
		all.Tables = append(all.Tables, s)
		if err := all.save(c.JSON); err != nil {
			return err
		}
	}
	return nil
}

// baseline is the name of the server that the others are compared with.
func (c *common) baseline() string { return cmp.Or(c.Baseline, c.Servers[0].Name) }

// document is what --json writes.
type document struct {
	Started time.Time    `json:"started"`
	Servers []serverSpec `json:"servers"`
	Tables  []*summary   `json:"tables"`
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
