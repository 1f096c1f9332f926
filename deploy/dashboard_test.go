package deploy_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// absent are families that the dashboard does without, and why.
var absent = map[string]string{
	"sluice_loops": "never changes; the panels by loop show each",
}

type dashboard struct {
	Templating struct {
		List []struct{ Name, Definition string }
	}
	Annotations struct{ List []struct{ Expr string } }
	Panels      []panel
}

type panel struct {
	ID          int
	Type        string
	Title       string
	Description string
	GridPos     struct{ X, Y, W, H int }
	FieldConfig struct{ Defaults struct{ Unit string } }
	Targets     []struct{ RefID, Expr, LegendFormat string }
}

func readDashboard(t *testing.T) *dashboard {
	t.Helper()
	var d dashboard
	if err := json.Unmarshal([]byte(read(t, "grafana/sluice.json")), &d); err != nil {
		t.Fatal(err)
	}
	return &d
}

var legendLabel = regexp.MustCompile(`\{\{(\w+)\}\}`)

func TestTheDashboardShowsWhatANodeExposes(t *testing.T) {
	all, d := exposed(t), readDashboard(t)
	shown := make(map[string]bool)
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			var labels []string
			for _, found := range legendLabel.FindAllStringSubmatch(target.LegendFormat, -1) {
				labels = append(labels, found[1])
			}
			for _, fault := range all.faults(target.Expr, labels) {
				t.Errorf("panel %q: %s", p.Title, fault)
			}
			for _, name := range series(target.Expr) {
				shown[strings.TrimSuffix(name, "_bucket")] = true
			}
		}
	}
	for _, family := range all.families {
		why, left := absent[family]
		switch {
		case !shown[family] && !left:
			t.Errorf("no panel has %s; give it one, or a reason why not", family)
		case shown[family] && left:
			t.Errorf("%s is said to be on no panel (%s), and is on one", family, why)
		}
	}
	for family := range absent {
		if !slices.Contains(all.families, family) {
			t.Errorf("%s is said to be on no panel, and does not exist", family)
		}
	}
	for _, a := range d.Annotations.List {
		for _, fault := range all.faults(a.Expr, nil) {
			t.Errorf("annotation: %s", fault)
		}
	}
}

var variable = regexp.MustCompile(`\$(\w+)`)

func TestEveryPanelCanBeRead(t *testing.T) {
	all, d := exposed(t), readDashboard(t)
	declared := []string{"__rate_interval"}
	for _, v := range d.Templating.List {
		declared = append(declared, v.Name)
		for _, fault := range all.faults(v.Definition, nil) {
			t.Errorf("variable %s: %s", v.Name, fault)
		}
	}
	type square struct{ x, y int }
	ids, squares := make(map[int]string), make(map[square]string)
	for _, p := range d.Panels {
		if other, taken := ids[p.ID]; taken {
			t.Errorf("panels %q and %q have the id %d", p.Title, other, p.ID)
		}
		ids[p.ID] = p.Title
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other, taken := squares[square{x, y}]; taken || x >= 24 {
					t.Fatalf("panel %q lies over %q or beyond the edge", p.Title, other)
				}
				squares[square{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		if p.Title == "" || p.Description == "" || p.FieldConfig.Defaults.Unit == "" || len(p.Targets) == 0 {
			t.Errorf("panel %q lacks a description, a unit or an expression", p.Title)
		}
		for _, target := range p.Targets {
			for _, used := range variable.FindAllStringSubmatch(target.Expr, -1) {
				if !slices.Contains(declared, used[1]) {
					t.Errorf("panel %q: no variable $%s", p.Title, used[1])
				}
			}
			if !strings.Contains(target.Expr, "$instance") {
				t.Errorf("panel %q shows nodes that were not chosen: %s", p.Title, target.Expr)
			}
		}
	}
}
