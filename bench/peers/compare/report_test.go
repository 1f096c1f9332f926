package main

import (
	"os"
	"strings"
	"testing"
)

func TestEchoFigures(t *testing.T) {
	text, err := os.ReadFile("testdata/echo.json")
	if err != nil {
		t.Fatal(err)
	}
	r, err := parseReport(text, "echo")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"9.75", "900", "2100", "100000", "3.0"}
	for i, f := range echoFigures {
		if got := f.format(f.of(r)); got != want[i] {
			t.Errorf("%s: got %s, want %s", f.name, got, want[i])
		}
	}
}

func TestBroadcastFigures(t *testing.T) {
	text, err := os.ReadFile("testdata/broadcast.json")
	if err != nil {
		t.Fatal(err)
	}
	r, err := parseReport(text, "broadcast")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"7.75", "45.0", "91.0", "92.0", "100000", "1.25", "3.0"}
	for i, f := range broadcastFigures {
		if got := f.format(f.of(r)); got != want[i] {
			t.Errorf("%s: got %s, want %s", f.name, got, want[i])
		}
	}
	for part, want := range map[string]string{
		`"lost": 0,
    "outOfOrder": 0`: "5 deliveries were lost and 2 messages out of order",
		`"deliveries": 500000`: "no message was delivered",
	} {
		broken := strings.Replace(string(text), part, strings.NewReplacer(`"lost": 0`, `"lost": 5`, `Order": 0`, `Order": 2`, "500000", "0").Replace(part), 1)
		if _, err := parseReport([]byte(broken), "broadcast"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

func TestIdleFigures(t *testing.T) {
	text, err := os.ReadFile("testdata/echo.json")
	if err != nil {
		t.Fatal(err)
	}
	r, err := parseReport(text, "idle")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"1146", "400", "1600", "30.0", "25000"}
	for i, f := range idleFigures {
		if got := f.format(f.of(r)); got != want[i] {
			t.Errorf("%s: got %s, want %s", f.name, got, want[i])
		}
	}
}

func TestParseReportRefuses(t *testing.T) {
	const samples = `"server": [{"rssBytes": 1}, {"rssBytes": 2}]`
	for text, want := range map[string]string{
		`wsbench: nope`: "no report",
		`{"connections": {"asked": 2, "opened": 2}, "failures": [{"stage": "verify", "cause": "wrong bytes", "count": 3}]}`: "3 × verify: wrong bytes",
		`{"connections": {"asked": 2, "opened": 1}, ` + samples + `}`:                                                       "1 of 2 connections",
		`{"connections": {"asked": 0, "opened": 0}, ` + samples + `}`:                                                       "0 of 0 connections",
		`{"connections": {"asked": 2, "opened": 2, "lost": 1}, ` + samples + `}`:                                            "1 connections were lost",
		`{"connections": {"asked": 2, "opened": 2}, "server": [{"rssBytes": 1}]}`:                                           "1 samples",
		`{"connections": {"asked": 2, "opened": 2}, ` + samples + `}`:                                                       "no message",
		`{"connections": {"asked": 2, "opened": 2}, "echo": {"messages": 0}, ` + samples + `}`:                              "no message",
	} {
		if _, err := parseReport([]byte(text), "echo"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", text, err, want)
		}
	}
}
