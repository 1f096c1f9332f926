package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"runtime"

	"github.com/sluicegate/sluice/cmd/sluice/internal/doctor"
	"github.com/sluicegate/sluice/gateway"
)

type doctorCommand struct {
	File            string          `arg:"" optional:"" help:"Configuration file (YAML) that the gateway is to run with. Default: the built-in one."`
	Connections     connectionCount `required:"" placeholder:"N" help:"How many connections are to be open at once."`
	Loops           int             `default:"0" help:"Event loops of the gateway; 0 is what is configured, or one per CPU."`
	PrivateFDTables bool            `name:"private-fd-tables" help:"Each loop has a descriptor table of its own."`
	TLS             bool            `name:"tls" help:"The gateway itself ends TLS."`
	JSON            bool            `name:"json" help:"Print the findings as JSON."`
}

// mostConnections is beyond what any machine holds, and far from where the
// arithmetic ends.
const mostConnections = 100_000_000

// connectionCount is a flag whose value is looked at only where it is given: without
// it the parser says that it is missing.
type connectionCount int

// Validate is called by the parser.
func (n connectionCount) Validate() error {
	if n < 1 || n > mostConnections {
		return fmt.Errorf("%d: must be 1 to %d", n, mostConnections)
	}
	return nil
}

// Validate is called by the parser.
func (c *doctorCommand) Validate() error {
	if c.Loops < 0 || c.Loops > 1024 {
		return fmt.Errorf("--loops: %d: must be 1 to 1024, or 0 for one per CPU", c.Loops)
	}
	return nil
}

// Run prints what the machine has for the connections, and fails where they
// cannot be had.
func (c *doctorCommand) Run(p *process) error {
	s, err := p.settings(c.File, nil, p.accessKeys(nil, ""))
	if err != nil {
		return usageError{err}
	}
	facts, err := doctor.Read(p.root)
	if err != nil {
		return err
	}
	report := doctor.Examine(facts, doctor.Wishes{
		Connections:     int(c.Connections),
		HTTPConnections: s.Limits.HTTPConnections,
		Loops:           loops(cmp.Or(c.Loops, s.Loops)),
		PrivateFDTables: c.PrivateFDTables || s.PrivateFDTables,
		TLS:             c.TLS || len(s.TLS.Certificates) > 0,
	})
	if c.JSON {
		encoder := json.NewEncoder(p.stdout)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(report)
	} else {
		printReport(p.stdout, report)
	}
	if failed := len(report.With(doctor.Fail)); err == nil && failed > 0 {
		return fmt.Errorf("%d connections cannot work here: %s too low", c.Connections, countedLimits(failed))
	}
	return err
}

func countedLimits(n int) string {
	if n == 1 {
		return "1 limit is"
	}
	return fmt.Sprintf("%d limits are", n)
}

func printReport(w io.Writer, r doctor.Report) {
	tables := "one descriptor table"
	if r.Wishes.PrivateFDTables {
		tables = "private descriptor tables"
	}
	fmt.Fprintf(w, "%s on %s, %s\n\n", counted(r.Wishes.Connections, "connection"), counted(r.Wishes.Loops, "loop"), tables)
	for _, f := range r.Findings {
		fmt.Fprintf(w, "%-4s  %s\n      %s\n", f.Verdict, f.Summary(), f.Text)
		if f.Verdict == doctor.Fine {
			continue // its lines would change what is well, or nothing
		}
		for _, line := range f.Fix {
			fmt.Fprintf(w, "        %s\n", line)
		}
	}
	fmt.Fprintf(w, "\nmemory: %v\n%s, %s\n", r.Memory,
		counted(len(r.With(doctor.Warn)), "warning"), counted(len(r.With(doctor.Fail)), "failure"))
	if r.Verdict != doctor.Fine {
		fmt.Fprint(w, `
sysctl -w holds until the next start; the assignment in a file of /etc/sysctl.d
stays. Limit, Memory and Tasks lines go into the [Service] section of the unit.
`)
	}
}

// warnOfMachine logs one record if the machine cannot carry what is configured.
func warnOfMachine(root fs.FS, config gateway.Config, logger *slog.Logger) {
	facts, err := doctor.Read(root)
	if err != nil {
		logger.Warn("the limits of this machine are unclear", "error", err)
		return
	}
	report := doctor.Examine(facts, doctor.Wishes{
		Connections:     config.Limits.Sessions,
		HTTPConnections: config.Limits.HTTPConnections,
		Loops:           loops(config.Loops),
		PrivateFDTables: config.PrivateFDTables,
		TLS:             config.TLS != nil,
	})
	var limits []string
	for _, f := range report.With(doctor.Fail) {
		limits = append(limits, f.Summary())
	}
	if limits == nil {
		return
	}
	logger.Warn("this machine cannot carry what is configured; see sluice doctor",
		"sessions", report.Wishes.Connections, "limits", limits)
}

// loops returns how many loops a gateway has that is configured to have n.
func loops(n int) int { return cmp.Or(n, runtime.GOMAXPROCS(0)) }
