package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"time"
)

type slowCommand struct {
	Server serverSpec `arg:"" help:"Server, as NAME=COMMAND LINE. It must send a message that it receives at --path, the path of a hub in which {policy} stands for the policy, to all others there, and print \"listening on ADDRESS\" and \"admin http://ADDRESS\"."`

	Policies    []string      `help:"What the server may do about members that are slow; each makes a row." default:"close,drop-newest,drop-oldest,conflate"`
	Limit       int           `help:"Bytes that the server is configured to let wait for a member." default:"65536"`
	Beyond      int           `help:"Bytes that a stopped member may take beyond them, the kernel's included." default:"131072"`
	Connections int           `help:"Members." default:"10000"`
	Percent     float64       `help:"So many of them, in percent, stop reading." default:"1"`
	Rate        float64       `help:"Messages per second." default:"8"`
	Size        int           `help:"Payload of a message in bytes." default:"1024"`
	Decide      time.Duration `help:"How long a stopped member may have no room for a message before a message is dropped or the member closed." default:"2s"`
	Rest        time.Duration `help:"How long members rest before the messages, and after them: the server's memory must be back then." default:"8s"`
	Warmup      time.Duration `help:"How long each run publishes before figures are taken." default:"6s"`
	Duration    time.Duration `help:"How long each run is measured." default:"16s"`
	Rounds      int           `help:"How often each policy is measured, without slow members and with them in turn." default:"1"`
	Retries     int           `help:"How often a run may be repeated because the machine was noisy or the load tool overloaded." default:"2"`
	place
}

// Validate is called by kong.
func (s *slowCommand) Validate() error {
	faults := []error{s.place.Validate()}
	check := func(good bool, format string, arguments ...any) {
		if !good {
			faults = append(faults, fmt.Errorf(format, arguments...))
		}
	}
	check(s.Percent > 0 && s.Percent < 100, "--percent %v: must be above 0 and below 100", s.Percent)
	check(s.stopped() > 0, "--percent %v: of %d connections nobody would stop", s.Percent, s.Connections)
	check(s.Rate > 0, "--rate %v: must be above 0", s.Rate)
	check(s.Rest >= 2*time.Second, "--rest %v: must be 2s or more, for memory is looked at once a second", s.Rest)
	check(s.Rounds > 0, "--rounds %d: must be 1 or more", s.Rounds)
	check(s.Retries >= 0, "--retries %d: must not be negative", s.Retries)
	return errors.Join(faults...)
}

// stopped is how many members stop reading.
func (s *slowCommand) stopped() int { return int(float64(s.Connections) * s.Percent / 100) }

func (s *slowCommand) Run(ctx context.Context) error {
	if err := raiseDescriptorLimit(); err != nil {
		return err
	}
	run := s.comparison()
	writeSlowTitles(os.Stdout, s)
	var faults []error
	var notes []string
	for _, policy := range s.Policies {
		var rounds []slowRound
		for range s.Rounds {
			r, err := s.round(ctx, &run, policy)
			if err != nil {
				return fmt.Errorf("%s: %w", policy, err)
			}
			rounds = append(rounds, r)
			faults = append(faults, r.faults(policy, s)...)
		}
		shown := typical(rounds)
		shown.writeRow(os.Stdout, policy)
		notes = append(notes, shown.notes(policy, run.limit)...)
	}
	writeSlowNotes(os.Stdout, notes)
	return errors.Join(faults...)
}

// slowRound is two runs of one policy in direct succession.
type slowRound struct {
	without, with *slowReport
}

func (s *slowCommand) round(ctx context.Context, run *comparison, policy string) (r slowRound, err error) {
	if r.without, err = s.measure(ctx, run, policy, slowLoad{scenario: scenarioBroadcast}); err != nil {
		return r, err
	}
	r.with, err = s.measure(ctx, run, policy, slowLoad{scenario: "slow", rest: s.Rest})
	return r, err
}

// slowLoad is the load of one run: with slow members or without.
type slowLoad struct {
	scenario string
	rest     time.Duration // before and after
}

// measure has the server publish to all members, again if the machine was noisy
// or the load tool overloaded, and returns what came of the last run.
func (s *slowCommand) measure(ctx context.Context, run *comparison, policy string, load slowLoad) (r *slowReport, err error) {
	hub := strings.ReplaceAll(run.path, "{policy}", policy)
	for repeated := 0; ; repeated++ {
		n, err := run.with(ctx, s.Server, func(on *server) (used time.Duration, err error) {
			r, used, err = s.publish(ctx, run, on, hub, load)
			return used, err
		})
		if err != nil {
			return nil, err
		}
		r.noise = n
		fmt.Fprintf(run.progress, "%s, %s: p99 %.1f ms, %v\n", policy, load.scenario, r.p99(), n)
		if !n.exceeds(run.limit) && !r.overloaded() || repeated == s.Retries {
			return r, nil
		}
		fmt.Fprintln(run.progress, "  disturbed: again")
	}
}

// publish runs the load tool while a witness and a ledger look on, and looks at
// the kernel's queues once, towards the end of the messages: to read them takes as
// long as some hundred deliveries.
func (s *slowCommand) publish(ctx context.Context, run *comparison, on *server, hub string, load slowLoad) (*slowReport, time.Duration, error) {
	admin, has := on.adminURL()
	if !has {
		return nil, 0, errors.New("the server announces no admin address, at which its queues could be seen")
	}
	admin = strings.TrimSuffix(admin, "/")
	seen, err := watch(ctx, admin+"/status", on.pid())
	if err != nil {
		return nil, 0, err
	}
	slow := openLedger(ctx, admin+"/sessions?slow=true&limit=10000&hub="+path.Base(hub), s.Limit-s.Size)
	queues := make(chan kernelQueues, 1)
	look := time.AfterFunc(load.rest+s.Warmup+s.Duration*7/8, func() { queues <- readKernelQueues(on.address) })
	defer look.Stop()
	text, used, err := run.tool.execute(ctx, s.arguments(load, run.url(on, hub)), on.pid(), s.takes(load))
	if err := errors.Join(err, slow.close(), seen.stop(ctx)); err != nil {
		return nil, used, err
	}
	r, err := parseSlowReport(text)
	if err != nil {
		return nil, used, err
	}
	r.seen, r.slow = seen, slow
	select {
	case r.kernel = <-queues:
	default: // the run was over before: there is none to be seen
	}
	return r, used, nil
}

func (s *slowCommand) takes(load slowLoad) time.Duration { return 2*load.rest + s.Warmup + s.Duration }

func (s *slowCommand) arguments(load slowLoad, url string) []string {
	arguments := []string{load.scenario, url,
		fmt.Sprintf("--connections=%d", s.Connections),
		fmt.Sprintf("--rate=%v", s.Rate),
		fmt.Sprintf("--size=%d", s.Size),
		fmt.Sprintf("--rest=%v", load.rest),
		fmt.Sprintf("--warmup=%v", s.Warmup),
		fmt.Sprintf("--duration=%v", s.Duration),
	}
	if load.scenario != scenarioBroadcast {
		arguments = append(arguments, fmt.Sprintf("--slow=%v", s.Percent))
	}
	return arguments
}
