package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

type stormCommand struct {
	crowd      `embed:"" set:"connections=50000"`
	AcceptRate int           `help:"Connections a second that the server is configured to let in: {rate} in its command line. {burst} stands for a tenth of it, to be let in at once." default:"5000"`
	Before     time.Duration `help:"How long bystanders are measured before the storm." default:"3s"`
	After      time.Duration `help:"How long they are measured after it." default:"3s"`
	MaxTurn    time.Duration `help:"The longest turn that a loop of the server may take." default:"50ms"`
	Retries    int           `help:"How often the storm may be repeated because the machine was noisy." default:"2"`
}

// Validate is called by kong.
func (s *stormCommand) Validate() error {
	faults := []error{s.crowd.Validate()}
	if s.AcceptRate < burstOf {
		faults = append(faults, fmt.Errorf("--accept-rate %d: must be %d or more", s.AcceptRate, burstOf))
	}
	return errors.Join(faults...)
}

func (s *stormCommand) Run(ctx context.Context) error {
	run, err := s.prepare()
	if err != nil {
		return err
	}
	r, err := s.measure(ctx, &run)
	if err != nil {
		return err
	}
	if err := r.write(os.Stdout, s); err != nil {
		return err
	}
	return errors.Join(r.faults(s)...)
}

// measure has the server go through a storm, again if the machine was noisy, and
// returns what came of the last.
func (s *stormCommand) measure(ctx context.Context, run *comparison) (*stormReport, error) {
	for repeated := 0; ; repeated++ {
		var text []byte
		var seen *witness
		n, err := s.gather(ctx, run, s.takes(), func(server *server) (used time.Duration, err error) {
			text, seen, used, err = s.rage(ctx, run, server)
			return used, err
		}, "{rate}", fmt.Sprint(s.AcceptRate), "{burst}", fmt.Sprint(s.burst()))
		if err != nil {
			return nil, err
		}
		if n.exceeds(run.limit) && repeated < s.Retries {
			fmt.Fprintln(run.progress, "  disturbed: again")
			continue
		}
		if err := s.save(text); err != nil {
			return nil, err
		}
		r, err := parseStormReport(text)
		if err == nil {
			r.seen, r.noise = seen, n
		}
		return r, err
	}
}

// rage has a storm come over the server while a witness looks on.
func (s *stormCommand) rage(ctx context.Context, run *comparison, on *server) (text []byte, seen *witness, used time.Duration, err error) {
	admin, has := on.adminURL()
	if !has {
		return nil, nil, 0, errors.New("the server announces no admin address, at which its loops' turns could be seen")
	}
	if seen, err = watch(ctx, strings.TrimSuffix(admin, "/")+"/status", on.pid()); err != nil {
		return nil, nil, 0, err
	}
	text, used, err = run.tool.execute(ctx, s.arguments(run.url(on, run.path)), on.pid(), s.takes())
	return text, seen, used, errors.Join(err, seen.stop(ctx))
}

// burstOf is the part of a second's connections that may come at once. With the
// default, a whole one, the rate would show only after that.
const burstOf = 10

func (s *stormCommand) burst() int { return s.AcceptRate / burstOf }

// takes is how long all connections take to open and to come back at the rate.
// Those that the server's queue has no room for come back later than they could.
func (s *stormCommand) takes() time.Duration {
	return 3*time.Duration(s.Connections/s.AcceptRate)*time.Second + s.Before + s.After
}

func (s *stormCommand) arguments(url string) []string {
	// They open somewhat slower than the server lets them in, so that none waits.
	const pace = 0.8
	return append(s.crowd.arguments("storm", url),
		fmt.Sprintf("--connect-rate=%v", pace*float64(s.AcceptRate)),
		"--retry-after",
		fmt.Sprintf("--before=%v", s.Before),
		fmt.Sprintf("--after=%v", s.After),
		fmt.Sprintf("--timeout=%v", s.takes()),
	)
}
