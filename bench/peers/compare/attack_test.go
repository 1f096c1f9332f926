package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

const attackTable = "### attacks on joker: beside them 200 connections × 1000 messages/s\n\n" +
	"| attack | attackers at once | connections/s | frames/s | RSS growth MiB | server CPU | p99 before µs | during µs | ratio | counted |\n" +
	"|---|---:|---:|---:|---:|---:|---:|---:|---:|---|\n"

// attack returns what the attack command prints of a fake server.
func attack(t *testing.T, c *comparison, arguments ...string) (string, error) {
	t.Helper()
	line, err := parse(t, append([]string{"attack", "joker=none"}, arguments...)...)
	if err != nil {
		t.Fatal(err)
	}
	line.Attack.Server = c.servers[0]
	var out bytes.Buffer
	err = line.Attack.play(context.Background(), c, &out)
	return out.String(), err
}

func TestAttackTable(t *testing.T) {
	c := newComparison(t, "/echo", serverSpec{Name: "joker", Command: []string{"operable-server"}})
	got, err := attack(t, c)
	if err != nil {
		t.Fatal(err)
	}
	rest, found := strings.CutPrefix(got, attackTable)
	if !found {
		t.Fatalf("got\n%s\nwant it to begin with\n%s", got, attackTable)
	}
	rows := strings.Split(rest, "\n")
	if want := "| fd-exhaustion | 5 of 9 | 10 | 1024 | 1.5 | 25 % | 100 | 200 | 2.00 | laughter 5 |"; rows[1] != want {
		t.Errorf("got %s\nwant %s", rows[1], want)
	}
	if !strings.HasPrefix(rows[0], "| tickle | 5 of 9 |") || strings.Contains(rows[0], "| 1024 |") {
		t.Errorf("an attack of another kind: got %s", rows[0])
	}
	if !strings.Contains(rest, "\ntickle: 1 of 7 messages were lost during the attack.\n") {
		t.Errorf("no note of what was lost:\n%s", rest)
	}
}

func TestAttackOnAServerWithoutCounters(t *testing.T) {
	c := newComparison(t, "/echo", serverSpec{Name: "joker", Command: []string{"server", "1000"}})
	got, err := attack(t, c, "--modes=tickle")
	if err != nil || !strings.Contains(got, "| 2.00 | laughter 2 |") || strings.Contains(got, "fd-exhaustion") {
		t.Errorf("got %v and\n%s", err, got)
	}
}

func TestAttackOnANoisyMachine(t *testing.T) {
	c := newComparison(t, "/echo", serverSpec{Name: "joker", Command: []string{"operable-server"}})
	c.limit = noise{Steal: -1}
	var progress bytes.Buffer
	c.progress = &progress
	got, err := attack(t, c, "--modes=tickle", "--repeat=1")
	if err != nil || !strings.Contains(got, "tickle: the machine was noisy") || strings.Count(progress.String(), "disturbed: again") != 1 {
		t.Errorf("got %v and\n%s%s", err, got, &progress)
	}
}

// A table without rows must not pass for one in which nobody noticed anything.
func TestAttackThatFails(t *testing.T) {
	c := newComparison(t, "/broken", serverSpec{Name: "joker", Command: []string{"operable-server"}})
	got, err := attack(t, c, "--modes=tickle,poke")
	if err == nil || strings.Count(err.Error(), "was not played to its end") != 2 || !strings.Contains(got, "\npoke failed: ") {
		t.Errorf("got %v and\n%s", err, got)
	}
}

func TestAttackReportFaults(t *testing.T) {
	for text, want := range map[string]string{
		"":   "no report of the load tool",
		"{}": "was not played to its end",
		`{"failures": [{"stage": "connect", "cause": "connection refused", "count": 3}]}`: "3 × connect: connection refused",
		`{"attack": {"phases": [{}, {}]}}`:                                                "was not played to its end",
	} {
		if _, err := parseAttackReport([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", text, err, want)
		}
	}
	r, err := parseAttackReport([]byte(`{"attack": {"phases": [{}, {}, {}]}}`))
	if err != nil || r.counted() != "–" {
		t.Errorf("an attack that nothing is counted for: %v, %+v", err, r)
	}
}

func TestAttackThatOverloadsTheLoadTool(t *testing.T) {
	c := newComparison(t, "/overload", serverSpec{Name: "joker", Command: []string{"operable-server"}})
	var progress bytes.Buffer
	c.progress = &progress
	got, err := attack(t, c, "--modes=tickle", "--repeat=1")
	if err != nil || !strings.Contains(got, "tickle: the load tool was overloaded (loop 0 is full): its latencies are its own.") {
		t.Errorf("got %v and\n%s", err, got)
	}
	if strings.Count(progress.String(), "disturbed: again") != 1 {
		t.Errorf("got the progress\n%s", &progress)
	}
}
