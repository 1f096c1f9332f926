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
	// ofServer: it is known where the server's process was looked at.
	ofServer bool
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
	{Name: "loss", Unit: Count, Means: "messages, answers or deliveries that did not arrive", value: lost, whole: due},
	{Name: "late", Unit: Count, Means: "messages or connections that began more than 1 ms after they were due", value: late, whole: sent},
	{Name: "disorder", Unit: Count, Means: "deliveries out of order, or twice", value: disorder, whole: due},
	{Name: "failed", Unit: Count, Means: "connections that did not open",
		value: connections(func(c *Connections) float64 { return float64(c.Failed) }),
		whole: func(r *Report) float64 { return float64(r.Connections.Asked) }},
	{Name: "dropped", Unit: Count, Means: "connections that ended before the run did",
		value: connections(func(c *Connections) float64 { return float64(c.Lost) }),
		whole: func(r *Report) float64 { return float64(r.Connections.Opened) }},
	{Name: "refusals", Unit: Count, Means: "attempts to come back that failed", value: refusals, whole: attempts},
	{Name: "away", Unit: Count, Means: "connections of a storm that did not come back", value: away,
		whole: func(r *Report) float64 { return float64(r.Storm.Dropped) }},
	{Name: "unclosed", Unit: Count, Means: "close frames that the server did not answer", value: unclosed,
		whole: func(r *Report) float64 { return float64(r.Churn.Left) }},

	{Name: "p50", Unit: Seconds, Means: "median latency", value: percentile((*Report).MessageLatency, 50)},
	{Name: "p90", Unit: Seconds, Means: "latency of all but 10 % of the messages", value: percentile((*Report).MessageLatency, 90)},
	{Name: "p99", Unit: Seconds, Means: "latency of all but 1 %", value: percentile((*Report).MessageLatency, 99)},
	{Name: "p99.9", Unit: Seconds, Means: "latency of all but 0.1 %", value: percentile((*Report).MessageLatency, 99.9)},
	{Name: "p99.99", Unit: Seconds, Means: "latency of all but 0.01 %", value: percentile((*Report).MessageLatency, 99.99)},
	{Name: "max", Unit: Seconds, Means: "the highest latency", value: highest((*Report).MessageLatency)},
	{Name: "last-p99", Unit: Seconds, Means: "time until the last member has a message, of all but 1 %", value: percentile((*Report).lastLatency, 99)},
	{Name: "told", Unit: Seconds, Means: "time until the last connection has the message to all", value: told},
	{Name: "handshake-p99", Unit: Seconds, Means: "time of a handshake, of all but 1 %", value: percentile((*Report).handshake, 99)},
	{Name: "away-p99", Unit: Seconds, Means: "time from the storm until a connection is back, of all but 1 %", value: percentile((*Report).awayTime, 99)},
	{Name: "recovery", Unit: Seconds, Means: "time from the storm until all are back", value: recovery},

	{Name: "rate", Unit: PerSecond, Means: "verified messages or deliveries", HigherIsBetter: true, value: rate},
	{Name: "connect-rate", Unit: PerSecond, Means: "connections opened", HigherIsBetter: true,
		value: connections(func(c *Connections) float64 { return c.PerSecond })},
	{Name: "return-rate", Unit: PerSecond, Means: "connections that came back", HigherIsBetter: true, value: returnRate},

	{Name: "server-cpu", Unit: Seconds, Means: "the server's CPU time for a message or delivery, or for a connection that opened or came back", ofServer: true, value: serverCPU},
	{Name: "rss", Unit: Bytes, Means: "the server's highest resident set", ofServer: true, value: peakRSS},
	{Name: "rss-growth", Unit: Bytes, Means: "the server's resident set per connection, beyond that of the start", ofServer: true, value: rssGrowth},
	{Name: "rss-trend", Unit: Bytes, Means: "by how much the server's resident set grows in an hour, in the end of a soak", ofServer: true, value: rssTrend},
	{Name: "client-cpu", Unit: Share, Means: "the share of a CPU that the client's busiest loop used", value: clientCPU},
}
