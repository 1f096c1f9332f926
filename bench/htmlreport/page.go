package htmlreport

import (
	"bytes"
	_ "embed"
	"errors"
	"html/template"
	"io"

	"github.com/sluicegate/sluice/bench"
)

// Run is one recorded run of the page.
type Run struct {
	// Name tells it from the others, for example the name of its file.
	Name string
	*bench.Recording
	// Broken are the requirements that it does not meet.
	Broken []string
}

// MaxRuns is how many runs a page compares at most: it has as many colours.
const MaxRuns = 8

// Errors of [Write] about what it is given.
var (
	ErrNoRuns      = errors.New("no runs to report")
	ErrTooManyRuns = errors.New("more than 8 runs: their curves could not be told apart")
)

// letter is what stands for run number i where there is little room.
func (r *Run) letter(i int) string { return string(rune('A' + i)) }

// quantityName is what stands for one of its quantities.
func (r *Run) quantityName(i int, quantity string) string {
	if quantity == "" {
		return r.letter(i)
	}
	return r.letter(i) + " " + quantity
}

// page is what the template shows.
type page struct {
	Title       string
	Runs        []pageRun
	Warnings    []string
	Figures     []figureRow
	Charts      []*chart
	environment []factRow
	parameters  []factRow
	Style       template.CSS
	Script      template.JS
}

// facts is a table of what was so in each run.
type facts struct {
	Title string
	Runs  []pageRun
	Rows  []factRow
}

// EnvironmentTable is what the runs were made with and on.
func (p *page) EnvironmentTable() facts { return facts{"Environment", p.Runs, p.environment} }

// ParameterTable is what the runs were told.
func (p *page) ParameterTable() facts { return facts{"Parameters", p.Runs, p.parameters} }

// pageRun is one run in the page's list.
type pageRun struct {
	Letter   string
	Name     string
	Scenario string
	URL      string
	Good     bool
}

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

//go:embed page.js
var pageScript string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// Write writes a page about runs to w. Ratios are to the first of them.
func Write(w io.Writer, runs []Run) error {
	switch {
	case len(runs) == 0:
		return ErrNoRuns
	case len(runs) > MaxRuns:
		return ErrTooManyRuns
	}
	var text bytes.Buffer
	if err := pageTemplate.Execute(&text, newPage(runs)); err != nil {
		return err
	}
	_, err := w.Write(text.Bytes())
	return err
}

func newPage(runs []Run) *page {
	p := &page{
		Title:       "wsbench: " + runs[0].Name,
		Warnings:    warnings(runs),
		Figures:     figureRows(runs),
		environment: environmentRows(runs),
		parameters:  parameterRows(runs),
		Style:       template.CSS(pageStyle),
		Script:      template.JS(pageScript),
	}
	for i, r := range runs {
		if i > 0 {
			p.Title += ", " + r.Name
		}
		p.Runs = append(p.Runs, pageRun{
			Letter:   r.letter(i),
			Name:     r.Name,
			Scenario: r.Report.Scenario,
			URL:      parametersOf(r.Report)["url"],
			Good:     !r.CutOff && !r.Report.Interrupted && r.Report.OK() && len(r.Broken) == 0,
		})
	}
	p.add(distribution("distribution", "Latency distribution", countedFrom(runs), runs, (*bench.Report).MessageLatency))
	for i := range charts {
		p.add(charts[i].draw(runs))
	}
	handshake := func(r *bench.Report) *bench.Latency { return &r.Connections.Handshake }
	p.add(distribution("handshakes", "Handshake distribution", "From the beginning of a connection to the server's answer.", runs, handshake))
	return p
}

// add adds a chart, if there is one.
func (p *page) add(c *chart) {
	if c != nil {
		p.Charts = append(p.Charts, c)
	}
}

// countedFrom says from where the latencies of runs count.
func countedFrom(runs []Run) string {
	corrected, counted := 0, 0
	for _, r := range runs {
		if l := r.Report.MessageLatency(); l != nil {
			counted++
			if l.Corrected {
				corrected++
			}
		}
	}
	switch corrected {
	case counted:
		return "From when each message was due: corrected for coordinated omission."
	case 0:
		return "From the write of each message: not corrected for coordinated omission."
	default:
		return "Of an open loop from when each message was due, of a closed loop from its write."
	}
}
