package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/sluicegate/sluice/bench"
)

type figuresCommand struct{}

// list writes one line for each figure: its name, its unit, and what it is.
func (figuresCommand) list(w io.Writer) error {
	units := map[bench.Unit]string{
		bench.Count:     "0 or 0.1%",
		bench.Seconds:   "5ms",
		bench.PerSecond: "1000",
		bench.Bytes:     "80MiB",
		bench.Share:     "90%",
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range bench.Figures() {
		fmt.Fprintf(t, "%s\t%s\t%s\n", f.Name, units[f.Unit], f.Means)
	}
	return t.Flush()
}
