package bench

import (
	"testing"
	"time"
)

func TestSamplesJoined(t *testing.T) {
	calm := Sample{At: 1e9, Span: 1e9, Phase: "warm-up", Opened: 5, Connected: 5, Messages: 100, PerSecond: 100, P50: 10, P99: 20, Max: 30, ClientCPU: 0.25, BusiestLoop: 0.1, Server: &ServerSample{RSS: 1000, CPU: 0.5}}
	busy := Sample{At: 4e9, Span: 3e9, Phase: "measuring", Opened: 9, Connected: 8, Errors: 1, Messages: 300, PerSecond: 100, P50: 50, P99: 900, Max: 990, ClientCPU: 0.75, BusiestLoop: 0.5, Server: &ServerSample{RSS: 500, CPU: 1}}
	got := calm.with(busy)
	server := got.Server
	got.Server = nil
	want := Sample{At: 4e9, Span: 4e9, Phase: "measuring", Opened: 9, Connected: 8, Errors: 1, Messages: 400, PerSecond: 100, P50: 40, P99: 900, Max: 990, ClientCPU: 0.625, BusiestLoop: 0.5}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if server == nil || server.RSS != 1000 || server.CPU != 0.875 {
		t.Errorf("got %+v of the server", server)
	}
	quiet := Sample{Span: 1e9}.with(Sample{Span: 1e9})
	if quiet != (Sample{Span: 2e9}) {
		t.Errorf("got %+v of samples without messages", quiet)
	}
}

func TestThin(t *testing.T) {
	for _, test := range []struct{ samples, points, want int }{
		{0, 10, 0}, {1, 10, 1}, {10, 10, 10}, {11, 10, 6}, {1000, 300, 250}, {5, 0, 2},
	} {
		s := make(Series, test.samples)
		for i := range s {
			s[i] = Sample{At: time.Duration(i+1) * time.Second, Span: time.Second, Messages: 1}
		}
		got := s.Thin(test.points)
		if len(got) != test.want {
			t.Errorf("%d samples in %d points: got %d, want %d", test.samples, test.points, len(got), test.want)
		}
		checkSeries(t, got, test.samples)
	}
}

// checkSeries checks that nothing of so many seconds with a message each was
// left out.
func checkSeries(t *testing.T, s Series, seconds int) {
	t.Helper()
	var span time.Duration
	var messages uint64
	for _, p := range s {
		span += p.Span
		messages += p.Messages
		if p.At != span {
			t.Errorf("a point ends at %v, want %v", p.At, span)
		}
	}
	if span != time.Duration(seconds)*time.Second || messages != uint64(seconds) {
		t.Errorf("the points have %v and %d messages, want %d of each", span, messages, seconds)
	}
}

func TestSeriesIsBounded(t *testing.T) {
	var series thinning
	const seconds = 5*maxPoints + 7
	for i := range seconds {
		series.add(Sample{At: time.Duration(i+1) * time.Second, Span: time.Second, Messages: 1})
		if len(series.points) > maxPoints {
			t.Fatalf("%d points after %d samples", len(series.points), i+1)
		}
	}
	if n := len(series.points); n < maxPoints/2 {
		t.Errorf("only %d points are left", n)
	}
	checkSeries(t, series.points, seconds)
}
