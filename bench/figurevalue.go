package bench

import (
	"slices"
	"time"
)

// MessageLatency returns the latency of the run's messages; of an attack and of a
// storm that of the messages of others while it lasted. It is the report's; nil
// if it has none.
func (r *Report) MessageLatency() *Latency { return r.outcome().latency }

func (r *Report) lastLatency() *Latency {
	if r.Broadcast == nil {
		return nil
	}
	return &r.Broadcast.LastLatency
}

// handshake is that of connections which come back, where that is the scenario.
func (r *Report) handshake() *Latency {
	if r.Churn != nil && r.Churn.Handshake.Count > 0 {
		return &r.Churn.Handshake
	}
	return &r.Connections.Handshake
}

func (r *Report) awayTime() *Latency {
	if r.Storm == nil {
		return nil
	}
	return &r.Storm.Away
}

func percentile(of func(*Report) *Latency, percent float64) func(*Report) (float64, bool) {
	return func(r *Report) (float64, bool) {
		l := of(r)
		if l == nil || l.Count == 0 {
			return 0, false
		}
		return l.At(percent).Seconds(), true
	}
}

func highest(of func(*Report) *Latency) func(*Report) (float64, bool) {
	return func(r *Report) (float64, bool) {
		l := of(r)
		if l == nil || l.Count == 0 {
			return 0, false
		}
		return (time.Duration(l.Max) * latencyUnit).Seconds(), true
	}
}

// connections is a figure that every run has of which something came.
func connections(of func(*Connections) float64) func(*Report) (float64, bool) {
	return func(r *Report) (float64, bool) { return of(&r.Connections), r.Connections.Asked > 0 }
}

func lost(r *Report) (float64, bool) {
	o := r.outcome()
	return float64(o.lost), o.counted
}

func due(r *Report) float64 { return float64(r.outcome().due) }

func late(r *Report) (float64, bool) {
	o := r.outcome()
	return float64(o.late), o.scheduled
}

func sent(r *Report) float64 { return float64(r.outcome().sent) }

func disorder(r *Report) (float64, bool) {
	if r.Broadcast == nil {
		return 0, false
	}
	return float64(r.Broadcast.OutOfOrder), true
}

// rate is no figure of a storm, which lasts as long as the server makes it.
func rate(r *Report) (float64, bool) {
	o := r.outcome()
	return o.perSecond, o.latency != nil && r.Storm == nil
}

func serverCPU(r *Report) (float64, bool) {
	each := r.outcome().serverTime
	return each.Seconds(), each > 0
}

// refusals are those of connections that come back.
func refusals(r *Report) (float64, bool) {
	switch {
	case r.Storm != nil:
		return float64(total(r.Storm.Refused)), true
	case r.Churn != nil:
		return float64(total(r.Churn.Refused)), true
	}
	return 0, false
}

func attempts(r *Report) float64 {
	if r.Storm != nil {
		return float64(r.Storm.Attempts)
	}
	return float64(r.Churn.Returned + total(r.Churn.Refused))
}

func away(r *Report) (float64, bool) {
	if r.Storm == nil {
		return 0, false
	}
	return float64(r.Storm.Dropped - r.Storm.Back), true
}

func unclosed(r *Report) (float64, bool) {
	if r.Churn == nil {
		return 0, false
	}
	return float64(r.Churn.Unanswered), true
}

// recovery is no figure of a storm that some did not survive.
func recovery(r *Report) (float64, bool) {
	if r.Storm == nil || r.Storm.Back == 0 || r.Storm.Back < r.Storm.Dropped {
		return 0, false
	}
	return r.Storm.Took.Seconds(), true
}

// told is no figure of a message that some did not get.
func told(r *Report) (float64, bool) {
	if r.LatenciesWithheld || r.Capacity == nil || r.Capacity.Broadcast == nil || r.Capacity.Broadcast.Lost > 0 {
		return 0, false
	}
	return r.Capacity.Broadcast.Last.Seconds(), true
}

func returnRate(r *Report) (float64, bool) {
	switch {
	case r.Storm != nil:
		return r.Storm.PerSecond, true
	case r.Churn != nil:
		return r.Churn.ReturnedPerSecond, true
	}
	return 0, false
}

func rssTrend(r *Report) (float64, bool) {
	if r.Soak == nil {
		return 0, false
	}
	return float64(r.Soak.Growth), true
}

func peakRSS(r *Report) (float64, bool) {
	var peak int64
	for _, s := range r.Server {
		peak = max(peak, s.RSS)
	}
	for _, s := range r.Series {
		if s.Server != nil {
			peak = max(peak, s.Server.RSS)
		}
	}
	return float64(peak), peak > 0
}

func rssGrowth(r *Report) (float64, bool) {
	if len(r.Server) < 2 || r.Connections.Opened == 0 {
		return 0, false
	}
	return float64(r.Server[len(r.Server)-1].RSS-r.Server[0].RSS) / float64(r.Connections.Opened), true
}

func clientCPU(r *Report) (float64, bool) {
	if len(r.Generator.CoreShare) == 0 {
		return 0, false
	}
	return slices.Max(r.Generator.CoreShare), true
}
