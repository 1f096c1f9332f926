package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
)

// fakeCapacity says as a refusal which loops and which URL it was given, or
// reports a run.
func fakeCapacity() {
	if strings.HasSuffix(os.Args[2], "/say") {
		fmt.Fprintln(os.Stderr, strings.Join(os.Args[1:], " "))
		os.Exit(2)
	}
	text, err := os.ReadFile("testdata/capacity.json")
	if err != nil {
		panic(err)
	}
	os.Stdout.Write(text)
}

func capacity(t *testing.T, path string, arguments ...string) ([]byte, error) {
	t.Helper()
	c := newComparison(t, path, serverSpec{Name: "joker", Command: []string{"server", "{loops}{connections}"}})
	line, err := parse(t, append([]string{"capacity", "joker=none"}, arguments...)...)
	if err != nil {
		t.Fatal(err)
	}
	line.Capacity.Server = c.servers[0]
	line.Capacity.spread(100)
	return line.Capacity.measure(t.Context(), c)
}

func TestCapacityReport(t *testing.T) {
	text, err := capacity(t, "/echo", "--connections=7")
	if err != nil {
		t.Fatal(err)
	}
	r, err := parseCapacityReport(text)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := r.write(&got, "joker", place{ServerCPUs: cpuList{0}, ClientCPUs: cpuList{1, 2}}); err != nil {
		t.Fatal(err)
	}
	checkGolden(t, "testdata/capacity.golden", got.String())
	if err := r.complete(); err == nil || err.Error() != "999999 of 1000000 connections opened, 0 were lost and 1 answers and deliveries are missing" {
		t.Errorf("a run that fell short: got %v", err)
	}
}

func TestCapacityComplete(t *testing.T) {
	const text = `{"connections": {"asked": 2, "opened": 2}, "server": [{}], "capacity": {"kernel": [{}], "verified": {"pongs": {"sent": 2}, "echoes": {"sent": 2}}}}`
	r, err := parseCapacityReport([]byte(text))
	if err != nil || r.complete() != nil {
		t.Errorf("got %v and %v", err, r.complete())
	}
	r.Capacity.Verified.Echoes.Sent = 1
	if err := r.complete(); err == nil || err.Error() != "1 of 2 connections were verified" {
		t.Errorf("one that nobody asked for an echo: got %v", err)
	}
}

// 900 connections fill ten tables of 100 as far as they may be filled; the
// server's port says what it was told.
func TestCapacityArguments(t *testing.T) {
	_, err := capacity(t, "/say", "--connections=900", "--publish=/all")
	for _, want := range []string{"ws://127.0.0.1:10900/say", "--connections=900", "--loops=10", "--private-fd-tables", "--publish-url=http://127.0.0.1:10900/all"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestCapacityCheckFails(t *testing.T) {
	_, err := capacity(t, "/echo", "--connections=7", "--loops=3", "--check=ls /nowhere-{connections}-{loops}")
	if err == nil || !strings.Contains(err.Error(), "ls /nowhere-7-3: exit status") {
		t.Errorf("got %v", err)
	}
}

func TestCapacityReportFaults(t *testing.T) {
	for text, want := range map[string]string{
		"":   "no report of the load tool",
		"{}": "reported no capacity",
	} {
		if _, err := parseCapacityReport([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", text, err, want)
		}
	}
}
