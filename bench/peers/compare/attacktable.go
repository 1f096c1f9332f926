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

func writeAttackRow(w io.Writer, mode string, r *attackReport) {
	before, during := r.Attack.Phases[beforeAttack], r.Attack.Phases[duringAttack]
	var b strings.Builder
	writeRow(&b, []string{
		mode,
		fmt.Sprintf("%d of %d", during.Attackers.Open, r.Parameters.Attackers),
		fmt.Sprintf("%.0f", during.Attackers.ConnectionsPerSecond),
		fmt.Sprintf("%.0f", during.Attackers.FramesPerSecond),
		fmt.Sprintf("%.1f", float64(r.Attack.RSSGrowth)/bytesPerMiB),
		fmt.Sprintf("%.0f %%", 100*during.Server.CPUShare),
		fmt.Sprintf("%.0f", before.Latency.at(99)),
		fmt.Sprintf("%.0f", during.Latency.at(99)),
		fmt.Sprintf("%.2f", r.Attack.P99Ratio),
		r.counted(),
	})
	_, _ = io.WriteString(w, b.String())
}
