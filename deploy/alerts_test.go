package deploy_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"text/template"

	"go.yaml.in/yaml/v3"
)

type alert struct {
	Alert  string
	Expr   string
	For    string
	Labels struct{ Severity string }

	Annotations struct {
		Summary     string
		Description string
		RunbookURL  string `yaml:"runbook_url"`
	}
}

func readAlerts(t *testing.T) (all []alert) {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string
			Rules []alert
		}
	}
	decoder := yaml.NewDecoder(strings.NewReader(read(t, "prometheus/alerts.yaml")))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		t.Fatal(err)
	}
	for _, group := range file.Groups {
		all = append(all, group.Rules...)
	}
	if len(all) == 0 {
		t.Fatal("no alerts")
	}
	return all
}

// prelude declares what Prometheus does in each text, and formats are those of
// its functions that texts here use.
const prelude = `{{ $labels := .Labels }}{{ $value := .Value }}`

var formats = template.FuncMap{"humanizePercentage": fmt.Sprint, "humanizeDuration": fmt.Sprint}

var templateLabel = regexp.MustCompile(`\$labels\.(\w+)`)

func TestAlertsNameWhatANodeExposes(t *testing.T) {
	all := exposed(t)
	seen := make(map[string]bool)
	for _, a := range readAlerts(t) {
		var labels []string
		for _, found := range templateLabel.FindAllStringSubmatch(a.Annotations.Summary+a.Annotations.Description, -1) {
			labels = append(labels, found[1])
		}
		for _, fault := range all.faults(a.Expr, labels) {
			t.Errorf("%s: %s", a.Alert, fault)
		}
		if _, err := template.New("").Funcs(formats).Parse(prelude + a.Annotations.Summary + a.Annotations.Description); err != nil {
			t.Errorf("%s: its text: %v", a.Alert, err)
		}
		if seen[a.Alert] {
			t.Errorf("two alerts are called %s", a.Alert)
		}
		seen[a.Alert] = true
		if a.Labels.Severity != "warning" && a.Labels.Severity != "critical" || a.Annotations.Summary == "" || a.Annotations.Description == "" {
			t.Errorf("%s lacks a severity or a text", a.Alert)
		}
	}
}

const operations = "https://github.com/sluicegate/sluice/blob/main/docs/operations.md#"

// Whoever is woken by an alert finds its name under the heading that it links to.
func TestEveryAlertHasARunbook(t *testing.T) {
	parts := sections(read(t, "../docs/operations.md"))
	for _, a := range readAlerts(t) {
		anchor, ours := strings.CutPrefix(a.Annotations.RunbookURL, operations)
		if text, exists := parts[anchor]; !ours || !exists || !strings.Contains(text, a.Alert) {
			t.Errorf("%s: %s is no part of docs/operations.md that names it", a.Alert, a.Annotations.RunbookURL)
		}
	}
}

var (
	heading     = regexp.MustCompile(`(?m)^#+ (.*)$`)
	punctuation = regexp.MustCompile(`[^a-z0-9 -]`)
)

// sections returns the text below each heading by its anchor.
func sections(markdown string) map[string]string {
	parts := make(map[string]string)
	places := heading.FindAllStringSubmatchIndex(markdown, -1)
	for i, at := range places {
		end := len(markdown)
		if i+1 < len(places) {
			end = places[i+1][0]
		}
		title := strings.ToLower(markdown[at[2]:at[3]])
		parts[strings.ReplaceAll(punctuation.ReplaceAllString(title, ""), " ", "-")] = markdown[at[1]:end]
	}
	return parts
}
