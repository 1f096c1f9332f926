package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/sluicegate/sluice/bench"
)

type modesCommand struct{}

// list writes one line for each attack: its name, and what it does.
func (modesCommand) list(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, m := range bench.AttackModes() {
		fmt.Fprintf(t, "%s\t%s\n", m.Name, m.Does)
	}
	return t.Flush()
}
