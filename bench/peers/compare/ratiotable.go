package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ratioTable is a Markdown table with a row for each setting and server, in which
// others than the first server have the ratio to it behind each figure.
type ratioTable struct {
	settings []string      // titles of the columns that say what was measured
	figures  []ratioColumn // and of what came of it
	servers  []string
	text     strings.Builder
}

// ratioColumn is one of figures.
type ratioColumn struct {
	title  string
	digits int // behind the decimal point
}

func (t *ratioTable) head() {
	titles := append(slices.Clone(t.settings), "server")
	line := strings.Repeat("---|", len(titles)) + strings.Repeat("---:|", len(t.figures))
	for _, c := range t.figures {
		titles = append(titles, c.title)
	}
	writeRow(&t.text, titles)
	t.text.WriteString("|" + line + "\n")
}

// add writes the medians of a setting's rounds. A figure of 0 is none.
func (t *ratioTable) add(setting []string, rounds []round) {
	baseline := t.servers[0]
	for _, name := range t.servers {
		line := append(slices.Clone(setting), name)
		for i, c := range t.figures {
			value := median(column(rounds, name, i))
			text := ""
			if value != 0 {
				text = strconv.FormatFloat(value, 'f', c.digits, 64)
			}
			if ratio := ratios(rounds, name, baseline, i); name != baseline && ratio != nil {
				text += fmt.Sprintf(" (%.2f)", ratio.Median)
			}
			line = append(line, text)
		}
		writeRow(&t.text, line)
	}
}

// end says what the figures of the rows are and returns the table.
func (t *ratioTable) end(note string, rows ...[]round) string {
	var worst noise
	for _, rounds := range rows {
		for _, r := range rounds {
			worst = worst.worse(r.Noise)
		}
	}
	fmt.Fprintf(&t.text, "\nMedians of %d rounds", len(rows[0]))
	if len(t.servers) > 1 {
		fmt.Fprintf(&t.text, "; in brackets, of the ratios to %s within each round", t.servers[0])
	}
	fmt.Fprintf(&t.text, ". %s Worst run that was kept: %v.\n", note, worst)
	return t.text.String()
}
