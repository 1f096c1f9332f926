package main

import (
	"math"
	"slices"
	"testing"
)

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		values []float64
		q      float64
		want   float64
	}{
		{[]float64{7}, 0.5, 7},
		{[]float64{7}, 0.75, 7},
		{[]float64{3, 1, 2}, 0.5, 2},
		{[]float64{4, 1, 3, 2}, 0.5, 2.5},
		{[]float64{5, 4, 3, 2, 1}, 0.25, 2},
		{[]float64{5, 4, 3, 2, 1}, 0.75, 4},
		{[]float64{1, 2}, 0.25, 1.25},
		{[]float64{1, 2, 3}, 0, 1},
		{[]float64{1, 2, 3}, 1, 3},
		{[]float64{1, 1, 1, 100}, 0.5, 1},
	} {
		given := slices.Clone(c.values)
		if got := quantile(c.values, c.q); got != c.want {
			t.Errorf("quantile(%v, %v) = %v, want %v", c.values, c.q, got, c.want)
		}
		if !slices.Equal(given, c.values) {
			t.Errorf("quantile has changed its values to %v", c.values)
		}
	}
	if got := median(nil); !math.IsNaN(got) {
		t.Errorf("median of nothing = %v, want NaN", got)
	}
}

func rounds(figures ...map[string][]float64) []round {
	all := make([]round, len(figures))
	for i, f := range figures {
		all[i].Figures = f
	}
	return all
}

// A ratio is taken within a round: the machine was three times slower in the
// second, which must not show.
func TestRatiosWithinRounds(t *testing.T) {
	of := rounds(
		map[string][]float64{"base": {10}, "other": {11}},
		map[string][]float64{"base": {30}, "other": {36}},
		map[string][]float64{"base": {10}, "other": {13}},
	)
	got := ratios(of, "other", "base", 0)
	if got == nil || !near(got.Median, 1.2) || !near(got.Low, 1.15) || !near(got.High, 1.25) {
		t.Errorf("got %v, want median 1.2 between 1.15 and 1.25", got)
	}
	if got := ratios(of, "base", "base", 0); got == nil || *got != (spread{1, 1, 1}) {
		t.Errorf("the baseline to itself: got %v, want 1", got)
	}
}

func TestRatiosToNothing(t *testing.T) {
	of := rounds(map[string][]float64{"base": {0}, "other": {11}})
	if got := ratios(of, "other", "base", 0); got != nil {
		t.Errorf("got %v, want none: the baseline is 0", got)
	}
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestSummarize(t *testing.T) {
	o := &outcome{
		cell:     cell{title: "a cell", figures: echoFigures[:2]},
		repeated: 2,
		noisy:    1,
		failed:   map[string]string{"broken": "no message was echoed"},
		rounds: []round{
			{Figures: map[string][]float64{"base": {10, 100}, "other": {15, 90}}, Noise: noise{0.01, 0.2}},
			{Figures: map[string][]float64{"base": {12, 120}, "other": {12, 80}}, Noise: noise{0.03, 0.1}},
		},
	}
	s := summarize(o, []string{"base", "broken", "other"}, "base")
	if s.Worst != (noise{0.03, 0.2}) || s.Repeated != 2 || s.Noisy != 1 {
		t.Errorf("got worst noise %v, %d repeated, %d noisy", s.Worst, s.Repeated, s.Noisy)
	}
	if len(s.Rows) != 3 || s.Rows[1].Failed != "no message was echoed" || s.Rows[1].Ratio != nil {
		t.Fatalf("got rows %+v", s.Rows)
	}
	other := s.Rows[2]
	if !slices.Equal(other.Figures, []float64{13.5, 85}) || !near(other.Ratio.Median, 1.25) {
		t.Errorf("got figures %v and ratio %v, want [13.5 85] and 1.25", other.Figures, other.Ratio)
	}
	if names := s.FigureNames; !slices.Equal(names, []string{"CPU µs/message", "p50 µs"}) {
		t.Errorf("got figure names %q", names)
	}
}
