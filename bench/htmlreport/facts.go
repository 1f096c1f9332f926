package htmlreport

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/bench"
)

// environments are what runs were made with and on, fact by fact.
var environments = []struct {
	name string
	of   func(*Run) string
	// matters: runs that differ in it are hard to compare.
	matters bool
}{
	{"scenario", func(r *Run) string { return r.Report.Scenario }, true},
	{"started", func(r *Run) string { return r.Report.Started.UTC().Format("2006-01-02 15:04:05 UTC") }, false},
	{"version", func(r *Run) string { return r.Report.Environment.Version }, true},
	{"commit", func(r *Run) string { return r.Report.Environment.Commit }, true},
	{"Go", func(r *Run) string { return r.Report.Environment.Go }, true},
	{"kernel", func(r *Run) string { return r.Report.Environment.Kernel }, true},
	{"CPU", func(r *Run) string { return r.Report.Environment.CPUModel }, true},
	{"CPUs", func(r *Run) string { return fmt.Sprint(r.Report.Environment.CPUs) }, true},
	{"GOMAXPROCS", func(r *Run) string { return fmt.Sprint(r.Report.Environment.GOMAXPROCS) }, true},
	{"descriptors", func(r *Run) string { return fmt.Sprint(r.Report.Environment.DescriptorLimit) }, false},
	{"ports", func(r *Run) string { return r.Report.Environment.PortRange }, false},
	{"accept backlog", func(r *Run) string { return r.Report.Environment.Backlog }, false},
	{"command", func(r *Run) string { return strings.Join(r.Command, " ") }, false},
}

func environmentRows(runs []Run) []factRow {
	var rows []factRow
	for _, fact := range environments {
		values := make([]string, len(runs))
		for i := range runs {
			values[i] = fact.of(&runs[i])
		}
		rows = append(rows, newFactRow(fact.name, values))
	}
	return rows
}

// parameterRows has what the runs were told, name by name.
func parameterRows(runs []Run) []factRow {
	all := make([]map[string]string, len(runs))
	names := map[string]bool{}
	for i, r := range runs {
		all[i] = parametersOf(r.Report)
		for name := range all[i] {
			names[name] = true
		}
	}
	var rows []factRow
	for _, name := range slices.Sorted(maps.Keys(names)) {
		values := make([]string, len(runs))
		for i := range runs {
			values[i] = all[i][name]
		}
		rows = append(rows, newFactRow(strings.TrimSuffix(name, nanoseconds), values))
	}
	return rows
}

// nanoseconds is what the names of times end in.
const nanoseconds = "Nanoseconds"

// parametersOf returns a report's parameters as text. They are a scenario, or
// the map that was read of one.
func parametersOf(r *bench.Report) map[string]string {
	parameters, ok := r.Parameters.(map[string]any)
	if !ok {
		// A scenario is plain data, so both directions work.
		document, _ := json.Marshal(r.Parameters)
		_ = json.Unmarshal(document, &parameters)
	}
	texts := make(map[string]string, len(parameters))
	for name, value := range parameters {
		switch v := value.(type) {
		case float64:
			texts[name] = fmt.Sprintf("%.10g", v)
			if strings.HasSuffix(name, nanoseconds) {
				texts[name] = time.Duration(v).String()
			}
		default:
			texts[name] = fmt.Sprint(v)
		}
	}
	return texts
}

// warnings are what a reader must know before the figures mean anything.
func warnings(runs []Run) []string {
	var all []string
	for i := range runs {
		for _, w := range runs[i].warnings() {
			all = append(all, runs[i].letter(i)+": "+w)
		}
	}
	for _, fact := range environments {
		values := make([]string, len(runs))
		for i := range runs {
			values[i] = fact.of(&runs[i])
		}
		if row := newFactRow(fact.name, values); fact.matters && row.Differs {
			all = append(all, fmt.Sprintf("The runs differ in %s: %s.", fact.name, strings.Join(row.Values, " · ")))
		}
	}
	corrected := make([]string, 0, len(runs))
	for i := range runs {
		if l := runs[i].Report.MessageLatency(); l != nil {
			corrected = append(corrected, fmt.Sprint(l.Corrected))
		}
	}
	if len(corrected) > 1 && newFactRow("", corrected).Differs {
		all = append(all, "Some latencies count from when a message was due, others from its write: they cannot be compared.")
	}
	return all
}

// warnings are those about one run.
func (r *Run) warnings() []string {
	var all []string
	report := r.Report
	switch {
	case r.CutOff:
		all = append(all, "the run was cut off: it has a series and no figures.")
	case report.Interrupted:
		all = append(all, "the run was interrupted before its time.")
	}
	for _, line := range r.Broken {
		all = append(all, "required "+line+".")
	}
	if !r.CutOff && !report.OK() {
		all = append(all, "the run fell short: connections failed or were dropped, or messages were lost or out of order.")
	}
	if reasons := strings.Join(report.GeneratorOverloaded, "; "); report.LatenciesWithheld {
		all = append(all, "the client was overloaded: "+reasons+". Its latencies are not the server's and are withheld.")
	} else if reasons != "" {
		all = append(all, "the client was overloaded: "+reasons+". The latencies are the client's, not the server's.")
	}
	if report.Generator.Saturated {
		all = append(all, "a loop of the client used more than 90 % of a CPU: the figures may be the client's, not the server's.")
	}
	if late, ok := shareNamed("late", report); ok && late > 0.01 {
		all = append(all, fmt.Sprintf("%s of the messages left late: the load was not quite the one asked for.", bench.Share.Format(late)))
	}
	if strings.HasSuffix(report.Environment.Commit, "+dirty") {
		all = append(all, "the load tool was built from a tree with changes.")
	}
	return all
}

func shareNamed(name string, r *bench.Report) (float64, bool) {
	for _, f := range bench.Figures() {
		if f.Name == name {
			return f.ShareOf(r)
		}
	}
	return 0, false
}
