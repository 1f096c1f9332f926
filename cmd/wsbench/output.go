package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/sluicegate/sluice/bench"
)

// outputFlags say what becomes of a run's results.
type outputFlags struct {
	JSON        bool               `name:"json" help:"Write the report as one JSON document."`
	Out         string             `placeholder:"FILE" help:"Write the run to this file while it lasts, a JSON record in each line, for wsbench report."`
	Require     bench.Requirements `placeholder:"LIST" help:"Exit with 1 unless the figures are so, for example 'p99<5ms,loss=0'. See wsbench figures."`
	Quiet       bool               `short:"q" help:"Show no progress."`
	SampleEvery time.Duration      `default:"1s" placeholder:"TIME" help:"How often the run is sampled, for the progress, --out and --json (${default})."`

	observers observers `kong:"-"`
}

func (f *outputFlags) output() *outputFlags { return f }

// observers are told of a run one after the other.
type observers []bench.Observer

func (all observers) Begin(h bench.Heading) {
	for _, o := range all {
		o.Begin(h)
	}
}

func (all observers) Observe(s bench.Sample) {
	for _, o := range all {
		o.Observe(s)
	}
}

// attend prepares for a run with that command line, and returns what is to be
// done with its report; nil stands for a run that did not take place. What p shows
// goes away then.
func (f *outputFlags) attend(command []string, p progress) (finish func(*bench.Report) error, err error) {
	shown := func() {}
	if !f.Quiet {
		f.observers, shown = append(f.observers, p), p.end
	}
	if f.Out == "" {
		return func(*bench.Report) error { shown(); return nil }, nil
	}
	file, err := os.Create(f.Out)
	if err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	recorder := bench.NewRecorder(file, withoutSecrets(command))
	f.observers = append(f.observers, recorder)
	return func(r *bench.Report) error {
		shown()
		var written error
		if r != nil {
			written = recorder.End(r)
		}
		if err := errors.Join(written, file.Close()); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
		return nil
	}, nil
}

// write writes a report.
func (f *outputFlags) write(w io.Writer, r *bench.Report) error {
	if !f.JSON {
		return r.WriteText(w)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// complainOf writes a line for each requirement that r breaks, and reports
// whether it breaks none.
func (f *outputFlags) complainOf(r *bench.Report, stderr io.Writer) (met bool) {
	broken := f.Require.Broken(r)
	for _, line := range broken {
		fmt.Fprintln(stderr, "wsbench: required", line)
	}
	return len(broken) == 0
}

// withoutSecrets returns a command line without the values of flags that may
// carry some.
func withoutSecrets(command []string) []string {
	kept := make([]string, len(command))
	hide := false
	for i, word := range command {
		name, _, assigned := strings.Cut(word, "=")
		secret := name == "--token" || name == "--header" || name == "--publish-header"
		switch {
		case hide:
			kept[i] = "…"
		case secret && assigned:
			kept[i] = name + "=…"
		default:
			kept[i] = word
		}
		hide = secret && !assigned
	}
	return kept
}
