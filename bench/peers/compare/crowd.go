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

// crowd are the flags of a run with more connections to one server than a
// descriptor table has room for.
type crowd struct {
	Server serverSpec `arg:"" help:"Server, as NAME=COMMAND LINE, in which {connections} and {loops} stand for their numbers. It must echo and print \"listening on ADDRESS\"."`

	Connections int    `help:"Connections to open." default:"${connections}"`
	Loops       int    `help:"Event loops of the load tool and of the server, each with a descriptor table of its own. Default: as many as RLIMIT_NOFILE asks for."`
	Check       string `help:"Command to run first; where it fails, nothing else is run. {connections} and {loops} stand for their numbers." placeholder:"COMMAND LINE"`
	JSON        string `name:"json" help:"File for the load tool's JSON document." type:"path"`
	place
}

// Validate is called by kong.
func (c *crowd) Validate() error {
	faults := []error{c.place.Validate()}
	if c.Connections < 1 {
		faults = append(faults, fmt.Errorf("--connections %d: must be 1 or more", c.Connections))
	}
	if c.Loops < 0 {
		faults = append(faults, fmt.Errorf("--loops %d: must not be negative", c.Loops))
	}
	return errors.Join(faults...)
}

// tableFill is how much of a descriptor table the connections may take on
// average. The kernel spreads them over a server's listeners by a hash, not
// evenly.
const tableFill = 0.9

// spread sets Loops, unless it is set, to the number of descriptor tables of that
// size that hold the connections.
func (c *crowd) spread(table uint64) {
	if c.Loops == 0 {
		room := max(1, int(float64(table)*tableFill))
		c.Loops = (c.Connections + room - 1) / room
	}
}

// descriptorTable returns how many descriptors a table may have.
func descriptorTable() (uint64, error) {
	if err := raiseDescriptorLimit(); err != nil {
		return 0, err
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("getrlimit: %w", err)
	}
	return limit.Cur, nil
}

// prepare sets Loops, and returns a comparison without servers.
func (c *crowd) prepare() (comparison, error) {
	table, err := descriptorTable()
	if err != nil {
		return comparison{}, err
	}
	c.spread(table)
	return c.comparison(), nil
}

// marks says what stands for marks in command lines: those that all have, and more.
func (c *crowd) marks(more ...string) *strings.Replacer {
	return strings.NewReplacer(append(more, "{connections}", strconv.Itoa(c.Connections), "{loops}", strconv.Itoa(c.Loops))...)
}

// gather starts the server, unless the check fails, has load put on it and stops
// it. Loops is set. more are further marks and what they stand for.
func (c *crowd) gather(ctx context.Context, run *comparison, takes time.Duration, load func(*server) (used time.Duration, err error), more ...string) (noise, error) {
	marks := c.marks(more...)
	if err := check(ctx, strings.Fields(marks.Replace(c.Check))); err != nil {
		return noise{}, err
	}
	fmt.Fprintf(run.progress, "%d connections on %d loops: some %v\n", c.Connections, c.Loops, takes.Round(time.Second))
	n, err := run.with(ctx, c.Server.filled(marks), load)
	fmt.Fprintln(run.progress, n)
	return n, err
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

// arguments are those of the load tool.
func (c *crowd) arguments(scenario, url string) []string {
	return []string{scenario, url,
		fmt.Sprintf("--connections=%d", c.Connections),
		fmt.Sprintf("--loops=%d", c.Loops),
		"--private-fd-tables",
	}
}

// save writes the load tool's document, if it is asked for.
func (c *crowd) save(text []byte) error {
	if c.JSON == "" {
		return nil
	}
	return os.WriteFile(c.JSON, text, 0o644)
}
