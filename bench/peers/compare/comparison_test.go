package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sluicegate/sluice/bench/peers/internal/certificate"
)

// newComparison returns one of fakes, which are children of this test binary.
// Every round is quiet unless the limit is lowered.
func newComparison(t *testing.T, path string, servers ...serverSpec) *comparison {
	t.Helper()
	self := becomeFake(t)
	for i := range servers {
		servers[i].Command = append([]string{self}, servers[i].Command...)
	}
	t.Cleanup(func() {
		if _, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); !errors.Is(err, syscall.ECHILD) {
			t.Errorf("children are left behind: wait4 says %v, want %v", err, syscall.ECHILD)
		}
	})
	cpu := allowedCPU(t)
	return &comparison{
		servers:  servers,
		baseline: servers[0].Name,
		path:     path,
		cpus:     cpu,
		tool:     loadTool{path: self, cpus: cpu},
		rounds:   3,
		spare:    2,
		limit:    noise{Steal: 1, Others: 1},
		progress: io.Discard,
	}
}

// becomeFake makes children of this test binary fakes and returns its path. Under
// the race detector each would otherwise linger for a second when it exits.
func becomeFake(t *testing.T) (path string) {
	t.Helper()
	t.Setenv(fakeVariable, "1")
	t.Setenv("GORACE", "atexit_sleep_ms=0")
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// allowedCPU returns one that this process may run on.
func allowedCPU(t *testing.T) cpuList {
	t.Helper()
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		t.Fatal(err)
	}
	for cpu := range maxCPU + 1 {
		if allowed.IsSet(cpu) {
			return cpuList{cpu}
		}
	}
	t.Fatal("no CPU is allowed")
	return nil
}

func fake(name string, command ...string) serverSpec { return serverSpec{name, command} }

var echoCell = cell{title: "fake", scenario: scenarioEcho, figures: echoFigures}

func TestMeasure(t *testing.T) {
	c := newComparison(t, "/echo", fake("base", "server", "1000"), fake("slow", "server", "2500"))
	o, err := c.measure(t.Context(), echoCell)
	if err != nil {
		t.Fatal(err)
	}
	if len(o.rounds) != 3 || o.repeated != 0 || o.noisy != 0 || len(o.failed) != 0 {
		t.Fatalf("got %d rounds, %d repeated, %d noisy, failed %v", len(o.rounds), o.repeated, o.noisy, o.failed)
	}
	if slow := summarize(o, []string{"base", "slow"}, "base").Rows[1]; slow.Figures[0] != 2.5 || slow.Ratio.Median != 2.5 {
		t.Errorf("got %v µs and the ratio %v, want 2.5 and 2.5", slow.Figures[0], slow.Ratio.Median)
	}
	if got := len(o.rounds[0].Saturated); got != 2 {
		t.Errorf("got %d saturated runs in a round, want 2", got)
	}
}

// A server's own flags come behind those of the cell.
func TestLoadOfOneServer(t *testing.T) {
	c := newComparison(t, "/echo", fake("base", "server", "1000"), fake("slow", "server", "1000"))
	c.load = map[string][]string{"slow": {"--times=3"}}
	o, err := c.measure(t.Context(), echoCell)
	if err != nil {
		t.Fatal(err)
	}
	rows := summarize(o, []string{"base", "slow"}, "base").Rows
	if rows[0].Figures[0] != 1 || rows[1].Figures[0] != 3 {
		t.Errorf("got %v and %v µs, want 1 and 3", rows[0].Figures[0], rows[1].Figures[0])
	}
}

// A cell says at which path it is measured, and what its servers are started with.
func TestMeasureFillsIn(t *testing.T) {
	c := newComparison(t, "/crash", fake("base", "server", "1{broadcast}000", "{broadcast}"))
	elsewhere := echoCell
	elsewhere.path = "/echo"
	o, err := c.measure(t.Context(), elsewhere)
	if err != nil || o.rounds[0].Figures["base"][0] != 1 {
		t.Errorf("got %+v, %v", o, err)
	}
	spec := serverSpec{"a", []string{"bin/a", "{broadcast}"}}
	if got := spec.filled(cell{scenario: scenarioBroadcast}.marks()); strings.Join(got.Command, " ") != "bin/a --broadcast" {
		t.Errorf("a broadcast: got %q", got)
	}
	if got := spec.filled(echoCell.marks()); len(got.Command) != 1 || got.Name != "a" {
		t.Errorf("an echo: got %q", got)
	}
}

func TestMeasureRepeatsOverloads(t *testing.T) {
	c := newComparison(t, "/overload", fake("base", "server", "1000"), fake("slow", "server", "2000"))
	c.spare = 3
	o, err := c.measure(t.Context(), echoCell)
	if err != nil {
		t.Fatal(err)
	}
	if o.repeated != 3 || o.noisy != 0 || len(o.rounds[2].Overloaded) != 2 {
		t.Errorf("got %d repeated, %d noisy, %v overloaded in the last round", o.repeated, o.noisy, o.rounds[2].Overloaded)
	}
}

func TestServersThatSpeakTLS(t *testing.T) {
	c := newComparison(t, "/echo", fake("base", "server", "1000", "--certificate={certificate}", "--key={key}"))
	c.secure(certificate.Files{Certificate: "shown.pem", Key: "its.key"})
	if got := strings.Join(c.servers[0].Command[1:], " "); got != "server 1000 --certificate=shown.pem --key=its.key" {
		t.Errorf("the server is started with %q", got)
	}
	if got := c.url(&server{address: "127.0.0.1:1"}, "/echo"); got != "wss://127.0.0.1:1/echo" {
		t.Errorf("it is loaded at %s", got)
	}
	o, err := c.measure(t.Context(), echoCell)
	if err != nil {
		t.Fatal(err)
	}
	if row := summarize(o, []string{"base"}, "base").Rows[0]; row.Cipher != "TLS 1.3 trusting shown.pem" {
		t.Errorf("got the cipher %q", row.Cipher)
	}
}

func TestPathOfOneServer(t *testing.T) {
	c := comparison{path: "/echo", pathOf: map[string]string{"rooms": "/rooms?user={n}"}}
	for name, want := range map[string]string{"plain": "ws://h:1/echo", "rooms": "ws://h:1/rooms?user={n}"} {
		if got := c.url(&server{address: "h:1"}, c.pathTo(name, cell{})); got != want {
			t.Errorf("%s is loaded at %s, want %s", name, got, want)
		}
	}
}

func TestMeasureRepeatsNoisyRuns(t *testing.T) {
	c := newComparison(t, "/echo", fake("base", "server", "1000"))
	c.limit = noise{Steal: -1, Others: -1}
	o, err := c.measure(t.Context(), echoCell)
	if err != nil {
		t.Fatal(err)
	}
	if len(o.rounds) != 3 || o.repeated != 2 || o.noisy != 3 {
		t.Errorf("got %d rounds, %d repeated, %d noisy; want 3, 2, 3", len(o.rounds), o.repeated, o.noisy)
	}
}

func TestMeasureLeavesOutWhatFails(t *testing.T) {
	c := newComparison(t, "/echo", fake("base", "server", "1000"), fake("dead", "dead-server"), fake("slow", "server", "2000"))
	o, err := c.measure(t.Context(), echoCell)
	if err != nil {
		t.Fatal(err)
	}
	if cause := o.failed["dead"]; !strings.Contains(cause, "without saying") || !strings.Contains(cause, "port is taken") {
		t.Errorf("got the cause %q", cause)
	}
	rows := summarize(o, []string{"base", "dead", "slow"}, "base").Rows
	if rows[1].Failed == "" || rows[2].Ratio.Median != 2 {
		t.Errorf("got rows %+v", rows)
	}
}

// What a load tool has done until it was interrupted is no run of any server.
func TestMeasureTakesNoPartOfARun(t *testing.T) {
	c := newComparison(t, "/interrupted", fake("base", "server", "1000"))
	if _, err := c.measure(t.Context(), echoCell); err == nil || !strings.Contains(err.Error(), "exit status 4") {
		t.Errorf("got %v", err)
	}
}

func TestMeasureNeedsItsBaseline(t *testing.T) {
	for path, want := range map[string]string{
		"/lost":  "baseline base: 1 connections were lost",
		"/crash": "unknown flag",
	} {
		t.Run(path, func(t *testing.T) {
			c := newComparison(t, path, fake("base", "server", "1000"))
			if _, err := c.measure(t.Context(), echoCell); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want an error with %q", err, want)
			}
		})
	}
}

func TestMeasureTellsOfAnEndedServer(t *testing.T) {
	c := newComparison(t, "/crash", fake("base", "frail-server"))
	if _, err := c.measure(t.Context(), echoCell); err == nil || !strings.Contains(err.Error(), "ended under load") {
		t.Errorf("got %v, want an error that says so", err)
	}
}

// An interrupt ends the comparison and its children, whatever they wait for.
func TestMeasureInterrupted(t *testing.T) {
	for name, c := range map[string]*comparison{
		"while the load runs":    newComparison(t, "/hang", fake("base", "server", "1000")),
		"while the server start": newComparison(t, "/echo", fake("base", "shy-server")),
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			if _, err := c.measure(ctx, echoCell); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
			}
		})
	}
}

func TestPinnedChild(t *testing.T) {
	self := becomeFake(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, after unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(self, "cpus")
	var out bytes.Buffer
	command.Stdout = &out
	if err := allowedCPU(t).start(command); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil || out.String() != "1\n" {
		t.Errorf("got %q, %v; want a child that sees 1 CPU", &out, err)
	}
	if err := unix.SchedGetaffinity(0, &after); err != nil || after != before {
		t.Errorf("got affinity %v, %v; want %v as before", after, err, before)
	}
	if err := (cpuList{maxCPU}).start(exec.Command(self, "cpus")); err == nil || !strings.Contains(err.Error(), "pin to CPU 1023") {
		t.Errorf("got %v, want an error that names the CPU", err)
	}
}
