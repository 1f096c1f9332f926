package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

type capacityCommand struct {
	Server serverSpec `arg:"" help:"Server, as NAME=COMMAND LINE, in which {connections} and {loops} stand for their numbers. It must echo and print \"listening on ADDRESS\"."`

	Connections int           `help:"Connections to open." default:"1000000"`
	Loops       int           `help:"Event loops of the load tool and of the server, each with a descriptor table of its own. Default: as many as RLIMIT_NOFILE asks for."`
	Check       string        `help:"Command to run first; where it fails, nothing else is run. {connections} and {loops} stand for their numbers." placeholder:"COMMAND LINE"`
	VerifyRate  float64       `help:"Connections to verify per second." default:"20000"`
	Hold        time.Duration `help:"How long all connections rest." default:"60s"`
	Duration    time.Duration `help:"How long some of them are active." default:"20s"`
	Publish     string        `help:"Path at which the server publishes what is POSTed to all connections. Default: nothing is published." placeholder:"PATH"`
	JSON        string        `name:"json" help:"File for the load tool's JSON document." type:"path"`
	place
}

// Validate is called by kong.
func (c *capacityCommand) Validate() error {
	faults := []error{c.place.Validate()}
	if c.Connections < 1 {
		faults = append(faults, fmt.Errorf("--connections %d: must be 1 or more", c.Connections))
	}
	if c.Loops < 0 {
		faults = append(faults, fmt.Errorf("--loops %d: must not be negative", c.Loops))
	}
	if c.VerifyRate <= 0 {
		faults = append(faults, fmt.Errorf("--verify-rate %v: must be above 0", c.VerifyRate))
	}
	return errors.Join(faults...)
}

func (c *capacityCommand) Run(ctx context.Context) error {
	if err := raiseDescriptorLimit(); err != nil {
		return err
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("getrlimit: %w", err)
	}
	run := c.comparison()
	text, err := c.measure(ctx, &run, limit.Cur)
	if err != nil {
		return err
	}
	if c.JSON != "" {
		if err := os.WriteFile(c.JSON, text, 0o644); err != nil {
			return err
		}
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

// tableFill is how much of a descriptor table the connections may take on
// average. The kernel spreads them over a server's listeners by a hash, not
// evenly.
const tableFill = 0.9

// loopsFor returns how many descriptor tables of that size hold the connections.
func loopsFor(connections int, table uint64) int {
	room := max(1, int(float64(table)*tableFill))
	return (connections + room - 1) / room
}

// measure starts the server, has the load tool examine it and stops it. It
// returns the load tool's JSON document.
func (c *capacityCommand) measure(ctx context.Context, run *comparison, table uint64) (text []byte, err error) {
	loops := c.Loops
	if loops == 0 {
		loops = loopsFor(c.Connections, table)
	}
	numbers := strings.NewReplacer("{connections}", strconv.Itoa(c.Connections), "{loops}", strconv.Itoa(loops))
	if err := check(ctx, strings.Fields(numbers.Replace(c.Check))); err != nil {
		return nil, err
	}
	fmt.Fprintf(run.progress, "%d connections on %d loops: some %v\n", c.Connections, loops, c.takes().Round(time.Second))
	n, err := run.with(ctx, c.Server.with(numbers), func(s *server) (used time.Duration, err error) {
		text, used, err = run.tool.execute(ctx, c.arguments(run.url(s), s.address, loops), s.pid(), c.takes())
		return used, err
	})
	fmt.Fprintln(run.progress, n)
	return text, err
}

// takes is how long a run takes at a rate of some 10,000 connections a second,
// which it need not reach.
func (c *capacityCommand) takes() time.Duration {
	seconds := float64(c.Connections)/10_000 + float64(c.Connections)/c.VerifyRate
	return time.Duration(seconds*float64(time.Second)) + c.Hold + c.Duration
}

func (c *capacityCommand) arguments(url, address string, loops int) []string {
	arguments := []string{"capacity", url,
		fmt.Sprintf("--connections=%d", c.Connections),
		fmt.Sprintf("--loops=%d", loops),
		"--private-fd-tables",
		"--text", // what is published over HTTP is
		fmt.Sprintf("--verify-rate=%v", c.VerifyRate),
		fmt.Sprintf("--hold=%v", c.Hold),
		fmt.Sprintf("--duration=%v", c.Duration),
	}
	if c.Publish != "" {
		arguments = append(arguments, "--publish-url=http://"+address+c.Publish)
	}
	return arguments
}

// check runs a command, if there is one, and returns an error with its output if
// it fails.
func check(ctx context.Context, command []string) error {
	if len(command) == 0 {
		return nil
	}
	output, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, output)
	}
	return nil
}
