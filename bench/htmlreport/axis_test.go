package htmlreport

import (
	"math"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/bench"
)

func labels(ticks []tick) string {
	var all []string
	for _, t := range ticks {
		all = append(all, t.Label)
	}
	return strings.Join(all, " ")
}

func TestLinearAxis(t *testing.T) {
	for _, test := range []struct {
		highest, base float64
		format        func(float64) string
		want          string
	}{
		{1000, 10, grouped, "0 500 1,000"},
		{1200, 10, grouped, "0 500 1,000 1,500"},
		{78_605, 10, grouped, "0 20,000 40,000 60,000 80,000"},
		{3, 10, grouped, "0 1 2 3"},
		{1, 10, grouped, "0 0.5 1"},
		{17 << 20, 2, bench.Bytes.Format, "0 B 8.0 MiB 16.0 MiB 24.0 MiB"},
	} {
		a, ticks := linear(test.highest, 100, 0, test.base, test.format)
		if got := labels(ticks); got != test.want {
			t.Errorf("to %v: got %q, want %q", test.highest, got, test.want)
		}
		if a.place(0) != 100 || a.place(test.highest) < 0 || a.place(test.highest) > 40 {
			t.Errorf("to %v: 0 is at %v and the highest at %v", test.highest, a.place(0), a.place(test.highest))
		}
	}
}

func TestLogarithmicAxis(t *testing.T) {
	for _, test := range []struct {
		lowest, highest float64
		want            string
	}{
		{50e-6, 9e-3, "10µs 20µs 50µs 100µs 200µs 500µs 1ms 2ms 5ms 10ms"},
		{1e-6, 1.5, "1µs 10µs 100µs 1ms 10ms 100ms 1s 10s"},
		{1e-3, 1e-3, "1ms 2ms 5ms 10ms"},
	} {
		a, ticks := logarithmic(test.lowest, test.highest, 0, 90, bench.Seconds.Format)
		if got := labels(ticks); got != test.want {
			t.Errorf("%v to %v: got %q, want %q", test.lowest, test.highest, got, test.want)
		}
		if a.place(0) != 0 || a.place(math.Inf(1)) != 90 {
			t.Errorf("values beyond the axis are at %v and %v", a.place(0), a.place(math.Inf(1)))
		}
	}
}

func TestAxisOfNines(t *testing.T) {
	a, ticks := nines(0.9995, 0, 400)
	if got := labels(ticks); got != "0 % 50 % 90 % 99 % 99.9 % 99.99 %" {
		t.Errorf("got %q", got)
	}
	for q, want := range map[float64]float64{0: 0, 0.9: 100, 0.99: 200, 0.9999: 400, 1: 400} {
		if got := round(a.place(q)); got != want {
			t.Errorf("%v is at %v, want %v", q, got, want)
		}
	}
	if _, ticks := nines(0.5, 0, 100); labels(ticks) != "0 % 50 % 90 %" {
		t.Errorf("of few messages: got %q", labels(ticks))
	}
}

// The tail of a distribution ends where its messages do.
func TestQuantilesEndWithTheMessages(t *testing.T) {
	l := &bench.Latency{Count: 99, Max: 700, Percentiles: []bench.Percentile{{Percent: 50, Microseconds: 100}, {Percent: 99, Microseconds: 700}, {Percent: 99.9, Microseconds: 700}}}
	got := quantiles(l)
	if len(got) != 2 || got[0] != (point{0.5, 100e-6}) || got[1] != (point{0.99, 700e-6}) {
		t.Errorf("got %v", got)
	}
}
