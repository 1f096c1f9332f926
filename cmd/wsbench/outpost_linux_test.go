package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/bench"
)

func orders(t *testing.T, a bench.Assault) io.Reader {
	t.Helper()
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(text)
}

// TestAttackersEndWithTheirOrders: they do not outlive the process that has
// started them, whatever became of it.
func TestAttackersEndWithTheirOrders(t *testing.T) {
	var answer bytes.Buffer
	o := orders(t, bench.Assault{URL: echoServer(t), Mode: "silent", Attackers: 3, Duration: time.Hour})
	if err := (assaultCommand{}).obey(t.Context(), o, &answer); err != nil {
		t.Fatal(err)
	}
	var figures bench.AttackerFigures
	if err := json.Unmarshal(answer.Bytes(), &figures); err != nil {
		t.Errorf("the answer is no figures: %v: %s", err, &answer)
	}
}

func TestAttackersEndAfterTheirTime(t *testing.T) {
	var answer bytes.Buffer
	open, end := io.Pipe()
	defer end.Close()
	o := io.MultiReader(orders(t, bench.Assault{URL: echoServer(t), Mode: "ping-flood", Attackers: 3, Duration: 200 * time.Millisecond}), open)
	if err := (assaultCommand{}).obey(t.Context(), o, &answer); err != nil {
		t.Fatal(err)
	}
	var figures bench.AttackerFigures
	if err := json.Unmarshal(answer.Bytes(), &figures); err != nil || figures.Connections == 0 {
		t.Errorf("got %v and %+v, want attackers that connected", err, figures)
	}
}

// TestOutpostBlamesItsProcess: what went wrong there is said here.
func TestOutpostBlamesItsProcess(t *testing.T) {
	o, err := startOutpost()
	if err != nil {
		t.Fatal(err)
	}
	defer o.close()
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := o.assail(ended, bench.Assault{URL: "ws://127.0.0.1:1/", Mode: "tickle"}); err == nil || !strings.Contains(err.Error(), "tickle: must be one of") {
		t.Errorf("got %v, want the fault of the orders", err)
	}
}

func TestOutpostWithoutOrders(t *testing.T) {
	o, err := startOutpost()
	if err != nil {
		t.Fatal(err)
	}
	if err := o.close(); err == nil || !strings.Contains(o.faults.String(), "no orders") {
		t.Errorf("ended with %v and %q, want a fault", err, &o.faults)
	}
	if err := o.close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
}
