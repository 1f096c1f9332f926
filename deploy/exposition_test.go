// Package deploy_test holds what is here to the program: the dashboard and the
// alerts to its metrics, the manifests and units to each other.
package deploy_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// exposition is what a node exposes.
type exposition struct {
	families []string                       // of the gateway itself
	values   map[string]map[string][]string // of a series, the values that each label has
}

var (
	typeLine   = regexp.MustCompile(`(?m)^# TYPE (sluice_\w+) `)
	seriesLine = regexp.MustCompile(`(?m)^(\w+)(?:\{(.*)\})? \S+$`)
	labelPair  = regexp.MustCompile(`(\w+)="([^"]*)"`)
)

// exposed reads the golden files of the gateway's metrics, and asks the libraries
// for those of the Go runtime and the process.
func exposed(t *testing.T) *exposition {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	answer := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	text := answer.Body.String()
	for _, golden := range []string{"busy.prom", "fresh.prom", "public.prom"} {
		text += read(t, "../gateway/admin/testdata/"+golden)
	}
	all := &exposition{values: map[string]map[string][]string{"up": {}}}
	for _, found := range typeLine.FindAllStringSubmatch(text, -1) {
		all.families = append(all.families, found[1])
	}
	slices.Sort(all.families)
	all.families = slices.Compact(all.families)
	for _, found := range seriesLine.FindAllStringSubmatch(text, -1) {
		labels := all.values[found[1]]
		if labels == nil {
			labels = make(map[string][]string)
			all.values[found[1]] = labels
		}
		for _, pair := range labelPair.FindAllStringSubmatch(found[2], -1) {
			labels[pair[1]] = append(labels[pair[1]], pair[2])
		}
	}
	if len(all.families) < 50 {
		t.Fatalf("the golden files have %d families only: %v", len(all.families), all.families)
	}
	return all
}

var (
	selector = regexp.MustCompile(`\b((?:sluice|go|process)_\w+|up)\b(?:\{([^}]*)\})?`)
	matcher  = regexp.MustCompile(`(\w+)(=|!=|=~|!~)"([^"]*)"`)
	grouping = regexp.MustCompile(`\b(?:by|on|without|ignoring) \(([^)]*)\)`)
)

// scraped are labels that Prometheus adds to each series of a node.
var scraped = []string{"instance", "job"}

// faults returns what an expression, and a text with the labels of its outcome,
// name and a node does not expose.
func (e *exposition) faults(expression string, outcome []string) (faults []string) {
	known := slices.Clone(scraped)
	for _, found := range selector.FindAllStringSubmatch(expression, -1) {
		labels, exists := e.values[found[1]]
		if !exists {
			faults = append(faults, fmt.Sprintf("no metric %s", found[1]))
			continue
		}
		for label := range labels {
			known = append(known, label)
		}
		for _, match := range matcher.FindAllStringSubmatch(found[2], -1) {
			label, pattern := match[1], match[3]
			if slices.Contains(scraped, label) || strings.HasPrefix(pattern, "$") {
				continue
			}
			for wanted := range strings.SplitSeq(pattern, "|") {
				if !slices.Contains(labels[label], wanted) {
					faults = append(faults, fmt.Sprintf("no %s{%s=%q}", found[1], label, wanted))
				}
			}
		}
	}
	for _, found := range grouping.FindAllStringSubmatch(expression, -1) {
		outcome = append(outcome, strings.Split(found[1], ", ")...)
	}
	for _, label := range outcome {
		if !slices.Contains(known, label) {
			faults = append(faults, fmt.Sprintf("no label %s in %s", label, expression))
		}
	}
	return faults
}

// series returns the names of metrics in an expression.
func series(expression string) (names []string) {
	for _, found := range selector.FindAllStringSubmatch(expression, -1) {
		names = append(names, found[1])
	}
	return names
}

// What the checks below rely on.
func TestAnExpressionIsHeldToTheExposition(t *testing.T) {
	all := exposed(t)
	for _, tc := range []struct {
		expression string
		outcome    []string
		want       string
	}{
		{`sum by (reason) (rate(sluice_refusals_total{reason="node_full"}[5m]))`, []string{"reason"}, ""},
		{`sluice_refusal_total`, nil, "no metric sluice_refusal_total"},
		{`sluice_refusals_total{reason=~"node_full|full_node"}`, nil, `no sluice_refusals_total{reason="full_node"}`},
		{`sum by (cause) (sluice_refusals_total)`, nil, "no label cause"},
		{`sluice_sessions`, []string{"hub"}, "no label hub"},
		{`rate(sluice_loop_turn_seconds_bucket{instance=~"$instance"}[5m])`, []string{"le", "instance"}, ""},
		{`go_goroutines{job="sluice"} / process_open_fds`, nil, ""},
	} {
		got := strings.Join(all.faults(tc.expression, tc.outcome), "; ")
		if !strings.HasPrefix(got, tc.want) || (got == "") != (tc.want == "") {
			t.Errorf("%s: %q, want %q", tc.expression, got, tc.want)
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
