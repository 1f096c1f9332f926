package main

import (
	"fmt"
	"io"
	"strings"
)

func writeAttackTitles(w io.Writer) {
	fmt.Fprint(w, "| attack | attackers at once | connections/s | frames/s | RSS growth MiB | server CPU | p99 before µs | during µs | ratio | counted |\n"+
		"|---|"+strings.Repeat("---:|", 8)+"---|\n")
}

// attackRuns are the reports of one attack, played more than once: one stall of
// the machine is a p99 of its own.
type attackRuns []*attackReport

// p99 returns the median over the runs of a phase's, in microseconds.
func (a attackRuns) p99(phase int) float64 {
	var all []float64
	for _, r := range a {
		all = append(all, r.Attack.Phases[phase].Latency.at(99))
	}
	return median(all)
}

// growth returns the largest growth of the server's resident set, in bytes.
func (a attackRuns) growth() (most int64) {
	for _, r := range a {
		most = max(most, r.Attack.RSSGrowth)
	}
	return most
}

// writeAttackRow writes the row of one attack. What is neither a median nor a
// maximum is the last run's.
func writeAttackRow(w io.Writer, mode string, runs attackRuns) {
	r := runs[len(runs)-1]
	during := r.Attack.Phases[duringAttack]
	before99, during99 := runs.p99(beforeAttack), runs.p99(duringAttack)
	var b strings.Builder
	writeRow(&b, []string{
		mode,
		fmt.Sprintf("%d of %d", during.Attackers.Open, r.Parameters.Attackers),
		fmt.Sprintf("%.0f", during.Attackers.ConnectionsPerSecond),
		fmt.Sprintf("%.0f", during.Attackers.FramesPerSecond),
		fmt.Sprintf("%.1f", float64(runs.growth())/bytesPerMiB),
		fmt.Sprintf("%.0f %%", 100*during.Server.CPUShare),
		fmt.Sprintf("%.0f", before99),
		fmt.Sprintf("%.0f", during99),
		fmt.Sprintf("%.2f", during99/before99),
		r.counted(),
	})
	_, _ = io.WriteString(w, b.String())
}
