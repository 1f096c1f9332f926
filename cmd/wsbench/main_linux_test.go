package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/sluicegate/sluice/bench"
)

// programVariable has the test binary be wsbench.
const programVariable = "SLUICE_TEST_WSBENCH"

// TestMain makes the test binary the attackers' process where wsbench attack has
// started it as one.
func TestMain(m *testing.M) {
	if os.Getenv(programVariable) != "" || len(os.Args) == 2 && os.Args[1] == assaultName {
		main()
	}
	os.Exit(m.Run())
}

// echoServer returns the URL of a server that echoes.
func echoServer(t *testing.T) string {
	t.Helper()
	return attentiveServer(t, func() {})
}

// attentiveServer returns the URL of a server that echoes, and calls heard before
// each echo.
func attentiveServer(t *testing.T, heard func()) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			return
		}
		defer c.Close()
		for {
			message, op, err := wsutil.ReadClientData(c)
			if err != nil {
				return
			}
			heard()
			if err := wsutil.WriteServerMessage(c, op, message); err != nil {
				return
			}
		}
	}))
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "http:", "ws:", 1)
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	return "ws://" + l.Addr().String()
}

func TestExitCodes(t *testing.T) {
	echo := echoServer(t)
	tokens := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(tokens, []byte("one\n\ntwo\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{"echo", []string{"echo", echo, "-n", "5", "--warmup", "0s", "--duration", "30ms"}, exitOK, "latency", ""},
		{"text", []string{"echo", echo, "-n", "5", "--warmup", "0s", "--duration", "30ms", "--text", "--size", "16", "--in-flight", "3"}, exitOK, "16 B messages, 3 in flight", ""},
		{"idle", []string{"idle", echo, "-n", "5", "--hold", "0s", "--loops", "2", "--private-fd-tables"}, exitOK, "0 of 5 connections did not open", ""},
		{"rate", []string{"rate", echo, "-n", "5", "--rate", "500", "--warmup", "0s", "--duration", "30ms", "--allow-overload"}, exitOK, "15 in 30ms, 500/s", ""},
		{"attack", []string{"attack", "slow-handshake", echo, "-n", "5", "--attackers", "3", "--warmup", "0s", "--before", "30ms", "--during", "60ms", "--after", "30ms", "--allow-overload"}, exitOK, "begun, 0 ended by the server, 0 failed", ""},
		{"attackers without orders", []string{assaultName}, exitUsage, "", "no orders on standard input; use wsbench attack"},
		{"upgrade", []string{"idle", echo, "-n", "5", "--hold", "0s", "--header", "X-Id: {n}", "--header", "X-B: 2", "--origin", "https://example.com", "--subprotocol", "v1", "--token-file", tokens}, exitOK, "0 of 5 connections did not open", ""},
		{"capacity", []string{"capacity", echo, "-n", "5", "--hold", "10ms", "--duration", "30ms", "--verify-rate", "1000", "--allow-overload"}, exitOK, "5 pings and 5 messages", ""},
		{"no TLS there", []string{"idle", strings.Replace(echo, "ws:", "wss:", 1), "-n", "5", "--hold", "0s", "--insecure"}, exitFellShort, "5 × tls:", ""},
		{"no header field", []string{"idle", echo, "--header", "X"}, exitUsage, "", "'NAME: VALUE'"},
		{"no token file", []string{"idle", echo, "--token-file", tokens + ".other"}, exitUsage, "", "--token-file: "},
		{"two kinds of tokens", []string{"idle", echo, "--token-file", tokens, "--token", "x"}, exitUsage, "", "can't be used together"},
		{"overloaded", []string{"rate", echo, "-n", "5", "--rate", "1e7", "--warmup", "0s", "--duration", "20ms", "--finish-timeout", "30s"}, exitOverloaded, "the latencies are the generator's", "wsbench: overloaded: "},
		{"overloaded and required", []string{"rate", echo, "-n", "5", "--rate", "1e7", "--warmup", "0s", "--duration", "20ms", "--finish-timeout", "30s", "--require", "p99<1h"}, exitOverloaded, "withheld", "wsbench: required p99<1h: the generator was overloaded"},
		{"connect", []string{"connect", echo, "-n", "5", "--connect-rate", "1000", "--connect-ramp", "2ms"}, exitOK, "5 connections, 1 loop, 1000/s after 2ms", ""},
		{"slow", []string{"slow", echo, "-n", "5", "--warmup", "0s", "--duration", "1ms", "--finish-timeout", "10ms"}, exitFellShort, "slow        ws://", ""},
		{"churn", []string{"churn", echo, "-n", "5", "--lifetime", "10ms", "--duration", "50ms", "--distribution", "uniform"}, exitOK, "open for 10ms (uniform)", ""},
		{"soak without a process", []string{"soak", echo}, exitUsage, "", "--pid: 0: must be set"},
		{"storm", []string{"storm", echo, "-n", "10", "--before", "10ms", "--after", "10ms", "--allow-overload"}, exitOK, "9 attempts", ""},
		{"refused", []string{"idle", closedPort(t), "-n", "5", "--hold", "0s"}, exitFellShort, "5 × connect: connection refused", ""},
		{"help", []string{"--help"}, exitOK, "Usage: wsbench", ""},
		{"help of a command", []string{"echo", "--help"}, exitOK, "--in-flight", ""},
		{"help of the attacks", []string{"attack", "--help"}, exitOK, "counted: message_too_big; by default 100 attackers", ""},
		{"modes", []string{"modes"}, exitOK, "close-stall      sends a close frame", ""},
		{"figures", []string{"figures"}, exitOK, "late           0 or 0.1%  messages or connections that began more than 1 ms after", ""},
		{"no command", nil, exitUsage, "", "see wsbench --help"},
		{"unknown command", []string{"dance"}, exitUsage, "", "dance"},
		{"unknown flag", []string{"idle", echo, "--sideways"}, exitUsage, "", "--sideways"},
		{"no URL", []string{"idle"}, exitUsage, "", "<url>"},
		{"wrong URL", []string{"idle", "http://127.0.0.1/"}, exitUsage, "", "must begin with ws://"},
		{"wrong size", []string{"echo", echo, "--size", "3"}, exitUsage, "", "--size: 3: must be 16 to 1048576 bytes"},
		{"unknown attack", []string{"attack", "tickle", echo}, exitUsage, "", "<mode>: tickle: must be one of [fd-exhaustion"},
		{"no rate", []string{"rate", echo, "--rate=-1"}, exitUsage, "", "--rate: -1: must be above 0"},
		{"a rate of zero", []string{"rate", echo, "--rate", "0"}, exitUsage, "", "--rate: 0: must be above 0"},
		{"no connections", []string{"echo", echo, "-n", "0"}, exitUsage, "", "--connections: 0: must be above 0"},
		{"no time", []string{"echo", echo, "--duration", "0s"}, exitUsage, "", "--duration: 0s: must be above 0"},
		{"two faults", []string{"idle", echo, "--connect-in-flight=-1", "--cpu", "1023", "--hold=-1s"}, exitUsage, "", "--connect-in-flight: -1: must be 1 to 65536\n--hold: -1s: must not be negative"},
		{"too many connections", []string{"idle", echo, "-n", "16777216"}, exitUsage, "", "--connections: 16777216: "},
		{"no statistics", []string{"idle", echo, "--stats-url", "http://127.0.0.1:1/"}, exitUsage, "", "--stats-url: Get "},
		{"two paces", []string{"broadcast", echo, "--rate", "5", "--every", "1s"}, exitUsage, "", "--rate and --every can't be used together"},
		{"bursts that go back in time", []string{"broadcast", echo, "--every=-1s"}, exitUsage, "", "--every: -1s: must not be negative"},
		{"a burst longer than its interval", []string{"broadcast", echo, "--burst", "5", "--every", "10ms", "--spread", "20ms"}, exitUsage, "", "--spread: 20ms"},
		{"one URL for many rooms", []string{"rooms", echo}, exitUsage, "", "must contain {room}"},
		{"wrong CPU list", []string{"echo", echo, "--cpu", "3-1"}, exitUsage, "", "write CPU numbers and ranges"},
		{"wrong source", []string{"echo", echo, "--source", "here"}, exitUsage, "", "--source"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := run(context.Background(), test.args, &stdout, &stderr); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			for name, got := range map[string][2]string{"stdout": {stdout.String(), test.stdout}, "stderr": {stderr.String(), test.stderr}} {
				if !strings.Contains(got[0], got[1]) || got[1] == "" && got[0] != "" {
					t.Errorf("%s: got %q, want it to have %q", name, got[0], got[1])
				}
			}
		})
	}
}

// A script must not take a part of a run for all of it, nor a requirement for
// broken that the rest might have met.
func TestInterruptedRun(t *testing.T) {
	for _, more := range [][]string{nil, {"--require", "p99<1ns"}} {
		ctx, interrupt := context.WithCancel(context.Background())
		var stdout, stderr bytes.Buffer
		args := []string{"echo", attentiveServer(t, interrupt), "-n", "5", "--duration", "1h"}
		code := run(ctx, append(args, more...), &stdout, &stderr)
		if code != exitInterrupted || !strings.Contains(stdout.String(), "before its time") {
			t.Errorf("%v: exit code %d, want %d: %s%s", more, code, exitInterrupted, &stdout, &stderr)
		}
	}
}

// Of timeout(1) a process gets each signal twice: the second must not cost the report.
func TestASignalThatComesTwice(t *testing.T) {
	opened, ending, twice := make(chan struct{}), make(chan struct{}), make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			return
		}
		defer c.Close()
		close(opened)
		ws.ReadFrame(c) // the close frame
		close(ending)
		<-twice
	}))
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var out bytes.Buffer
	c := exec.CommandContext(ctx, os.Args[0], "idle", strings.Replace(s.URL, "http:", "ws:", 1), "-n", "1", "--hold", "1h", "--finish-timeout", "20s")
	c.Env = append(os.Environ(), programVariable+"=yes")
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for _, moment := range []<-chan struct{}{opened, ending} {
		select {
		case <-moment:
		case <-ctx.Done():
			t.Error("the program has not come so far")
		}
		c.Process.Signal(syscall.SIGTERM)
	}
	close(twice)
	if c.Wait(); c.ProcessState.ExitCode() != exitInterrupted {
		t.Errorf("%v, want exit code %d: %s", c.ProcessState, exitInterrupted, &out)
	}
}

// Connections that had no time to open are none that failed.
func TestInterruptedWhileConnecting(t *testing.T) {
	ctx, interrupt := context.WithCancel(context.Background())
	interrupt()
	var stdout, stderr bytes.Buffer
	args := []string{"connect", echoServer(t), "-n", "5", "--connect-rate", "0.1"}
	if code := run(ctx, args, &stdout, &stderr); code != exitInterrupted {
		t.Errorf("exit code %d, want %d: %s%s", code, exitInterrupted, &stdout, &stderr)
	}
}

func TestSlowIsReportedByItsName(t *testing.T) {
	var stdout, stderr bytes.Buffer
	run(context.Background(), []string{"slow", echoServer(t), "-n", "5", "--warmup", "0s", "--duration", "1ms", "--finish-timeout", "10ms", "--json"}, &stdout, &stderr)
	var got struct{ Scenario string }
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil || got.Scenario != "slow" {
		t.Errorf("scenario %q, %v: %s", got.Scenario, err, &stderr)
	}
}

func TestJSON(t *testing.T) {
	var stdout, stderr bytes.Buffer
	args := []string{"echo", echoServer(t), "-n", "5", "--warmup", "0s", "--duration", "30ms", "--pid", strconv.Itoa(os.Getpid()), "--json"}
	if code := run(context.Background(), args, &stdout, &stderr); code != exitOK {
		t.Fatalf("exit code %d: %s%s", code, &stdout, &stderr)
	}
	var got struct {
		Scenario    string
		Environment bench.Environment
		Parameters  struct {
			Connections, Size int
			Duration          int64 `json:"durationNanoseconds"`
		}
		Connections bench.Connections
		Echo        bench.EchoFigures
		Server      []bench.ProcessSample
	}
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if p := got.Parameters; got.Scenario != "echo" || p.Connections != 5 || p.Size != 64 || p.Duration != 30e6 {
		t.Errorf("got scenario %q with %+v", got.Scenario, p)
	}
	if e := got.Environment; e.Go == "" || e.Kernel == "" || e.CPUs == 0 || e.DescriptorLimit == 0 {
		t.Errorf("got %+v", e)
	}
	if got.Connections.Opened != 5 || got.Echo.Messages == 0 || len(got.Echo.Latency.Percentiles) == 0 || len(got.Server) != 3 {
		t.Errorf("got %+v, %+v, %+v", got.Connections, got.Echo, got.Server)
	}
}

func TestPublishingFlags(t *testing.T) {
	for _, test := range []struct {
		flags publishingFlags
		want  bench.Publishing
	}{
		{publishingFlags{Rate: 40, Burst: 1, Slow: 1}, bench.Publishing{PerSecond: 40, Burst: 1, Slow: 1}},
		{publishingFlags{Burst: 20, Every: 50 * time.Millisecond, Spread: time.Millisecond}, bench.Publishing{PerSecond: 400, Burst: 20, Spread: time.Millisecond}},
		{publishingFlags{InFlight: 8, Text: true}, bench.Publishing{InFlight: 8, Text: true}},
	} {
		if got := test.flags.publishing(); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%+v: got %+v, want %+v", test.flags, got, test.want)
		}
	}
}

func TestCPUList(t *testing.T) {
	for text, want := range map[string]cpuList{
		"0":       {0},
		"1,3":     {1, 3},
		"0,2-4,1": {0, 2, 3, 4, 1},
		"5-5":     {5},
	} {
		var got cpuList
		if err := got.UnmarshalText([]byte(text)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: got %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "a", "1,", "-1", "3-1", "1-2-3", "9999"} {
		var got cpuList
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: no error, got %v", text, got)
		}
	}
}
