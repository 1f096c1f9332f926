package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

type attackCommand struct {
	Server serverSpec `arg:"" help:"Server, as NAME=COMMAND LINE. It is started anew for each attack, and must print \"listening on ADDRESS\"; counters are read where it prints \"admin http://ADDRESS\"."`

	Modes       []string      `help:"Attacks, as the load tool names them. Default: all."`
	Connections int           `help:"Well-behaved connections." default:"200"`
	Rate        float64       `help:"Messages per second that they send." default:"1000"`
	Warmup      time.Duration `help:"How long they run before figures are taken." default:"1s"`
	Before      time.Duration `help:"How long they are measured before each attack." default:"3s"`
	During      time.Duration `help:"How long each attack lasts." default:"4s"`
	After       time.Duration `help:"How long they are measured after it." default:"2s"`
	Rounds      int           `help:"How often each attack is played; its p99 are medians." default:"1"`
	Repeat      int           `help:"How often an attack may be repeated because the machine was noisy or the load tool overloaded." default:"2"`
	place
}

func (a *attackCommand) Run(ctx context.Context) error {
	if err := raiseDescriptorLimit(); err != nil {
		return err
	}
	run := a.comparison()
	return a.play(ctx, &run, os.Stdout)
}

// play attacks the server in each way and writes each row when it is complete. The
// error joins those of the attacks that could not be played.
func (a *attackCommand) play(ctx context.Context, run *comparison, w io.Writer) error {
	modes := a.Modes
	if len(modes) == 0 {
		var err error
		if modes, err = run.tool.attacks(ctx); err != nil {
			return err
		}
	}
	fmt.Fprintf(w, "### attacks on %s: beside them %d connections × %.0f messages/s\n\n", a.Server.Name, a.Connections, a.Rate)
	writeAttackTitles(w)
	var notes []string
	var faults []error
	for _, mode := range modes {
		var runs attackRuns
		for range a.Rounds {
			r, n, err := a.measure(ctx, run, mode)
			switch {
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case err != nil:
				notes = append(notes, fmt.Sprintf("%s failed: %v", mode, err))
				faults = append(faults, fmt.Errorf("%s: %w", mode, err))
				continue
			case n.exceeds(run.limit):
				notes = append(notes, fmt.Sprintf("%s: the machine was noisy (%v): its p99 proves little.", mode, n))
			}
			runs = append(runs, r)
			notes = append(notes, r.notes(mode)...)
		}
		if len(runs) > 0 {
			writeAttackRow(w, mode, runs)
		}
	}
	for _, note := range notes {
		fmt.Fprintf(w, "\n%s\n", note)
	}
	return errors.Join(faults...)
}

// measure attacks the server, again if the machine was noisy or the load tool
// overloaded, and returns the last run.
func (a *attackCommand) measure(ctx context.Context, run *comparison, mode string) (r *attackReport, n noise, err error) {
	for repeated := 0; ; repeated++ {
		n, err = run.with(ctx, a.Server, func(s *server) (used time.Duration, err error) {
			if mode == "fd-exhaustion" {
				if err := makePoor(s.pid()); err != nil {
					return 0, err
				}
			}
			var text []byte
			if text, used, err = run.tool.execute(ctx, a.arguments(mode, run.url(s, run.path), s), s.pid(), a.takes()); err != nil {
				return 0, err
			}
			r, err = parseAttackReport(text)
			return used, err
		})
		fmt.Fprintf(run.progress, "%s: %v\n", mode, n)
		if err != nil || !n.exceeds(run.limit) && !r.overloaded() || repeated == a.Repeat {
			return r, n, err
		}
		fmt.Fprintln(run.progress, "  disturbed: again")
	}
}

func (a *attackCommand) takes() time.Duration { return a.Warmup + a.Before + a.During + a.After }

func (a *attackCommand) arguments(mode, url string, s *server) []string {
	arguments := []string{"attack", mode, url,
		fmt.Sprintf("--connections=%d", a.Connections),
		fmt.Sprintf("--rate=%v", a.Rate),
		fmt.Sprintf("--warmup=%v", a.Warmup),
		fmt.Sprintf("--before=%v", a.Before),
		fmt.Sprintf("--during=%v", a.During),
		fmt.Sprintf("--after=%v", a.After),
	}
	if admin, has := s.adminURL(); has {
		arguments = append(arguments, "--admin="+admin)
	}
	return arguments
}

// makePoor leaves a process fewer descriptors than an attacker has.
func makePoor(pid int) error {
	const few = 1024
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: few, Max: few}, nil); err != nil {
		return fmt.Errorf("prlimit: %w", err)
	}
	return nil
}

// attacks asks the load tool for the attacks that it knows.
func (t loadTool) attacks(ctx context.Context) ([]string, error) {
	text, err := exec.CommandContext(ctx, t.path, "modes").Output()
	if err != nil {
		return nil, fmt.Errorf("%s modes: %w", t.path, err)
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 0 {
			names = append(names, fields[0])
		}
	}
	return names, nil
}
