package bench

import "fmt"

// lateShare is the share of messages that may leave late before the latencies of
// an open loop say more about the generator than about the server.
const lateShare = 0.05

// Overload says why the latencies of an open-loop run are not to be taken for the
// server's, in order of weight; nil if they may be. In a closed loop, where the
// generator works as fast as it can, a loop at its limit is no fault: see
// [Generator].
func (r *Report) Overload() (reasons []string) {
	late, sent := r.punctuality()
	if sent == 0 {
		return nil
	}
	for i, share := range r.Generator.CoreShare {
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
