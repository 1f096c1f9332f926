package htmlreport

import (
	"fmt"
	"strconv"
	"time"

	"github.com/sluicegate/sluice/bench"
)

// distribution draws how latencies are distributed, tails stretched out; nil if
// no run has any.
func distribution(id, title, note string, runs []Run, of func(*bench.Report) *bench.Latency) *chart {
	curves := make([][]point, len(runs))
	lowest, highest, furthest := 0.0, 0.0, 0.5
	for i, r := range runs {
		l := of(r.Report)
		if l == nil || l.Count == 0 {
			continue
		}
		curves[i] = quantiles(l)
		for _, p := range curves[i] {
			furthest, highest = max(furthest, p.x), max(highest, p.y)
			if lowest == 0 || p.y < lowest {
				lowest = p.y
			}
		}
	}
	if lowest == 0 {
		return nil
	}
	c := &chart{ID: id, Title: title, Note: note, XLabel: "part of the messages that were as fast or faster", Width: wide}
	p := plotter{formatX: percentText, formatY: bench.Seconds.Format}
	p.x, c.XTicks = nines(furthest, plotLeft, wide-plotRight)
	p.y, c.YTicks = logarithmic(lowest, highest, plotBottom, plotTop, bench.Seconds.Format)
	for i, points := range curves {
		if points != nil {
			c.Curves = append(c.Curves, p.curve(i, false, runs[i].letter(i), points))
		}
	}
	c.Columns, c.Rows = percentileTable(runs, of)
	return c
}

// quantiles returns the distribution as far as there are messages for it: the
// 99.99th percentile of a hundred is nothing but their maximum.
func quantiles(l *bench.Latency) []point {
	last := 1 - 1/float64(l.Count+1)
	var points []point
	for _, p := range l.Percentiles {
		if q := p.Percent / 100; q < last {
			points = append(points, point{q, seconds(p.Microseconds)})
		}
	}
	return append(points, point{last, seconds(l.Max)})
}

// seconds returns so many microseconds, of which there is at least one, in
// seconds.
func seconds(microseconds int64) float64 {
	return (time.Duration(max(1, microseconds)) * time.Microsecond).Seconds()
}

func percentText(q float64) string { return strconv.FormatFloat(100*q, 'g', 7, 64) + " %" }

// percentileTable has a row for each percentile, and a column for each run.
func percentileTable(runs []Run, of func(*bench.Report) *bench.Latency) (columns []string, rows [][]string) {
	columns = []string{"percentile"}
	var percents []float64
	for i, r := range runs {
		columns = append(columns, r.letter(i))
		if l := of(r.Report); l != nil && len(l.Percentiles) > len(percents) {
			percents = percents[:0]
			for _, p := range l.Percentiles {
				percents = append(percents, p.Percent)
			}
		}
	}
	row := func(name string, value func(*bench.Latency) time.Duration) {
		cells := []string{name}
		for _, r := range runs {
			cell := none
			if l := of(r.Report); l != nil && l.Count > 0 {
				cell = bench.Seconds.Format(value(l).Seconds())
			}
			cells = append(cells, cell)
		}
		rows = append(rows, cells)
	}
	for _, percent := range percents {
		row(fmt.Sprintf("%g %%", percent), func(l *bench.Latency) time.Duration { return l.At(percent) })
	}
	row("maximum", func(l *bench.Latency) time.Duration { return time.Duration(l.Max) * time.Microsecond })
	return columns, rows
}

// none stands where a run has no value.
const none = "–"
