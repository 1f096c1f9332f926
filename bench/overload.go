package bench

import "fmt"

// lateShare is the share of messages that may leave late before the latencies of
// an open loop say more about the generator than about the server.
const lateShare = 0.05

// overload says why the latencies of an open-loop run are not to be taken for the
// server's, in order of weight; nil if they may be. In a closed loop, where the
// generator works as fast as it can, a loop at its limit is no fault: see
// [Generator].
func (r *Report) overload() (reasons []string) {
	late, sent := r.punctuality()
	return overload(late, sent, r.Generator.CoreShare)
}

// overload says the same of so much that was sent by a schedule, by loops that used
// these shares of a CPU.
func overload(late, sent uint64, shares []float64) (reasons []string) {
	if sent == 0 {
		return nil
	}
	for i, share := range shares {
		if share > saturation {
			reasons = append(reasons, fmt.Sprintf("loop %d of the generator used %.0f %% of a CPU", i, 100*share))
		}
	}
	if share := float64(late) / float64(sent); share > lateShare {
		reasons = append(reasons, fmt.Sprintf("%.1f %% of what was due left more than %v late", 100*share, lateAfter))
	}
	return reasons
}

// punctuality returns how much of what was due by a schedule was sent, and how
// much of that late. It was none in a closed loop. That connections begin late is
// the server's doing where as many as [Load].ConnectInFlight wait for it.
func (r *Report) punctuality() (late, sent uint64) {
	if r.Connect != nil || r.Broadcast != nil && !scheduledPublishing(r.Parameters) {
		return 0, 0
	}
	o := r.outcome()
	return o.late, o.sent
}

// WithholdLatencies takes the latencies out of a report whose generator was
// overloaded, and of its series: they are the generator's, and would be taken for
// the server's. Those of handshakes stay, where they were over before the load
// began. Any other report is left as it is.
func (r *Report) WithholdLatencies() {
	if len(r.GeneratorOverloaded) == 0 {
		return
	}
	r.LatenciesWithheld = true
	for _, l := range r.underLoad() {
		*l = Latency{}
	}
	if r.Attack != nil {
		r.Attack.P99Ratio = 0
	}
	if r.Capacity != nil && r.Capacity.Broadcast != nil {
		r.Capacity.Broadcast.Last = 0
	}
	r.Series.withholdLatencies()
}

// WithoutOwnLatencies returns the sample without latencies if the generator was
// overloaded.
func (s Sample) WithoutOwnLatencies() Sample {
	if s.Overloaded {
		s.P50, s.P99, s.Max = 0, 0, 0
	}
	return s
}

// underLoad returns the latencies that were taken while the load was on.
func (r *Report) underLoad() (all []*Latency) {
	if f := r.Rate; f != nil {
		all = append(all, &f.Latency)
	}
	if f := r.Attack; f != nil {
		for i := range f.Phases {
			all = append(all, &f.Phases[i].Latency)
		}
	}
	if f := r.Broadcast; f != nil {
		all = append(all, &f.Latency, &f.LastLatency)
	}
	if f := r.Churn; f != nil {
		all = append(all, &f.Handshake, &f.Messages.Latency)
	}
	if f := r.Storm; f != nil {
		all = append(all, &f.Away, &f.Before.Latency, &f.During.Latency, &f.After.Latency)
	}
	if f := r.Capacity; f != nil {
		all = append(all, &f.Verified.Pongs.Latency, &f.Verified.Echoes.Latency, &f.Held.Pongs.Latency, &f.Active.Latency)
		if f.Broadcast != nil {
			all = append(all, &f.Broadcast.Latency)
		}
	}
	return all
}

func (s Series) withholdLatencies() {
	for i := range s {
		s[i].P50, s[i].P99, s[i].Max = 0, 0, 0
	}
}

// scheduledPublishing reports whether a scenario publishes on a schedule.
func scheduledPublishing(scenario any) bool {
	switch p := scenario.(type) {
	case Broadcast:
		return p.PerSecond > 0
	case Rooms:
		return p.PerSecond > 0
	}
	return false
}
