package main

import (
	"strings"
	"testing"
	"time"
)

// What the load tool says of a replacement in which all goes well.
const (
	drainHeld = `{"connections": {"asked": 100, "opened": 100}, "failures": [
		{"stage": "disconnect", "cause": "closed by the server with 1012: shutting down", "count": 60},
		{"stage": "disconnect", "cause": "closed by the server with 1001", "count": 40}]}`
	drainCame = `{"failures": [{"stage": "disconnect", "cause": "closed by the server with 1012", "count": 3}], "churn": {"left": 50, "returned": 50, "refused": []}}`
)

func TestDrainFindsFaults(t *testing.T) {
	line, err := parse(t, "drain", "joker=none", "--connections=100", "--rate=50", "--comers=10")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name       string
		held, came string
		drained    time.Duration
		want       string
	}{
		{"none", drainHeld, drainCame, 2 * time.Second, ""},
		{"not open", strings.Replace(drainHeld, `"opened": 100`, `"opened": 99`, 1), drainCame, 2 * time.Second, "99 of 100 connections opened"},
		{"reset", strings.Replace(drainHeld, "closed by the server with 1001", "reset by the server", 1), drainCame, 2 * time.Second, "60 of 100 saw a close frame"},
		{"another code", strings.Replace(drainHeld, "1012", "1006", 1), drainCame, 2 * time.Second, "40 of 100 saw a close frame"},
		{"too fast", drainHeld, drainCame, 1700 * time.Millisecond, "faster than 50 sessions a second"},
		{"too slow", drainHeld, drainCame, 3300 * time.Millisecond, "where 2s are enough"},
		{"refused", drainHeld, strings.Replace(drainCame, `"refused": []`, `"refused": [{"stage": "connect", "cause": "refused", "count": 1}]`, 1), 2 * time.Second, "1 × connect: refused"},
		{"nobody came", drainHeld, strings.Replace(drainCame, `"returned": 50`, `"returned": 9`, 1), 2 * time.Second, "only 9 connections came"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := parseDrainReport(loaded{text: []byte(test.held)}, loaded{text: []byte(test.came)}, test.drained)
			if err != nil {
				t.Fatal(err)
			}
			faults := r.faults(&line.Drain)
			if len(faults) > 1 || len(faults) == 0 && test.want != "" || len(faults) == 1 && (test.want == "" || !strings.Contains(faults[0].Error(), test.want)) {
				t.Errorf("got %v, want %q", faults, test.want)
			}
		})
	}
}

func TestDrainNeedsItsReports(t *testing.T) {
	for came, want := range map[string]string{"": "no report of the load tool", `{}`: "no connections that come and go"} {
		if _, err := parseDrainReport(loaded{text: []byte(drainHeld)}, loaded{text: []byte(came)}, 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", came, err, want)
		}
	}
}
