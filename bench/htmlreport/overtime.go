package htmlreport

import (
	"fmt"
	"time"

	"github.com/sluicegate/sluice/bench"
)

// plotPoints is how many points a curve over time has at most, and tableRows
// how many rows its values.
const (
	plotPoints = 240
	tableRows  = 24
)

// quantity is something that changes over time.
type quantity struct {
	name string // told beside a run's letter; "" for the only one of its chart
	of   func(*bench.Sample) (value float64, ok bool)
}

// overTime is a chart of one or two quantities of each run. The second is
// drawn thin.
type overTime struct {
	id, title, note string
	quantities      []quantity
	format          func(float64) string
	base            float64 // of round numbers on its axis
	logarithmic     bool
}

// charts are those over time, in the page's order.
var charts = []overTime{
	{id: "latency", title: "Latency over time", note: "p99 of each span, and the median as the thin line.", format: bench.Seconds.Format, logarithmic: true, quantities: []quantity{
		{"p99", func(s *bench.Sample) (float64, bool) { return seconds(s.P99), s.P99 > 0 }},
		{"p50", func(s *bench.Sample) (float64, bool) { return seconds(s.P50), s.P50 > 0 }},
	}},
	{id: "rate", title: "Messages per second", note: "Verified echoes or deliveries.", format: grouped, base: 10, quantities: []quantity{
		{"", func(s *bench.Sample) (float64, bool) { return s.PerSecond, true }},
	}},
	{id: "connections", title: "Open connections", format: grouped, base: 10, quantities: []quantity{
		{"", func(s *bench.Sample) (float64, bool) { return float64(s.Connected), true }},
	}},
	{id: "errors", title: "Failed and dropped connections", note: "Since the run began.", format: grouped, base: 10, quantities: []quantity{
		{"", func(s *bench.Sample) (float64, bool) { return float64(s.Errors), true }},
	}},
	{id: "rss", title: "Server memory", note: "Resident set.", format: bench.Bytes.Format, base: 2, quantities: []quantity{
		{"", func(s *bench.Sample) (float64, bool) {
			if s.Server == nil {
				return 0, false
			}
			return float64(s.Server.RSS), true
		}},
	}},
	{id: "cpu", title: "CPU", note: "100 % is one CPU. The server, and the client as the thin line.", format: bench.Share.Format, base: 10, quantities: []quantity{
		{"server", func(s *bench.Sample) (float64, bool) {
			if s.Server == nil {
				return 0, false
			}
			return s.Server.CPU, true
		}},
		{"client", func(s *bench.Sample) (float64, bool) { return s.ClientCPU, true }},
	}},
}

// draw returns the chart of runs; nil if none has a value, or all are 0.
func (o *overTime) draw(runs []Run) *chart {
	c := &chart{ID: o.id, Title: o.title, Note: o.note, XLabel: "time since the first connection", Width: narrow}
	lowest, highest, longest := 0.0, 0.0, 0.0
	all := make([][][]point, len(runs))
	for i, r := range runs {
		series := r.Report.Series.Thin(plotPoints)
		for _, q := range o.quantities {
			points := q.points(series)
			all[i] = append(all[i], points)
			for _, p := range points {
				longest, highest = max(longest, p.x), max(highest, p.y)
				if lowest == 0 || p.y < lowest {
					lowest = p.y
				}
			}
		}
	}
	if highest == 0 {
		return nil
	}
	p := plotter{formatX: elapsed, formatY: o.format}
	p.x, c.XTicks = timeAxis(longest)
	if o.logarithmic {
		p.y, c.YTicks = logarithmic(lowest, highest, plotBottom, plotTop, o.format)
	} else {
		p.y, c.YTicks = linear(highest, plotBottom, plotTop, o.base, o.format)
	}
	for i, of := range all {
		for n, points := range of {
			if len(points) > 0 {
				c.Curves = append(c.Curves, p.curve(i, n > 0, runs[i].quantityName(i, o.quantities[n].name), points))
			}
		}
	}
	o.tabulate(c, runs, longest)
	return c
}

func (q *quantity) points(series bench.Series) []point {
	var points []point
	for i := range series {
		if value, ok := q.of(&series[i]); ok {
			points = append(points, point{series[i].At.Seconds(), value})
		}
	}
	return points
}

// tabulate adds the table: at a few moments, the value of each curve.
func (o *overTime) tabulate(c *chart, runs []Run, longest float64) {
	c.Columns = []string{"time"}
	step := max(niceStep(longest/tableRows, 10), 0.001)
	for at := step; at < longest+step; at += step {
		c.Rows = append(c.Rows, []string{elapsed(at)})
	}
	for i, r := range runs {
		for _, q := range o.quantities {
			c.Columns = append(c.Columns, r.quantityName(i, q.name))
			for n := range c.Rows {
				c.Rows[n] = append(c.Rows[n], q.at(r.Report.Series, float64(n+1)*step, o.format))
			}
		}
	}
}

// at returns the value of the sample whose span has a moment, as text.
func (q *quantity) at(series bench.Series, moment float64, format func(float64) string) string {
	for i := range series {
		s := &series[i]
		if end := s.At.Seconds(); moment > end || moment <= end-s.Span.Seconds() {
			continue
		}
		if value, ok := q.of(s); ok {
			return format(value)
		}
	}
	return none
}

// timeAxis is an axis from 0 to so many seconds.
func timeAxis(longest float64) (axis, []tick) {
	step := niceStep(longest/6, 10)
	a := axis{0, max(longest, 0.001), plotLeft, narrow - plotRight, same}
	var ticks []tick
	for i := 0; float64(i)*step <= longest; i++ {
		ticks = append(ticks, a.tick(float64(i)*step, elapsed(float64(i)*step)))
	}
	return a, ticks
}

// elapsed returns seconds as text.
func elapsed(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(10 * time.Millisecond).String()
}

// grouped returns a number with its thousands apart.
func grouped(v float64) string {
	digits := fmt.Sprintf("%.0f", v)
	if v != 0 && v < 10 && v != float64(int(v)) {
		return fmt.Sprintf("%.1f", v)
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
