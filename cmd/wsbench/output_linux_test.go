package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/bench"
)

// shortRate is the command line of a short run against url.
func shortRate(url string, more ...string) []string {
	return append([]string{"rate", url, "-n", "5", "--rate", "500", "--warmup", "0s", "--duration", "60ms", "--sample-every", "10ms", "--allow-overload"}, more...)
}

func TestRequirementsSetTheExitCode(t *testing.T) {
	echo := echoServer(t)
	for _, test := range []struct {
		require string
		code    int
		stderr  string
	}{
		{"loss=0, p99<1m", exitOK, ""},
		{"loss=0,p99<1ns,rate>1e9", exitFellShort, "wsbench: required p99<1ns: p99 is"},
		{"last-p99<1s", exitFellShort, "this run of rate has no last-p99"},
		{"p98<1s", exitUsage, `position 1: "p98": is no figure; known are loss, late`},
	} {
		var stdout, stderr bytes.Buffer
		code := run(context.Background(), shortRate(echo, "--require", test.require), &stdout, &stderr)
		if code != test.code || !strings.Contains(stderr.String(), test.stderr) {
			t.Errorf("%s: exit code %d, %q; want %d, %q", test.require, code, stderr.String(), test.code, test.stderr)
		}
	}
}

func TestOut(t *testing.T) {
	name := filepath.Join(t.TempDir(), "run.ndjson")
	var stdout, stderr bytes.Buffer
	if code := run(context.Background(), shortRate(echoServer(t), "--out", name), &stdout, &stderr); code != exitOK {
		t.Fatalf("exit code %d: %s%s", code, &stdout, &stderr)
	}
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	got, err := bench.ReadRun(file)
	if err != nil {
		t.Fatal(err)
	}
	if got.CutOff || got.Report.Rate == nil || got.Report.Rate.Echoed != 30 || len(got.Report.Series) < 2 {
		t.Errorf("got %+v", got)
	}
	if !slices.Equal(got.Command[:2], []string{"wsbench", "rate"}) {
		t.Errorf("the command line is %q", got.Command)
	}

	stderr.Reset()
	code := run(context.Background(), shortRate(echoServer(t), "--out", filepath.Dir(name)), &stdout, &stderr)
	if code != exitUsage || !strings.Contains(stderr.String(), "--out: open") {
		t.Errorf("a directory: exit code %d, %q", code, stderr.String())
	}
}

func TestWithoutSecrets(t *testing.T) {
	command := strings.Fields("wsbench slow --token abc --header=K:V --size=5 --header x --publish-header Authorization:K --publish-header=A:K -n 3 --token")
	got := strings.Join(withoutSecrets(command), " ")
	if want := "wsbench slow --token … --header=… --size=5 --header … --publish-header … --publish-header=… -n 3 --token"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestFiguresAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/wsbench.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range bench.Figures() {
		if !bytes.Contains(page, []byte("`"+f.Name+"`")) {
			t.Errorf("docs/wsbench.md does not name %s", f.Name)
		}
	}
}
