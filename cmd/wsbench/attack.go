package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sluicegate/sluice/bench"
)

type attackCommand struct {
	Mode string `arg:"" help:"What the attackers do, see below."`
	loadFlags
	openLoopFlags
	Attackers         int           `placeholder:"N" help:"Connections that attack at once. Default: the mode's."`
	AttackRate        float64       `placeholder:"N" help:"Frames per second of all attackers together. Default: the mode's."`
	AttackConnectRate float64       `placeholder:"N" help:"Connections that attackers begin per second. Default: the mode's."`
	Admin             string        `placeholder:"URL" help:"Sluice's admin address, for example http://127.0.0.1:9090/, to report which counters moved."`
	Warmup            time.Duration `default:"1s" zero:"none" help:"How long the well-behaved load runs before figures are taken (${default})."`
	Before            time.Duration `default:"3s" help:"How long it is measured before the attack (${default})."`
	During            time.Duration `default:"5s" help:"How long the attack lasts (${default})."`
	After             time.Duration `default:"2s" help:"How long the load is measured after it (${default})."`
}

func (c *attackCommand) run(ctx context.Context) (*bench.Report, error) {
	attackers, err := startOutpost()
	if err != nil {
		return nil, err
	}
	defer attackers.close()
	return bench.Attack{
		Load:              c.load(),
		PerSecond:         c.Rate,
		Size:              c.Size,
		Mode:              c.Mode,
		Attackers:         c.Attackers,
		AttackRate:        c.AttackRate,
		AttackConnectRate: c.AttackConnectRate,
		Assail:            attackers.assail,
		AdminURL:          c.Admin,
		Warmup:            c.Warmup,
		Before:            c.Before,
		During:            c.During,
		After:             c.After,
	}.Run(ctx)
}

// Help is called by kong.
func (c *attackCommand) Help() string {
	var help strings.Builder
	help.WriteString("A well-behaved load runs before, during and after the attack, so that the report shows what the attack cost it.\n\n" +
		"Modes, and the reasons that Sluice counts for the attackers it ends:\n\n")
	for _, m := range bench.AttackModes() {
		reasons := cmp.Or(strings.Join(m.Reasons, ", "), "none")
		fmt.Fprintf(&help, "  %-16s %s\n  %-16s counted: %s; by default %d attackers\n", m.Name, m.Does, "", reasons, m.Attackers)
	}
	return help.String()
}
