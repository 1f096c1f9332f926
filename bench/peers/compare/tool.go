package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// connectAllowance is how long a run of the load tool may take beyond the time
// that it was told to.
const connectAllowance = 90 * time.Second

// loadTool runs wsbench.
type loadTool struct {
	under []string // a command that runs it; empty: none does
	path  string
	cpus  cpuList
	more  []string // flags passed on as they are
}

// behind returns the tool such that others on its CPUs come first.
func (t loadTool) behind() loadTool {
	t.under = []string{"nice", "-n", "19"}
	return t
}

// ahead returns the tool such that it has its CPUs as soon as it wants them,
// whoever else runs there (SCHED_FIFO): for observers, who would otherwise count
// their own wait for a load tool beside them as the server's delay. In a storm of
// 20,000 that was 3 ms at the 99th percentile, of 4. It needs root, or CAP_SYS_NICE.
func (t loadTool) ahead() loadTool {
	t.under = []string{"chrt", "--fifo", "1"}
	return t
}

// exitFellShort is the exit code of the load tool that says of a document that its
// run was whole, and not as it should be.
const exitFellShort = 1

// The load tool's subcommands.
const (
	scenarioEcho      = "echo"
	scenarioIdle      = "idle"
	scenarioBroadcast = "broadcast"
)

// cell is one setting of the load, under which all servers are measured.
type cell struct {
	title    string
	scenario string              // the load tool's subcommand
	path     string              // of the WebSocket URL; empty: that of the comparison
	flags    []string            // what makes this cell
	flagsOf  map[string][]string // and this server's part of it, by name
	takes    time.Duration
	figures  []figure
}

// with returns the cell with more flags.
func (c cell) with(flags []string) cell {
	c.flags = append(slices.Clone(c.flags), flags...)
	return c
}

// marks says what stands for {broadcast} in the command lines of servers.
func (c cell) marks() *strings.Replacer {
	flag := ""
	if c.scenario == scenarioBroadcast {
		flag = "--broadcast"
	}
	return strings.NewReplacer("{broadcast}", flag)
}

// run puts the cell's load on a server. It also returns the CPU time that the
// load tool itself used.
func (t loadTool) run(ctx context.Context, c cell, server, url string, pid int) (*report, time.Duration, error) {
	text, used, err := t.execute(ctx, slices.Concat([]string{c.scenario, url}, c.flags, c.flagsOf[server]), pid, c.takes)
	if err != nil {
		return nil, 0, err
	}
	r, err := parseReport(text, c.scenario)
	return r, used, err
}

// execute runs the load tool against the server process pid, or against one that
// it does not look at if that is 0, and returns its
// JSON document, and the CPU time that it used. A run that failed its checks
// exits with 1, and its document says why; that of another, such as an interrupted
// one, is on no whole run.
func (t loadTool) execute(ctx context.Context, arguments []string, pid int, takes time.Duration) ([]byte, time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, takes+connectAllowance)
	defer cancel()
	arguments = slices.Concat(t.under, []string{t.path}, arguments)
	arguments = append(arguments, "--cpu", t.cpus.String(), "--json", "--allow-overload")
	if pid > 0 {
		arguments = append(arguments, "--pid", strconv.Itoa(pid))
	}
	command := child(ctx, append(arguments, t.more...))
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := t.cpus.start(command); err != nil {
		return nil, 0, err
	}
	runErr := command.Wait()
	var exit *exec.ExitError
	if runErr != nil && (!errors.As(runErr, &exit) || exit.ExitCode() != exitFellShort || stdout.Len() == 0) {
		return nil, 0, fmt.Errorf("%s: %w%s", t.path, runErr, lastOf(stderr.String()))
	}
	return stdout.Bytes(), command.ProcessState.UserTime() + command.ProcessState.SystemTime(), nil
}

// lastOf returns the last lines of output as a continuation of an error text.
func lastOf(output string) string {
	var last tail
	for line := range strings.Lines(output) {
		last.add(strings.TrimSuffix(line, "\n"))
	}
	return last.String()
}
