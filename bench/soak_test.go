package bench

import (
	"math"
	"testing"
	"time"
)

func TestSlope(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{
		{nil, 0},
		{[]float64{7}, 0},
		{[]float64{7, 9}, 2},
		{[]float64{5, 5, 5, 5}, 0},
		{[]float64{9, 7, 5, 3, 1}, -2},
		{[]float64{0, 3, 0, 3}, 0.6},
	} {
		if got := slope(test.values); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%v: got %v, want %v", test.values, got, test.want)
		}
	}
}

// What the server takes while it warms up is no growth.
func TestGrowth(t *testing.T) {
	samples := []ProcessSample{{At: atAllOpen, RSS: 1 << 30}}
	for i := range int64(10) {
		samples = append(samples, ProcessSample{At: atIntervals, RSS: 1000 + min(5, i)*1000 + max(0, i-5)*10})
	}
	f := growth(samples, time.Minute)
	if f.Growth != 600 || f.Peak != 6040 {
		t.Errorf("got %+v, want 10 bytes a minute and a peak of 6040", f)
	}
	if f := growth(nil, time.Minute); f.Growth != 0 || f.Peak != 0 {
		t.Errorf("of no samples: got %+v", f)
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
