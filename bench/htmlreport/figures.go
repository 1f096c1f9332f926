package htmlreport

import (
	"fmt"
	"slices"

	"github.com/sluicegate/sluice/bench"
)

// figureRow is one figure of all runs.
type figureRow struct {
	Name  string
	Means string
	Cells []figureCell
}

// figureCell is one figure of one run.
type figureCell struct {
	Value string
	// Share is what a count is a part of, as text; "" where it is 0.
	Share string
	// Ratio is the value by that of the first run, as text; "" where one of them
	// has none.
	Ratio string
	// Verdict is "better" or "worse" than the first run, or "".
	Verdict string
	// Bad: a count that should be 0.
	Bad bool
}

// noticeable is by how much a figure must differ before the page calls it better
// or worse: what two runs of the same thing easily do.
const noticeable = 0.05

// figureRows has each figure that some run has.
func figureRows(runs []Run) []figureRow {
	var rows []figureRow
	for _, f := range bench.Figures() {
		row := figureRow{Name: f.Name, Means: f.Means}
		first, based := f.Of(runs[0].Report)
		known := false
		for i, r := range runs {
			value, ok := f.Of(r.Report)
			known = known || ok
			cell := figureCell{Value: none}
			if ok {
				cell = newFigureCell(f, r.Report, value)
				if i > 0 && based && first > 0 {
					cell.compare(value / first)
					if r.Report.Scenario == runs[0].Report.Scenario {
						cell.Verdict = verdict(value/first, f.HigherIsBetter)
					}
				}
			}
			row.Cells = append(row.Cells, cell)
		}
		if known {
			rows = append(rows, row)
		}
	}
	return rows
}

func newFigureCell(f bench.Figure, r *bench.Report, value float64) figureCell {
	cell := figureCell{Value: f.Format(value)}
	if f.Unit == bench.PerSecond {
		cell.Value = grouped(value) + "/s"
	}
	if share, ok := f.ShareOf(r); ok {
		cell.Value = grouped(value)
		cell.Bad = value > 0
		if value > 0 {
			cell.Share = bench.Share.Format(share)
		}
	}
	return cell
}

// compare notes the ratio to the first run's value.
func (c *figureCell) compare(ratio float64) {
	c.Ratio = fmt.Sprintf("%.2f×", ratio)
	if ratio >= 100 {
		c.Ratio = grouped(ratio) + "×"
	}
}

// verdict says what a ratio to the first run means.
func verdict(ratio float64, higherIsBetter bool) string {
	switch {
	case ratio < 1+noticeable && ratio > 1-noticeable:
		return ""
	case ratio > 1 == higherIsBetter:
		return "better"
	}
	return "worse"
}

// factRow is something that was so in each run: part of its environment, or a
// parameter.
type factRow struct {
	Name   string
	Values []string
	// Differs: not in all runs alike.
	Differs bool
}

func newFactRow(name string, values []string) factRow {
	differs := slices.ContainsFunc(values, func(v string) bool { return v != values[0] })
	for i, v := range values {
		if v == "" {
			values[i] = none
		}
	}
	return factRow{name, values, differs}
}
