// Command wsbench puts load on a WebSocket server and reports what came of it.
// See package bench for what the scenarios measure.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"github.com/sluicegate/sluice/bench"
)

// Exit codes.
const (
	exitOK = 0
	// exitFellShort: connections failed or were lost, echoes were wrong, or a
	// requirement was not met.
	exitFellShort = 1
	// exitUsage: the command line, or what it asks of this machine, is wrong.
	exitUsage = 2
	// exitOverloaded: the generator could not keep its schedule, so that the
	// latencies are its own and not the server's. They are withheld.
	exitOverloaded = 3
	// exitInterrupted: the run was ended early, and went well until then.
	exitInterrupted = 4
)

type commands struct {
	Idle      idleCommand      `cmd:"" help:"Open connections and hold them: memory per connection, connect rate."`
	Echo      echoCommand      `cmd:"" help:"Keep messages going to a server that echoes them: throughput, latency, CPU per message."`
	Rate      rateCommand      `cmd:"" help:"Send so many messages a second to a server that echoes them, whatever it does: latency from the schedule, late and lost messages."`
	Broadcast broadcastCommand `cmd:"" help:"Publish to all connections of a server that sends each message to the others: CPU per delivery, latency, losses."`
	Rooms     roomsCommand     `cmd:"" help:"Publish to many rooms, in turn."`
	Capacity  capacityCommand  `cmd:"" help:"Open many connections, verify each, let them rest, speak to a few and to all: what a server holds, and whether it still serves."`
	Connect   connectCommand   `cmd:"" help:"Open connections at a rate: handshake latency, refusals, CPU per connection."`
	Slow      slowCommand      `cmd:"" help:"Publish to members of which some stop reading: what the others notice, and what the slow ones get."`
	Churn     churnCommand     `cmd:"" help:"Have connections come and go: opens and closes per second, handshake latency, CPU for each."`
	Soak      soakCommand      `cmd:"" help:"Churn and echo for hours, and watch the server's memory (--pid)."`
	Storm     stormCommand     `cmd:"" help:"Drop all connections but a few at once, have them come back without jitter, and measure what the few notice."`
	Attack    attackCommand    `cmd:"" help:"Attack a server that echoes, and measure what well-behaved clients notice of it."`
	Report    reportCommand    `cmd:"" help:"Compare recorded runs on one HTML page: figures, distributions, and how they went over time."`
	Assault   assaultCommand   `cmd:"" hidden:"" help:"Be the attackers' process of wsbench attack."`
	Modes     modesCommand     `cmd:"" help:"List the attacks, one in each line: name and what it does."`
	Figures   figuresCommand   `cmd:"" help:"List the figures that --require can name: name, an example of a value, and what it is."`
}

// scenario is a command that puts load on a server.
type scenario interface {
	run(ctx context.Context) (*bench.Report, error)
	output() *outputFlags
	allowsOverload() bool
}

// listing is a command that only says something.
type listing interface {
	list(w io.Writer) error
}

// sameSignal is within what time a second interrupt counts as the first: timeout(1) for
// one sends each signal to the process and to its group.
const sameSignal = time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() { time.AfterFunc(sameSignal, stop) }) // a second interrupt ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run runs one command line and returns its exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var chosen commands
	helped := false
	parser, err := kong.New(&chosen,
		kong.Name("wsbench"),
		kong.Description("Load generator for WebSocket servers."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		return complain(stderr, err)
	}
	command, err := parser.Parse(args)
	if helped {
		return exitOK
	}
	if err == nil {
		err = zeroFlag(command.Flags())
	}
	if err != nil {
		return complain(stderr, fmt.Errorf("%w; see wsbench --help", err))
	}
	switch selected := command.Selected().Target.Addr().Interface().(type) {
	case scenario:
		return play(ctx, selected, args, stdout, stderr)
	case *reportCommand:
		met, err := selected.compare(stdout, stderr)
		switch {
		case err != nil:
			return complain(stderr, err)
		case !met:
			return exitFellShort
		}
		return exitOK
	case *assaultCommand:
		if err := selected.obey(ctx, os.Stdin, stdout); err != nil {
			return complain(stderr, err)
		}
		return exitOK
	case listing:
		if err := selected.list(stdout); err != nil {
			return complain(stderr, err)
		}
		return exitOK
	default:
		return complain(stderr, errors.New("no command; see wsbench --help"))
	}
}

// play runs a scenario and writes its report.
func play(ctx context.Context, s scenario, args []string, stdout, stderr io.Writer) int {
	out := s.output()
	shown := newProgress(stderr)
	if !s.allowsOverload() {
		shown = withholding{shown}
	}
	finish, err := out.attend(append([]string{"wsbench"}, args...), shown)
	if err != nil {
		return complain(stderr, err)
	}
	report, err := s.run(ctx)
	err = inFlags(err)
	if report != nil && !s.allowsOverload() {
		report.WithholdLatencies()
	}
	err = errors.Join(err, finish(report))
	if report == nil {
		return complain(stderr, err)
	}
	err = errors.Join(err, out.write(stdout, report))
	if err != nil {
		complain(stderr, err)
	}
	met := out.complainOf(report, stderr)
	if err != nil || !report.OK() {
		return exitFellShort
	}
	if report.Interrupted {
		return exitInterrupted
	}
	if reasons := report.GeneratorOverloaded; len(reasons) > 0 && !s.allowsOverload() {
		fmt.Fprintf(stderr, "wsbench: overloaded: %s; lower the load, give the generator more --loops or CPUs, or --allow-overload\n", strings.Join(reasons, "; "))
		return exitOverloaded
	}
	if !met {
		return exitFellShort
	}
	return exitOK
}

func complain(stderr io.Writer, err error) int {
	fmt.Fprintln(stderr, "wsbench:", err)
	return exitUsage
}
