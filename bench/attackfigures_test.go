package bench

import (
	"slices"
	"testing"
)

func p99(microseconds int64) RateFigures {
	return RateFigures{Latency: Latency{Percentiles: []Percentile{{99, microseconds}}}}
}

func TestComparePhases(t *testing.T) {
	server := func(rss, peak int64) *ServerUse { return &ServerUse{RSS: rss, PeakRSS: peak} }
	for _, test := range []struct {
		name   string
		phases []AttackPhase
		growth int64
		ratio  float64
	}{
		{"all known", []AttackPhase{
			{Name: phaseBefore, RateFigures: p99(200), Server: server(10, 12)},
			{Name: phaseDuring, RateFigures: p99(500), Server: server(11, 40)},
			{Name: phaseAfter, RateFigures: p99(900), Server: server(60, 70)},
		}, 30, 2.5},
		{"no process", []AttackPhase{{Name: phaseBefore, RateFigures: p99(200)}, {Name: phaseDuring, RateFigures: p99(100)}}, 0, 0.5},
		{"nothing came back", []AttackPhase{{Name: phaseBefore}, {Name: phaseDuring, RateFigures: p99(100)}}, 0, 0},
		{"interrupted", []AttackPhase{{Name: phaseBefore, RateFigures: p99(200), Server: server(1, 2)}}, 0, 0},
		{"not begun", nil, 0, 0},
	} {
		f := AttackFigures{Phases: test.phases}
		f.compare()
		if f.RSSGrowth != test.growth || f.P99Ratio != test.ratio {
			t.Errorf("%s: growth %d and ratio %v, want %d and %v", test.name, f.RSSGrowth, f.P99Ratio, test.growth, test.ratio)
		}
	}
}

func TestVerdict(t *testing.T) {
	phase := func(name string, reasons ...string) AttackPhase {
		p := AttackPhase{Name: name}
		for _, reason := range reasons {
			p.Counted = append(p.Counted, Counted{Reason: reason, By: 1})
		}
		return p
	}
	for _, test := range []struct {
		name    string
		reasons []string
		phases  []AttackPhase
		meant   []string
		verdict string
	}{
		{"during and after", []string{"a", "b", "c"}, []AttackPhase{phase(phaseDuring, "c", "x"), phase(phaseAfter, "a", "c")}, []string{"a", "c"}, "a, c; meant are a, b, c"},
		{"before only", []string{"a"}, []AttackPhase{phase(phaseBefore, "a"), phase(phaseDuring, "x")}, nil, "none of a"},
		{"nothing is meant", nil, []AttackPhase{phase(phaseDuring, "x")}, nil, "no reason is meant to be"},
	} {
		f := AttackFigures{Mode: AttackMode{Reasons: test.reasons}, Phases: test.phases}
		if got := f.CountedAsMeant(); !slices.Equal(got, test.meant) {
			t.Errorf("%s: counted %q, want %q", test.name, got, test.meant)
		}
		if got := f.verdict(); got != test.verdict {
			t.Errorf("%s: got %q, want %q", test.name, got, test.verdict)
		}
	}
}

func TestCountersWithAReason(t *testing.T) {
	before := parseReasons([]byte(`# HELP sluice_disconnects_total Sessions that ended.
# TYPE sluice_disconnects_total counter
sluice_disconnects_total{reason="idle"} 3
sluice_disconnects_total{reason="peer_reset"} 2e3
sluice_refusals_total{reason="method"} 1
sluice_hub_published_total{hub="reason"} 9
sluice_loop_turns_total{loop="0"} 77
other_total{no_reason="x",reason="y",more="1"} 4
other_total{reason="y",more="2"} 5 1700000000000
sluice_sessions{reason="gauge"} 5
sluice_accepted_total 12
broken_total{reason="x" 1
broken_total{reason="x"} many
`))
	if len(before) != 4 {
		t.Errorf("got %v", before)
	}
	if got := before[Counted{Series: "other_total", Reason: "y"}]; got != 9 {
		t.Errorf("labels beside the reason: got %d, want the sum 9", got)
	}
	after := parseReasons([]byte(`sluice_disconnects_total{reason="idle"} 4
sluice_disconnects_total{reason="peer_reset"} 2000
sluice_refusals_total{reason="method"} 11
sluice_refusals_total{reason="origin"} 10
other_total{reason="y"} 2
`))
	want := []Counted{
		{"sluice_refusals_total", "method", 10},
		{"sluice_refusals_total", "origin", 10},
		{"sluice_disconnects_total", "idle", 1},
	}
	if got := after.since(before); !slices.Equal(got, want) {
		t.Errorf("moved: %v, want %v", got, want)
	}
}
