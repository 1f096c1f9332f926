package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

type stormCommand struct {
	crowd      `embed:"" set:"connections=50000"`
	AcceptRate int           `help:"Connections a second that the server is configured to let in: {rate} in its command line. {burst} stands for a tenth of it, to be let in at once." default:"5000"`
	Before     time.Duration `help:"How long all connections are idle before they are dropped." default:"3s"`
	After      time.Duration `help:"How long they stay once they are back." default:"3s"`
	Rounds     int           `help:"How often the storm comes, each time over a new server." default:"3"`
	MaxTurn    time.Duration `help:"The longest turn that a loop of the server may take." default:"50ms"`
	MaxRatio   float64       `help:"By how much the p99 of bystanders may rise in a storm: the median of the rounds." default:"1.5"`
	Retries    int           `help:"How often a round may be repeated because the machine was noisy." default:"2"`
}

// Validate is called by kong.
func (s *stormCommand) Validate() error {
	faults := []error{s.crowd.Validate()}
	if s.AcceptRate < burstOf {
		faults = append(faults, fmt.Errorf("--accept-rate %d: must be %d or more", s.AcceptRate, burstOf))
	}
	if s.Rounds < 1 {
		faults = append(faults, fmt.Errorf("--rounds %d: must be 1 or more", s.Rounds))
	}
	if !(s.MaxRatio > 0) {
		faults = append(faults, fmt.Errorf("--max-ratio %v: must be above 0", s.MaxRatio))
	}
	return errors.Join(faults...)
}

func (s *stormCommand) Run(ctx context.Context) error {
	run, err := s.prepare()
	if err != nil {
		return err
	}
	var season storms
	for range s.Rounds {
		r, err := s.measure(ctx, &run)
		if err != nil {
			return err
		}
		season = append(season, r)
	}
	if err := season.write(os.Stdout, s); err != nil {
		return err
	}
	return errors.Join(season.faults(s)...)
}

// measure has the server go through a storm, again if the machine was noisy, and
// returns what came of the last.
func (s *stormCommand) measure(ctx context.Context, run *comparison) (*stormReport, error) {
	for repeated := 0; ; repeated++ {
		var seen impression
		n, err := s.gather(ctx, run, s.takes(), func(server *server) (used time.Duration, err error) {
			seen, used, err = s.rage(ctx, run, server)
			return used, err
		}, "{rate}", fmt.Sprint(s.AcceptRate), "{burst}", fmt.Sprint(s.burst()))
		if err != nil {
			return nil, err
		}
		if n.exceeds(run.limit) && repeated < s.Retries {
			fmt.Fprintln(run.progress, "  disturbed: again")
			continue
		}
		if err := s.save(seen.text); err != nil {
			return nil, err
		}
		r, err := parseStormReport(seen.text)
		if err == nil {
			r.impression, r.noise = seen, n
		}
		return r, err
	}
}

// impression is what a storm has left with the load tool, with a witness and with
// bystanders.
type impression struct {
	text         []byte // the load tool's document
	seen         *witness
	calm, during bystanders
}

// rage has a storm come over the server while others look on. used is the CPU time
// of all load tools.
func (s *stormCommand) rage(ctx context.Context, run *comparison, on *server) (seen impression, used time.Duration, err error) {
	admin, has := on.adminURL()
	if !has {
		return seen, 0, errors.New("the server announces no admin address, at which its loops' turns could be seen")
	}
	if seen.seen, err = watch(ctx, strings.TrimSuffix(admin, "/")+"/status", on.pid()); err != nil {
		return seen, 0, err
	}
	url := run.url(on, run.path)
	seen.calm, used, err = standBy(ctx, run.tool.ahead(), url, bystanderWarmup, s.rages())
	if err != nil {
		return seen, used, errors.Join(err, seen.seen.stop(ctx))
	}
	// Both begin at once: the bystanders warm up while the connections open.
	var alongside sync.WaitGroup
	var beside time.Duration
	var failed error
	alongside.Go(func() {
		seen.during, beside, failed = standBy(ctx, run.tool.ahead(), url, s.opens()+s.Before, s.rages())
	})
	var own time.Duration
	seen.text, own, err = run.tool.behind().execute(ctx, s.arguments(url), on.pid(), s.takes())
	alongside.Wait()
	return seen, used + beside + own, errors.Join(err, failed, seen.seen.stop(ctx))
}

// burstOf is the part of a second's connections that may come at once. With the
// default, a whole one, the rate would show only after that.
const burstOf = 10

func (s *stormCommand) burst() int { return s.AcceptRate / burstOf }

// takes is how long all connections take to open and to come back at the rate.
// Those that the server's queue has no room for come back later than they could.
func (s *stormCommand) takes() time.Duration {
	return 3*time.Duration(s.Connections/s.AcceptRate)*time.Second + 2*s.Before + s.After
}

// openingPace is the part of the rate at which the connections open first: slower
// than the server lets them in, so that none waits.
const openingPace = 0.8

// opens is how long the connections take to open.
func (s *stormCommand) opens() time.Duration {
	return time.Duration(float64(s.Connections) / (openingPace * float64(s.AcceptRate)) * float64(time.Second))
}

// rages is how long bystanders are measured, before the storm and in it: as long
// as it lasts at least, at the rate and behind the burst, but a second.
func (s *stormCommand) rages() time.Duration {
	return max(time.Second, time.Duration(s.Connections-s.burst())*time.Second/time.Duration(s.AcceptRate))
}

func (s *stormCommand) arguments(url string) []string {
	return append(s.crowd.arguments("storm", url),
		fmt.Sprintf("--connect-rate=%v", openingPace*float64(s.AcceptRate)),
		"--retry-after",
		fmt.Sprintf("--bystanders=%d", s.Loops), // as few as may be: others are measured
		fmt.Sprintf("--before=%v", s.Before),
		fmt.Sprintf("--after=%v", s.After),
		fmt.Sprintf("--timeout=%v", s.takes()),
	)
}
