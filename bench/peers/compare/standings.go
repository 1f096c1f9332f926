package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// standings is one page about all that servers are compared in: a row for each
// cost, and a column for each server.
type standings struct {
	began    time.Time
	servers  []string
	baseline string
	place    place
	cells    []*summary
	contests []contest
}

// contest is a row: one cost of a cell, by server. A server that failed has
// none.
type contest struct {
	title  string
	figure figure
	values map[string]float64 // medians
	ratios map[string]*spread // to the baseline
}

// add takes in what came of a cell.
func (s *standings) add(of *summary) {
	s.cells = append(s.cells, of)
	for i, f := range of.figures {
		if !f.isCost {
			continue
		}
		c := contest{title: of.Title, figure: f, values: make(map[string]float64), ratios: make(map[string]*spread)}
		for _, r := range of.Rows {
			if r.Failed == "" {
				c.values[r.Name] = r.Figures[i]
				c.ratios[r.Name] = ratios(of.Rounds, r.Name, of.Baseline, i)
			}
		}
		s.contests = append(s.contests, c)
	}
}

// below returns the servers other than the baseline that are below it, in order.
func (c contest) below(servers []string) (names []string) {
	for _, name := range servers {
		if r := c.ratios[name]; r != nil && r.Median < 1 {
			names = append(names, name)
		}
	}
	return names
}

// lowest returns the server of the lowest ratio.
func (c contest) lowest(servers []string) (name string) {
	for _, next := range servers {
		if r := c.ratios[next]; r != nil && (name == "" || r.Median < c.ratios[name].Median) {
			name = next
		}
	}
	return name
}

// String returns the page as Markdown.
func (s *standings) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s beside %s\n\n", s.baseline, strings.Join(s.others(), ", "))
	if len(s.cells) > 0 {
		fmt.Fprintf(&b, "%s, %s\n\n", s.began.Format(time.DateOnly), s.place.setting(s.cells[0].Environment))
	}
	fmt.Fprintf(&b, "Lower is better everywhere. In brackets stands the median of the ratios to %s within one round; the lowest is bold.\n\n", s.baseline)
	s.writeTable(&b)
	s.writeBelow(&b)
	for _, c := range s.cells {
		fmt.Fprintf(&b, "\n%s: %s\n", c.Title, c.provenance())
		c.writeFailed(&b)
	}
	return b.String()
}

func (s *standings) others() []string {
	return slices.DeleteFunc(slices.Clone(s.servers), func(name string) bool { return name == s.baseline })
}

func (s *standings) writeTable(b *strings.Builder) {
	writeRow(b, append([]string{"row", "figure"}, s.servers...))
	b.WriteString("|---|---|" + strings.Repeat("---:|", len(s.servers)) + "\n")
	for _, c := range s.contests {
		columns := []string{c.title, c.figure.name}
		lowest := c.lowest(s.servers)
		for _, name := range s.servers {
			text := s.cell(c, name)
			if name == lowest {
				text = "**" + text + "**"
			}
			columns = append(columns, text)
		}
		writeRow(b, columns)
	}
}

func (s *standings) cell(c contest, name string) string {
	value, measured := c.values[name]
	if !measured {
		return "–"
	}
	text := c.figure.format(value)
	if r := c.ratios[name]; r != nil && name != s.baseline {
		text += fmt.Sprintf(" (%.2f)", r.Median)
	}
	return text
}

// writeBelow names the rows that the baseline does not win, to be explained and
// attacked.
func (s *standings) writeBelow(b *strings.Builder) {
	won := true
	for _, c := range s.contests {
		for _, name := range c.below(s.servers) {
			r := c.ratios[name]
			fmt.Fprintf(b, "\nBelow %s: %s in %s, %s: %.2f, quartiles %.2f–%.2f.\n", s.baseline, name, c.title, c.figure.name, r.Median, r.Low, r.High)
			won = false
		}
	}
	if won {
		fmt.Fprintf(b, "\nNo server is below %s in any row.\n", s.baseline)
	}
}
