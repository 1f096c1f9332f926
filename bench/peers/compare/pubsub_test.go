package main

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestPubSubFlags(t *testing.T) {
	parse := func(arguments ...string) (*restCommand, error) {
		line, err := parse(t, append([]string{"rest", "--access-key=k"}, arguments...)...)
		return &line.REST, err
	}
	r, err := parse("a=one", "b=two {port}", "--protocol=a=webpubsub")
	if err != nil || !slices.Equal(r.names(), []string{"a", "b"}) || r.protocolOf("a") != (webPubSub{"k"}) || r.protocolOf("b") != r.protocolOf("a") {
		t.Errorf("got %+v, %v", r, err)
	}
	for flags, want := range map[string]string{
		"a=one a=two":                  "named twice",
		"a=one --protocol=b=webpubsub": "not among the servers",
		"a=one --protocol=a=smtp":      "not among",
		"a=one --rounds=0":             "--rounds",
		"a=one --members=0":            "--members",
		"a=one --spare-runs=-1":        "--spare-runs",
		"a=one --client-cpus=0":        "CPU 0 is in --server-cpus and --client-cpus",
		"a=one --duration=1ms":         "--duration",
		"":                             "server",
	} {
		if _, err := parse(strings.Fields(flags)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want one with %q", flags, err, want)
		}
	}
}

func TestPubSubMeasuresServersInTurns(t *testing.T) {
	p := pubSub{Servers: []serverSpec{fake("a", "x"), fake("b", "x")}, Rounds: 2}
	var order []string
	runs, err := p.measure(t.Context(), io.Discard, 2, func(row int, spec serverSpec) ([]float64, error) {
		order = append(order, spec.Name)
		return []float64{float64(row)}, nil
	})
	if err != nil || strings.Join(order, "") != "ababbaba" {
		t.Errorf("the order is %v, %v", order, err)
	}
	if len(runs) != 2 || len(runs[1]) != 2 || runs[1][0].Figures["b"][0] != 1 {
		t.Errorf("got %+v", runs)
	}
	_, err = p.measure(t.Context(), io.Discard, 1, func(int, serverSpec) ([]float64, error) { return nil, io.ErrUnexpectedEOF })
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a server that fails: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = p.measure(ctx, io.Discard, 1, func(int, serverSpec) ([]float64, error) { cancel(); return nil, nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a measurement that is cut short: %v", err)
	}
}

// A run that something disturbed says little, and is made again while there are any to
// spare.
func TestPubSubRepeatsNoisyRuns(t *testing.T) {
	cpus := allowedCPU(t)
	for _, tc := range []struct {
		limit float64
		runs  int
	}{{-1, 3}, {1, 2}} {
		p := pubSub{Servers: []serverSpec{fake("a", "x")}, Rounds: 2, SpareRuns: 1, ServerCPUs: cpus, tolerance: tolerance{MaxSteal: tc.limit, MaxOthers: 1}}
		runs := 0
		rounds, err := p.measure(t.Context(), io.Discard, 1, func(int, serverSpec) ([]float64, error) {
			runs++
			return []float64{float64(runs)}, nil
		})
		if err != nil || runs != tc.runs {
			t.Fatalf("up to %v: %d runs, %v; want %d", tc.limit, runs, err, tc.runs)
		}
		if last := rounds[0][1].Figures["a"][0]; last != float64(runs) {
			t.Errorf("up to %v: kept run %v of %d", tc.limit, last, runs)
		}
	}
}
