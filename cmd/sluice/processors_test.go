package main

import (
	"runtime"
	"testing"
)

func TestEachLoopHasAProcessor(t *testing.T) {
	for _, tc := range []struct{ loops, present, want int }{
		{loops: 0, present: 2, want: 2}, // one for each CPU
		{loops: 1, present: 2, want: 2},
		{loops: 2, present: 2, want: 2},
		{loops: 2, present: 1, want: 2},
		{loops: 3, present: 2, want: 3},
		{loops: 64, present: 2, want: 8},
	} {
		if got := processorsFor(tc.loops, tc.present); got != tc.want {
			t.Errorf("%d loops, %d processors: got %d, want %d", tc.loops, tc.present, got, tc.want)
		}
	}
}

func TestProcessorsFollowLoopsUnlessGiven(t *testing.T) {
	present := runtime.GOMAXPROCS(0)
	t.Cleanup(func() { runtime.GOMAXPROCS(present) })
	var given string
	p := &process{env: func(name string) (string, bool) { return given, name == "GOMAXPROCS" && given != "" }}

	given = "1"
	p.provideProcessors(present + 1)
	if got := runtime.GOMAXPROCS(0); got != present {
		t.Errorf("GOMAXPROCS of the environment: got %d processors, want %d as before", got, present)
	}
	given = ""
	p.provideProcessors(present + 1)
	if got := runtime.GOMAXPROCS(0); got != present+1 {
		t.Errorf("got %d processors, want %d", got, present+1)
	}
}
