package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/bench"
)

func TestBlockIsRedrawnInItsPlace(t *testing.T) {
	var out bytes.Buffer
	width := 200
	b := &block{out: &out, width: func() int { return width }}
	b.Begin(bench.Heading{Scenario: "rate"})
	b.Observe(bench.Sample{At: time.Second, Phase: "connecting"})
	first := out.String()
	if strings.Contains(first, "\x1b") || strings.Count(first, "\n") != 3 || !strings.HasPrefix(first, "rate       0:01  connecting") {
		t.Errorf("drawn first: %q", first)
	}
	out.Reset()
	width = 20
	b.Observe(bench.Sample{At: 2 * time.Second, Phase: "measuring"})
	second, found := strings.CutPrefix(out.String(), "\x1b[3F\x1b[J")
	if !found {
		t.Errorf("not drawn over the first: %q", out.String())
	}
	for line := range strings.Lines(second) {
		if n := len(line) - 1; n > width-1 {
			t.Errorf("%q has %d columns of %d", line, n, width)
		}
	}
	out.Reset()
	b.end()
	if got := out.String(); got != "\x1b[3F\x1b[J" {
		t.Errorf("at the end: %q", got)
	}
	out.Reset()
	b.end()
	if out.Len() > 0 {
		t.Errorf("at the second end: %q", out.String())
	}
}

func TestLinesAreFew(t *testing.T) {
	var out bytes.Buffer
	l := newProgress(&out)
	l.Begin(bench.Heading{Scenario: "echo"})
	for second := range 17 {
		l.Observe(bench.Sample{At: time.Duration(second+1) * time.Second, Phase: "measuring"})
	}
	l.Observe(bench.Sample{At: 31 * time.Second}) // some were late
	l.Observe(bench.Sample{At: 32 * time.Second})
	l.end()
	var at []string
	for line := range strings.Lines(out.String()) {
		at = append(at, strings.Fields(line)[1])
	}
	if got := strings.Join(at, " "); got != "0:05 0:10 0:15 0:31" {
		t.Errorf("lines at %s:\n%s", got, out.String())
	}
}

func TestProgressOfAnOverloadedClient(t *testing.T) {
	var out bytes.Buffer
	p := withholding{newProgress(&out)}
	p.Begin(bench.Heading{Scenario: "rate"})
	p.Observe(bench.Sample{At: 5 * time.Second, Messages: 1, P50: 1000, P99: 2000, Max: 3000, Overloaded: true})
	if got := out.String(); strings.Contains(got, "p99") || !strings.Contains(got, "latencies withheld") {
		t.Errorf("got %q", got)
	}
}
