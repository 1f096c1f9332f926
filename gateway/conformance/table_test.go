package conformance_test

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// result is one playing of a row.
type result struct {
	row      row
	variant  string
	chopping chopping
	outcome  outcome
}

func conforms(r result) bool { return !r.outcome.worst().deviates() }

// deviating counts the results that deviate.
func deviating(results []result) (count int) {
	for _, r := range results {
		if !conforms(r) {
			count++
		}
	}
	return count
}

// tally counts the results of a group.
type tally struct {
	cases         map[string]bool
	runs, clean   int
	informational int
	inexact       int
	nonStrict     int
	failed        int
	slowest       time.Duration
}

func (y *tally) add(r result) {
	y.cases[r.row.number] = true
	y.runs++
	y.slowest = max(y.slowest, r.outcome.lag)
	switch r.outcome.worst() {
	case ok:
		y.clean++
	case informational:
		y.informational++
	case inexact:
		y.inexact++
	case nonStrict:
		y.nonStrict++
	default:
		y.failed++
	}
}

// table renders the results by group.
func table(groups []group, results []result) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "group\t\tcases\truns\tok\tinformational\tinexact\tnon-strict\tfailed\tlast TCP end")
	sum := tally{cases: make(map[string]bool)}
	for _, g := range groups {
		y := tally{cases: make(map[string]bool)}
		for _, r := range results {
			if g.has(r.row) {
				y.add(r)
				sum.add(r)
			}
		}
		y.write(w, g.name, g.title)
	}
	sum.write(w, "", "all")
	w.Flush()
	return b.String()
}

func (y *tally) write(w *tabwriter.Writer, name, title string) {
	fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%v\n", name, title,
		len(y.cases), y.runs, y.clean, y.informational, y.inexact, y.nonStrict, y.failed, y.slowest.Round(100*time.Microsecond))
}

// remarks lists the rows that deviate or inform, once for each way, with the
// runs in which they do.
func remarks(results []result) string {
	type way struct {
		name               string
		behaviour, closing verdict
		record             string // of a row that informs
	}
	var ways []way
	notes, runs := make(map[way]string), make(map[way][]string)
	for _, r := range results {
		if r.outcome.worst() == ok {
			continue
		}
		w := way{name: strings.TrimSpace(r.row.number + " " + r.row.title), behaviour: r.outcome.behaviour, closing: r.outcome.closing}
		if r.outcome.behaviour == informational {
			w.record = r.outcome.note
		}
		if runs[w] == nil {
			ways = append(ways, w)
			notes[w] = r.outcome.note
		}
		runs[w] = append(runs[w], r.variant+" "+r.chopping.name)
	}
	var b strings.Builder
	for _, w := range ways {
		fmt.Fprintf(&b, "%s: behaviour %v, closing %v: %s\n    in %d runs: %s\n",
			w.name, w.behaviour, w.closing, notes[w], len(runs[w]), strings.Join(runs[w], ", "))
	}
	return b.String()
}
