package bench

import (
	"fmt"
	"slices"
	"time"
)

// Figure is one number of a report, by which runs are compared and judged.
type Figure struct {
	Name string
	Unit Unit
	// Means says what it is, in one line.
	Means string
	// HigherIsBetter: otherwise lower is.
	HigherIsBetter bool

	value func(*Report) (v float64, ok bool)
	// whole is what a count is a share of; nil for other units.
	whole func(*Report) float64
}

// Unit is that of a figure's values.
type Unit uint8

const (
	// Count is a number of messages or connections.
	Count Unit = iota
	// Seconds are written as 250µs or 5ms.
	Seconds
	// PerSecond is a number of messages or connections in a second.
	PerSecond
	// Bytes are written as 80MiB.
	Bytes
	// Share is a part of one, written as 90%.
	Share
)

// Figures returns every figure, what went wrong first. The slice is the
// caller's.
func Figures() []Figure { return slices.Clone(figures) }

// Of returns the figure's value in r, in the figure's unit. Not ok: the run has
// no such figure.
func (f Figure) Of(r *Report) (value float64, ok bool) { return f.value(r) }

// ShareOf returns a count's value in r as a part of what it could be at most, 0
// to 1. Not ok: the run has no such figure, or it is no count.
func (f Figure) ShareOf(r *Report) (share float64, ok bool) {
	value, ok := f.value(r)
	if !ok || f.whole == nil {
		return 0, false
	}
	return value / max(1, f.whole(r)), true
}

// Format returns a value of the figure as text.
func (f Figure) Format(value float64) string { return f.Unit.Format(value) }

// Format returns a value of that unit as text, to three digits or so.
func (u Unit) Format(value float64) string {
	switch u {
	case Seconds:
		return short(time.Duration(value * float64(time.Second)))
	case PerSecond:
		return fmt.Sprintf("%.0f/s", value)
	case Bytes:
		return size(int64(value))
	case Share:
		return fmt.Sprintf("%.3g %%", 100*value)
	default:
		return fmt.Sprintf("%.0f", value)
	}
}

var figures = []Figure{
	{Name: "loss", Unit: Count, Means: "messages or deliveries that did not arrive", value: lost, whole: due},
	{Name: "late", Unit: Count, Means: "messages that left more than 1 ms after they were due", value: late, whole: due},
	{Name: "disorder", Unit: Count, Means: "deliveries out of order, or twice", value: disorder, whole: due},
	{Name: "failed", Unit: Count, Means: "connections that did not open",
		value: connections(func(c *Connections) float64 { return float64(c.Failed) }),
		whole: func(r *Report) float64 { return float64(r.Connections.Asked) }},
	{Name: "dropped", Unit: Count, Means: "connections that ended before the run did",
		value: connections(func(c *Connections) float64 { return float64(c.Lost) }),
		whole: func(r *Report) float64 { return float64(r.Connections.Opened) }},

	{Name: "p50", Unit: Seconds, Means: "median latency", value: percentile((*Report).MessageLatency, 50)},
	{Name: "p90", Unit: Seconds, Means: "latency of all but 10 % of the messages", value: percentile((*Report).MessageLatency, 90)},
	{Name: "p99", Unit: Seconds, Means: "latency of all but 1 %", value: percentile((*Report).MessageLatency, 99)},
	{Name: "p99.9", Unit: Seconds, Means: "latency of all but 0.1 %", value: percentile((*Report).MessageLatency, 99.9)},
	{Name: "p99.99", Unit: Seconds, Means: "latency of all but 0.01 %", value: percentile((*Report).MessageLatency, 99.99)},
	{Name: "max", Unit: Seconds, Means: "the highest latency", value: highest((*Report).MessageLatency)},
	{Name: "last-p99", Unit: Seconds, Means: "time until the last member has a message, of all but 1 %", value: percentile((*Report).lastLatency, 99)},
	{Name: "handshake-p99", Unit: Seconds, Means: "time of a handshake, of all but 1 %", value: percentile((*Report).handshake, 99)},

	{Name: "rate", Unit: PerSecond, Means: "verified messages or deliveries", HigherIsBetter: true, value: rate},
	{Name: "connect-rate", Unit: PerSecond, Means: "connections opened", HigherIsBetter: true,
		value: connections(func(c *Connections) float64 { return c.PerSecond })},

	{Name: "server-cpu", Unit: Seconds, Means: "the server's CPU time for a message or delivery", value: serverCPU},
	{Name: "rss", Unit: Bytes, Means: "the server's highest resident set", value: peakRSS},
	{Name: "rss-growth", Unit: Bytes, Means: "the server's resident set per connection, beyond that of the start", value: rssGrowth},
	{Name: "client-cpu", Unit: Share, Means: "the share of a CPU that the client's busiest loop used", value: clientCPU},
}

// MessageLatency returns the latency of the run's messages, of an attack that of
// the well-behaved ones while it lasted. It is the report's; nil if it has none.
func (r *Report) MessageLatency() *Latency {
	switch {
	case r.Echo != nil:
		return &r.Echo.Latency
	case r.Rate != nil:
		return &r.Rate.Latency
	case r.Broadcast != nil:
		return &r.Broadcast.Latency
	case r.Attack != nil && r.Attack.phase(phaseDuring) != nil:
		return &r.Attack.phase(phaseDuring).Latency
	}
	return nil
}

func (r *Report) lastLatency() *Latency {
	if r.Broadcast == nil {
		return nil
	}
	return &r.Broadcast.LastLatency
}

func (r *Report) handshake() *Latency { return &r.Connections.Handshake }

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
	switch {
	case r.Rate != nil:
		return float64(r.Rate.Lost), true
	case r.Attack != nil:
		return float64(r.Attack.lost()), true
	case r.Broadcast != nil:
		return float64(r.Broadcast.Lost), true
	}
	return float64(r.unanswered()), r.Echo != nil || r.Idle != nil
}

func late(r *Report) (n float64, ok bool) {
	switch {
	case r.Rate != nil:
		return float64(r.Rate.Late), true
	case r.Broadcast != nil:
		return float64(r.Broadcast.Late), true
	case r.Attack != nil:
		for _, p := range r.Attack.Phases {
			n += float64(p.Late)
		}
		return n, true
	}
	return 0, false
}

// due is how many messages, or deliveries, there should have been.
func due(r *Report) (n float64) {
	switch {
	case r.Rate != nil:
		n = float64(r.Rate.Due)
	case r.Echo != nil:
		n = float64(r.Echo.Messages + r.Echo.Unanswered)
	case r.Broadcast != nil:
		n = float64(r.Broadcast.Expected)
	case r.Attack != nil:
		for _, p := range r.Attack.Phases {
			n += float64(p.Due)
		}
	}
	return n
}

func disorder(r *Report) (float64, bool) {
	if r.Broadcast == nil {
		return 0, false
	}
	return float64(r.Broadcast.OutOfOrder), true
}

func rate(r *Report) (float64, bool) {
	switch {
	case r.Echo != nil:
		return r.Echo.PerSecond, true
	case r.Rate != nil:
		return r.Rate.PerSecond, true
	case r.Broadcast != nil:
		return r.Broadcast.PerSecond, true
	case r.Attack != nil && r.Attack.phase(phaseDuring) != nil:
		return r.Attack.phase(phaseDuring).PerSecond, true
	}
	return 0, false
}

func serverCPU(r *Report) (float64, bool) {
	var each time.Duration
	switch {
	case r.Echo != nil:
		each = r.Echo.ServerUser + r.Echo.ServerSystem
	case r.Rate != nil:
		each = r.Rate.ServerUser + r.Rate.ServerSystem
	case r.Broadcast != nil:
		each = r.Broadcast.ServerUser + r.Broadcast.ServerSystem
	}
	return each.Seconds(), each > 0
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
