package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// pubSub are the flags of comparisons of servers that have groups and are
// published to by HTTP.
type pubSub struct {
	Servers []serverSpec `arg:"" name:"server" help:"Servers, each as NAME=COMMAND LINE. Others are compared with the first. One that does not print \"listening on ADDRESS\" takes {port}, which stands for a free port of 127.0.0.1."`

	Protocol   map[string]string `help:"Protocol of one server, webpubsub or centrifugo; may be repeated. Default: webpubsub, with the hub chat." mapsep:"none" placeholder:"NAME=PROTOCOL"`
	AccessKey  string            `required:"" help:"Access key of the servers, for requests and tokens."`
	Rounds     int               `help:"How often each row is measured." default:"3"`
	SpareRuns  int               `help:"How many disturbed runs may be repeated." default:"10"`
	ServerCPUs cpuList           `name:"server-cpus" help:"CPUs that servers run on." default:"0"`
	ClientCPUs cpuList           `name:"client-cpus" help:"CPUs that publishers and members run on." default:"1"`
	tolerance
}

// protocols make those that --protocol names, of a server's access key.
var protocols = map[string]func(key string) protocol{
	"webpubsub":  func(key string) protocol { return webPubSub{key} },
	"centrifugo": func(key string) protocol { return centrifugo{key} },
}

// Validate is called by kong.
func (p *pubSub) Validate() error {
	faults := []error{apart(p.ServerCPUs, p.ClientCPUs)}
	check := func(good bool, format string, arguments ...any) {
		if !good {
			faults = append(faults, fmt.Errorf(format, arguments...))
		}
	}
	names := p.names()
	check(p.Rounds > 0, "--rounds %d: must be 1 or more", p.Rounds)
	check(p.SpareRuns >= 0, "--spare-runs %d: must not be negative", p.SpareRuns)
	for i, name := range names {
		check(!slices.Contains(names[:i], name), "server %q: is named twice", name)
	}
	for name, speaks := range p.Protocol {
		check(slices.Contains(names, name), "--protocol %s: is not among the servers %v", name, names)
		check(protocols[speaks] != nil, "--protocol %s=%s: is not among %v", name, speaks, slices.Sorted(maps.Keys(protocols)))
	}
	return errors.Join(faults...)
}

func (p *pubSub) names() []string { return namesOf(p.Servers) }

// protocolOf is what to speak with a server.
func (p *pubSub) protocolOf(server string) protocol {
	return protocols[cmp.Or(p.Protocol[server], "webpubsub")](p.AccessKey)
}

// prepare makes this process the clients.
func (p *pubSub) prepare() error {
	if err := raiseDescriptorLimit(); err != nil {
		return err
	}
	return p.ClientCPUs.settle()
}

// measure measures each row with each server, row after row in each round, and
// returns the rounds of each row. The servers follow each other as in a comparison,
// and a run that something disturbed is repeated as there.
func (p *pubSub) measure(ctx context.Context, progress io.Writer, rows int, of func(row int, spec serverSpec) ([]float64, error)) ([][]round, error) {
	all := make([][]round, rows)
	order, spare := slices.Clone(p.Servers), p.SpareRuns
	for number := range p.Rounds {
		for row := range rows {
			r := round{Figures: make(map[string][]float64)}
			for i := 0; i < len(order); i++ {
				spec := order[i]
				fmt.Fprintf(progress, "round %d of %d: row %d of %d: %s: ", number+1, p.Rounds, row+1, rows, spec.Name)
				figures, n, err := p.heard(func() ([]float64, error) { return of(row, spec) })
				if ctx.Err() != nil {
					err = context.Cause(ctx)
				}
				if err != nil {
					fmt.Fprintln(progress, "failed")
					return nil, fmt.Errorf("row %d: %s: %w", row+1, spec.Name, err)
				}
				fmt.Fprintf(progress, "%.4g, %v\n", figures, n)
				if n.exceeds(p.limit()) && spare > 0 {
					fmt.Fprintln(progress, "  disturbed: again")
					spare--
					i--
					continue
				}
				r.Figures[spec.Name], r.Noise = figures, r.Noise.worse(n)
			}
			all[row] = append(all[row], r)
		}
		slices.Reverse(order)
	}
	return all, nil
}

// heard returns what came of a run, which starts a server and ends it, and how noisy it
// was.
func (p *pubSub) heard(run func() ([]float64, error)) ([]float64, noise, error) {
	before, err := p.look()
	if err != nil {
		return nil, noise{}, err
	}
	figures, err := run()
	if err != nil {
		return nil, noise{}, err
	}
	after, err := p.look()
	if err != nil {
		return nil, noise{}, err
	}
	atServer := noiseOf(after.server.sub(before.server), after.process-before.process)
	atClients := noiseOf(after.tool.sub(before.tool), after.own-before.own)
	return figures, atServer.worse(atClients), nil
}

// spent is what has been used up to a moment. The process is all servers that have
// ended, and the tool is this process.
type spent struct {
	usage
	own time.Duration
}

func (p *pubSub) look() (s spent, err error) {
	if s.server, err = readCPUTimes(p.ServerCPUs); err != nil {
		return s, err
	}
	if s.tool, err = readCPUTimes(p.ClientCPUs); err != nil {
		return s, err
	}
	if s.process, err = cpuOf(unix.RUSAGE_CHILDREN); err != nil {
		return s, err
	}
	s.own, err = cpuOf(unix.RUSAGE_SELF)
	return s, err
}

// cpuOf returns the user and system time of this process, or of its children that have
// ended.
func cpuOf(whom int) (time.Duration, error) {
	var u unix.Rusage
	if err := unix.Getrusage(whom, &u); err != nil {
		return 0, fmt.Errorf("getrusage: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}
