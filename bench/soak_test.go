package bench

import (
	"math"
	"testing"
	"time"
)

func TestSlope(t *testing.T) {
	for _, test := range []struct {
		x, y []float64
		want float64
	}{
		{nil, nil, 0},
		{[]float64{3}, []float64{7}, 0},
		{[]float64{3, 3}, []float64{7, 9}, 0},
		{[]float64{3, 4}, []float64{7, 9}, 2},
		{[]float64{1, 2, 3, 4}, []float64{5, 5, 5, 5}, 0},
		{[]float64{0, 2, 4, 6, 8}, []float64{9, 7, 5, 3, 1}, -1},
		{[]float64{0, 1, 2, 3}, []float64{0, 3, 0, 3}, 0.6},
		{[]float64{0, 1, 10}, []float64{0, 2, 20}, 2},
	} {
		if got := slope(test.x, test.y); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%v, %v: got %v, want %v", test.x, test.y, got, test.want)
		}
	}
}

// What the server takes while it warms up is no growth, and what it takes before
// the measured time is nothing.
func TestSoakFigures(t *testing.T) {
	series := Series{{Phase: "connecting", Server: &ServerSample{RSS: 1 << 30}}}
	for i := range int64(10) {
		set := 1000 + min(5, i)*1000 + max(0, i-5)*10
		series = append(series, Sample{At: time.Duration(i) * time.Minute, Phase: phaseMeasuring, Server: &ServerSample{RSS: set}})
	}
	series = append(series, Sample{At: time.Hour, Phase: phaseMeasuring})
	if f := newSoakFigures(series); f.Growth != 600 || f.Peak != 6040 {
		t.Errorf("got %+v, want 10 bytes a minute and a peak of 6040", f)
	}
	// One sample in the second half has no slope, which must not pass for no growth.
	for _, few := range []Series{nil, series[:2], series[:3]} {
		if f := newSoakFigures(few); f != nil {
			t.Errorf("of %d samples: got %+v", len(few), f)
		}
	}
}

func TestLives(t *testing.T) {
	const n = 20_000
	for _, name := range Distributions() {
		c := Churn{Lifetime: time.Second, Distribution: name}
		var lives, rests time.Duration
		for range n {
			lives += c.life()
			rests += c.rest()
		}
		if mean := (lives / n).Seconds(); mean < 0.95 || mean > 1.05 {
			t.Errorf("%s: lives last %v s on average, want 1", name, mean)
		}
		want := 0.5
		if name == "exponential" {
			want = 1
		}
		if mean := (rests / n).Seconds(); math.Abs(mean-want) > 0.05 {
			t.Errorf("%s: what is left of them is %v s, want %v", name, mean, want)
		}
	}
}
