package bench

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"
)

// Run opens the connections, publishes for the warm-up and the measured time,
// waits for what is under way, lets members that have stopped read on, and
// closes. An interrupt of ctx ends the run early, still with a report. A fault of
// b or of this machine is an error without a report; a server process that is
// gone in the end is one with.
func (b Broadcast) Run(ctx context.Context) (*Report, error) {
	return b.rooms().run(ctx, b.scenario(), b.withDefaults())
}

// Run is that of [Broadcast], in many rooms.
func (r Rooms) Run(ctx context.Context) (*Report, error) {
	return r.run(ctx, "rooms", r.withDefaults())
}

func (r Rooms) run(ctx context.Context, scenario string, parameters any) (*Report, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	r = r.withDefaults()
	targets, err := roomTargets(ctx, r.URL, r.Rooms)
	if err != nil {
		return nil, err
	}
	load := r.Load
	load.URL = inRoom(r.URL, 0)
	load.Connections += r.Rooms
	run, err := newRun(ctx, scenario, load, parameters)
	if err != nil {
		return nil, err
	}
	p := &performance{run: run, rooms: r, seating: newSeating(r.Rooms, r.Connections, r.Zipf, r.Slow/100)}
	if err := p.open(ctx, targets); err != nil {
		return nil, err
	}
	if run.opened > 0 {
		err = p.goThrough(ctx)
	}
	run.finish()
	if post := p.conductor.post; post != nil {
		err = errors.Join(err, post.close())
		p.conductor.late += post.late.Load()
	}
	run.report.Broadcast = p.sum()
	return run.conclude(), err
}

// performance takes a run through the publishing. It belongs to the goroutine
// that called Run.
type performance struct {
	run       *run
	rooms     Rooms
	seating   *seating
	audiences []*audience // by loop
	conductor *conductor  // of the first loop
}

// open opens the connections.
func (p *performance) open(ctx context.Context, targets []*Target) error {
	payloads, board := newPayloads(p.rooms.Size), newScoreboard()
	err := p.run.open(ctx, func(first uint32, connections int) traffic {
		a := newAudience(p.rooms, payloads, p.seating, targets, board, first, connections)
		p.audiences = append(p.audiences, a)
		if first > 0 {
			return a
		}
		p.conductor = newConductor(p.rooms, a)
		if p.rooms.Publish.URL != "" {
			p.conductor.post = newPostroom(p.rooms.Publish, payloads)
		}
		return p.conductor
	})
	if err != nil && p.conductor != nil && p.conductor.post != nil {
		p.conductor.post.close()
	}
	return err
}

// goThrough publishes, measures and waits, for as long as ctx lasts.
func (p *performance) goThrough(ctx context.Context) error {
	each, conductor := p.run.client.each, p.run.client.loops[0]
	rested := p.rest(ctx, phaseRestBefore)
	epoch := time.Now()
	each(func(i int, l *loop) { p.audiences[i].listen(l, epoch, p.wakeFrom(i)) })
	p.direct(conductor, p.conductor.begin)
	p.run.enter("warm-up", p.rooms.Warmup)
	p.run.pause(ctx, p.rooms.Warmup)

	before := p.run.sample(atMeasure)
	p.direct(conductor, p.conductor.measure)
	each(func(i int, l *loop) { p.audiences[i].measure(l) })
	p.run.enter(phaseMeasuring, p.rooms.Duration)
	p.run.pause(ctx, p.rooms.Duration)
	each(func(i int, l *loop) { p.audiences[i].stop(l) })
	p.direct(conductor, p.conductor.stop)
	after := p.run.sample(atMeasured)

	p.run.enter("settling", 0)
	p.settle(ctx)
	if p.rooms.Slow > 0 {
		each(func(i int, l *loop) { p.audiences[i].hear(l) })
		p.settle(ctx)
	}
	settled := p.run.sample(atSettled)
	return errors.Join(rested, before, after, settled, p.rest(ctx, phaseRestAfter))
}

// rest leaves the members alone for a while, if it is asked for, and samples the
// server at its end.
func (p *performance) rest(ctx context.Context, phase string) error {
	if p.rooms.Rest == 0 {
		return nil
	}
	p.run.enter(phase, p.rooms.Rest)
	p.run.pause(ctx, p.rooms.Rest)
	return p.run.sample(phase)
}

// direct runs f on the conductor's loop, and returns when it has run.
func (p *performance) direct(l *loop, f func(*loop)) {
	done := make(chan struct{})
	l.post(func() {
		f(l)
		close(done)
	})
	<-done
}

// wakeFrom returns how loop i tells the conductor of a closed loop that a
// message is complete. Its own loop looks in every turn.
func (p *performance) wakeFrom(i int) func() {
	if i == 0 || p.rooms.PerSecond > 0 {
		return nil
	}
	conductor := p.run.client.loops[0]
	return func() { conductor.post(func() {}) }
}

const (
	// settleEvery is how often members are asked what they have.
	settleEvery = 10 * time.Millisecond
	// quietFor is how long nothing arrives anywhere before nothing more will.
	quietFor = time.Second
)

// settle waits until the members have all that was published, or nothing more
// comes, or patience is over.
func (p *performance) settle(ctx context.Context) {
	var last uint64
	var published uint64
	p.direct(p.run.client.loops[0], func(*loop) { published = p.conductor.due })
	quick, slow := p.expected(0, published)
	deadline, quiet := time.Now().Add(p.run.load.FinishTimeout), time.Now().Add(quietFor)
	for !p.run.report.Interrupted {
		counts := make([]audienceCounts, len(p.audiences))
		p.run.client.each(func(i int, _ *loop) { counts[i] = p.audiences[i].counts })
		var received, sum uint64 // in order, and in any
		for _, c := range counts {
			received += c.received + c.slowReceived
			sum += c.outOfOrder
		}
		sum += received
		now := time.Now()
		if sum != last {
			last, quiet = sum, now.Add(quietFor)
		}
		if received >= quick+slow || now.After(quiet) || now.After(deadline) {
			return
		}
		p.run.pause(ctx, settleEvery)
	}
}

// expected returns how many times members are to receive a message of those
// with a number from from up to to: members that keep reading, and the others.
func (p *performance) expected(from, to uint64) (quick, slow uint64) {
	rooms := p.seating.rooms()
	quickOf, slowOf := p.seating.divide()
	for room := range uint32(rooms) {
		messages := uint64(portion(to, room, rooms) - portion(from, room, rooms))
		quick += messages * uint64(quickOf[room])
		slow += messages * uint64(slowOf[room])
	}
	return quick, slow
}

// sum adds up what the loops measured. The loops have ended.
func (p *performance) sum() *BroadcastFigures {
	f := &BroadcastFigures{}
	latency, last := newLatencies(), newLatencies()
	var inTime, reads, gaps uint64
	endings := failures{}
	for _, a := range p.audiences {
		f.Measured = max(f.Measured, a.took)
		f.Deliveries += a.unslow
		f.OutOfOrder += a.counts.outOfOrder
		inTime += a.since.received
		reads += a.since.reads
		latency.merge(a.latencies)
		last.merge(a.lasts)
		endings.merge(a.endings)
		gaps += a.gaps
		p.run.report.Generator.add(share(a.cpu, a.took))
	}
	if f.Measured == 0 {
		return f // it was interrupted before
	}
	c := p.conductor
	from := min(c.due, c.board.from.Load())
	f.Messages = c.due - from
	f.Late = c.late
	f.Expected, _ = p.expected(from, c.due)
	f.Lost = f.Expected - min(f.Expected, f.Deliveries)
	f.PerSecond = float64(inTime) / f.Measured.Seconds()
	f.Latency, f.LastLatency = latency.report(), last.report()
	if p.rooms.PerSecond > 0 {
		f.Latency, f.LastLatency = latency.fromSchedule(), last.fromSchedule()
	}
	if reads > 0 {
		f.PerRead = float64(inTime) / float64(reads)
	}
	f.ServerUser, f.ServerSystem = p.run.report.serverTimePer(inTime)
	f.Slow = p.sumSlow(gaps, endings)
	return f
}

// sumSlow is about the members that stopped reading; nil if there were none.
func (p *performance) sumSlow(gaps uint64, endings failures) *SlowFigures {
	each := p.eachSlow()
	if len(each) == 0 {
		return nil
	}
	f := &SlowFigures{Members: len(each), Open: len(each), Gaps: gaps, Ended: endings.sorted(), Each: each}
	for _, m := range each {
		f.Received += m.Received
		f.Missed += m.Missed
	}
	for _, e := range f.Ended {
		f.Open -= int(e.Count)
	}
	return f
}

// eachSlow tells the members apart that stopped reading.
func (p *performance) eachSlow() (each []SlowMember) {
	for _, a := range p.audiences {
		for _, slot := range slices.Sorted(maps.Keys(a.slow)) {
			of := *a.slow[slot]
			published := uint64(portion(p.conductor.due, a.members[slot].room, p.seating.rooms()))
			of.Missed = published - min(published, of.Received)
			each = append(each, of)
		}
	}
	return each
}
