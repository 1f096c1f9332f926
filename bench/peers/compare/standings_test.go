package main

import (
	"testing"
	"time"
)

func TestStandings(t *testing.T) {
	s := standings{
		began:    time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC),
		servers:  []string{"sluice", "quick", "gone"},
		baseline: "sluice",
		place:    place{ServerCPUs: cpuList{0}, ClientCPUs: cpuList{1}},
	}
	add := func(of cell, failed map[string]string, rounds ...round) {
		s.add(summarize(&outcome{
			cell:        of,
			rounds:      rounds,
			failed:      failed,
			environment: environment{Commit: "0123abc", Kernel: "6.18.0"},
		}, s.servers, s.baseline))
	}
	add(echoOf(1000, echoSize, 1, 0, 0), nil, rounds(
		map[string][]float64{"sluice": {10, 0, 0, 0, 0}, "quick": {11, 0, 0, 0, 0}, "gone": {12, 0, 0, 0, 0}},
		map[string][]float64{"sluice": {20, 0, 0, 0, 0}, "quick": {24, 0, 0, 0, 0}, "gone": {26, 0, 0, 0, 0}},
	)...)
	add(idleOf(10_000, 0), map[string]string{"gone": "no descriptors"}, rounds(
		map[string][]float64{"sluice": {150, 300, 300, 25, 0}, "quick": {450, 500, 500, 20, 0}},
	)...)
	checkGolden(t, "testdata/standings.md", s.String())
	if t.Failed() {
		return
	}

	s = standings{servers: []string{"a", "b"}, baseline: "a"}
	add(echoOf(1, 16, 1, 0, 0), nil, rounds(map[string][]float64{"a": {1, 0, 0, 0, 0}, "b": {1, 0, 0, 0, 0}})...)
	if below := s.contests[0].below(s.servers); len(below) != 0 || s.contests[0].lowest(s.servers) != "a" {
		t.Errorf("equals: below is %v", below)
	}
}
