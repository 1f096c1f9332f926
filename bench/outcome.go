package bench

import "time"

// outcome is what came of a run's messages or deliveries, in the same terms for
// every scenario. Most figures are taken from it.
type outcome struct {
	counted bool   // it is known how many were lost
	due     uint64 // messages or deliveries that there should have been
	lost    uint64 // of them

	scheduled bool   // messages, or connections, had a moment to begin
	sent      uint64 // these
	late      uint64 // of them

	latency    *Latency // the report's; nil: none was measured
	perSecond  float64
	serverTime time.Duration // CPU time for each message, delivery or connection
}

// outcome returns that of the run's scenario.
func (r *Report) outcome() outcome {
	switch {
	case r.Echo != nil:
		return r.Echo.outcome()
	case r.Idle != nil:
		return outcome{counted: true, lost: r.Idle.Unanswered}
	case r.Rate != nil:
		return r.Rate.outcome()
	case r.Attack != nil:
		return r.Attack.outcome()
	case r.Broadcast != nil:
		return r.Broadcast.outcome()
	case r.Connect != nil:
		return r.Connect.outcome(&r.Connections)
	case r.Churn != nil:
		return r.Churn.outcome()
	case r.Storm != nil:
		return r.Storm.outcome()
	case r.Capacity != nil:
		return r.Capacity.outcome()
	}
	return outcome{}
}

func (f *EchoFigures) outcome() outcome {
	return outcome{
		counted:    true,
		due:        f.Messages + f.Unanswered,
		lost:       f.Unanswered,
		latency:    &f.Latency,
		perSecond:  f.PerSecond,
		serverTime: f.ServerUser + f.ServerSystem,
	}
}

func (f *RateFigures) outcome() outcome {
	return outcome{
		counted:    true,
		due:        f.Due,
		lost:       f.Lost,
		scheduled:  true,
		sent:       f.Due,
		late:       f.Late,
		latency:    &f.Latency,
		perSecond:  f.PerSecond,
		serverTime: f.ServerUser + f.ServerSystem,
	}
}

// outcome has the losses of all phases, and the latency of the attack.
func (f *AttackFigures) outcome() outcome {
	o := outcome{counted: true, scheduled: true}
	for _, p := range f.Phases {
		o.add(p.RateFigures.outcome())
	}
	if during := f.phase(phaseDuring); during != nil {
		o.latency, o.perSecond = &during.Latency, during.PerSecond
	}
	return o
}

func (f *BroadcastFigures) outcome() outcome {
	return outcome{
		counted:    true,
		due:        f.Expected,
		lost:       f.Lost,
		scheduled:  true,
		sent:       f.Messages,
		late:       f.Late,
		latency:    &f.Latency,
		perSecond:  f.PerSecond,
		serverTime: f.ServerUser + f.ServerSystem,
	}
}

func (f *ConnectFigures) outcome(c *Connections) outcome {
	return outcome{
		scheduled:  true,
		sent:       uint64(c.Asked),
		late:       f.Late,
		serverTime: f.ServerUser + f.ServerSystem,
	}
}

// outcome has no latency if no messages were asked for.
func (f *ChurnFigures) outcome() outcome {
	o := outcome{serverTime: f.ServerUser + f.ServerSystem}
	if f.Messages.Sent > 0 {
		o.add(f.Messages.outcome())
		o.latency = &f.Messages.Latency
	}
	if f.Measured > 0 {
		o.perSecond = float64(f.Messages.Sent-f.Messages.Missing) / f.Measured.Seconds()
	}
	return o
}

// outcome has the messages of the bystanders, and their latency in the storm.
func (f *StormFigures) outcome() outcome {
	o := outcome{latency: &f.During.Latency}
	for _, a := range []*Answers{&f.Before, &f.During, &f.After} {
		o.add(a.outcome())
	}
	return o
}

// outcome has the answers and deliveries of all phases, and the latency of the
// active one. Verification has no schedule to keep: its pace is a bound.
func (f *CapacityFigures) outcome() outcome {
	o := f.Active.RateFigures.outcome()
	o.add(f.Held.Pongs.outcome())
	for _, a := range []*Answers{&f.Verified.Pongs, &f.Verified.Echoes} {
		o.due, o.lost = o.due+a.Sent, o.lost+a.Missing
	}
	if f.Broadcast != nil {
		o.due, o.lost = o.due+f.Broadcast.Expected, o.lost+f.Broadcast.Lost
	}
	return o
}

// outcome has no latency: it is for a scenario to say whose is its own.
func (a *Answers) outcome() outcome {
	return outcome{counted: true, due: a.Sent, lost: a.Missing, scheduled: true, sent: a.Sent, late: a.Late}
}

// add counts another part of the run's messages.
func (o *outcome) add(part outcome) {
	o.counted, o.scheduled = o.counted || part.counted, o.scheduled || part.scheduled
	o.due, o.lost = o.due+part.due, o.lost+part.lost
	o.sent, o.late = o.sent+part.sent, o.late+part.late
}
