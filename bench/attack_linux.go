package bench

import (
	"context"
	"errors"
	"time"
)

// Run opens the well-behaved connections, and goes through the phases. An
// interrupt of ctx ends the run early, still with a report. A fault of a or of
// this machine is an error without a report; a server that is gone in the end,
// or does not show its counters, is one with.
func (a Attack) Run(ctx context.Context) (*Report, error) {
	if err := a.Validate(); err != nil {
		return nil, err
	}
	a = a.withDefaults()
	r, err := newRun(ctx, "attack", a.Load, a)
	if err != nil {
		return nil, err
	}
	if limit := r.report.Environment.DescriptorLimit; uint64(a.Attackers+spareDescriptors) > limit {
		return nil, faultf("Attackers", "%d: need as many descriptors and RLIMIT_NOFILE allows %d", a.Attackers, limit)
	}
	open, err := r.startOpenLoop(ctx, a.wellBehaved(), a.Warmup, countingTime, a.Before, countingTime, a.During, countingTime, a.After)
	if err != nil {
		return nil, err
	}
	figures := &AttackFigures{Mode: *modeNamed(a.Mode)}
	if r.opened > 0 {
		s := &siege{run: r, attack: a, figures: figures}
		open.begin()
		err = s.goThrough(ctx)
	}
	open.stop()
	r.finish()
	for i := range figures.Phases {
		figures.Phases[i].RateFigures = open.sum(2 + 2*i) // behind the warm-up, with a span for counting before each
	}
	figures.compare()
	r.report.Attack = figures
	open.addShares(&r.report.Generator)
	return r.conclude(), err
}

// countingTime is how long the load goes on unmeasured before each phase, while
// the server shows its counters: on one CPU that can take it 10 ms.
const countingTime = 250 * time.Millisecond

// siege takes a run through the phases of an attack. It belongs to the
// goroutine that called Run.
type siege struct {
	run     *run
	attack  Attack
	figures *AttackFigures

	now    time.Time    // the end of the phases so far, as scheduled
	counts reasonCounts // at that time
}

// goThrough warms up and goes through the phases, for as long as ctx lasts.
func (s *siege) goThrough(ctx context.Context) error {
	s.now = time.Now()
	s.run.enter("warm-up", s.attack.Warmup)
	s.run.pause(ctx, s.attack.Warmup)
	s.now = s.now.Add(s.attack.Warmup)
	err := s.count(ctx, nil)
	for _, p := range []struct {
		name   string
		length time.Duration
		attack bool
	}{
		{phaseBefore, s.attack.Before, false},
		{phaseDuring, s.attack.During, true},
		{phaseAfter, s.attack.After, false},
	} {
		if s.run.report.Interrupted || err != nil {
			return err
		}
		s.now = s.now.Add(countingTime)
		s.run.pause(ctx, time.Until(s.now))
		s.run.enter(p.name, p.length)
		s.now = s.now.Add(p.length)
		phase := AttackPhase{Name: p.name}
		if p.attack {
			err = s.assail(ctx, &phase)
		} else {
			err = s.watch(ctx, &phase)
		}
		err = errors.Join(err, s.count(ctx, &phase))
		s.figures.Phases = append(s.figures.Phases, phase)
	}
	return err
}

// assail watches the server under attack until the end of the phase.
func (s *siege) assail(ctx context.Context, phase *AttackPhase) error {
	attacking, end := context.WithCancel(ctx)
	defer end()
	ended := make(chan error, 1)
	go func() {
		var err error
		phase.Attackers, err = s.attack.Assail(attacking, s.attack.assault())
		ended <- err
	}()
	err := s.watch(ctx, phase)
	end()
	return errors.Join(err, <-ended)
}

// watchEvery is how often the server's memory is looked at.
const watchEvery = 20 * time.Millisecond

// watch waits until the end of the phase, and meanwhile watches the server's
// process, if it is known.
func (s *siege) watch(ctx context.Context, phase *AttackPhase) error {
	pid := s.run.load.PID
	if pid == 0 {
		s.run.pause(ctx, time.Until(s.now))
		return nil
	}
	began := time.Now()
	first, err := hostProcfs.sample(pid, phase.Name)
	if err != nil {
		return err
	}
	use := &ServerUse{PeakRSS: first.RSS}
	for last := first; ; {
		left := time.Until(s.now)
		if left <= 0 || s.run.report.Interrupted {
			use.RSS = last.RSS
			use.CPUShare = share(last.User+last.System-first.User-first.System, time.Since(began))
			phase.Server = use
			return nil
		}
		s.run.pause(ctx, min(left, watchEvery))
		if last, err = hostProcfs.sample(pid, phase.Name); err != nil {
			return err
		}
		use.PeakRSS = max(use.PeakRSS, last.RSS)
	}
}

// count reads the server's counters, if it shows them, and notes for phase, if
// there is one, by how much they have moved.
func (s *siege) count(ctx context.Context, phase *AttackPhase) error {
	if s.attack.AdminURL == "" {
		return nil
	}
	// The interrupt that ended the run must not cost it its last figures.
	counts, err := fetchReasons(context.WithoutCancel(ctx), s.attack.AdminURL)
	if err != nil {
		return err
	}
	if phase != nil {
		phase.Counted = counts.since(s.counts)
	}
	s.counts = counts
	return nil
}
