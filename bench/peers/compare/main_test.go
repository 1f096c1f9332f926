package main

import (
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

func parse(t *testing.T, arguments ...string) (*commandLine, error) {
	t.Helper()
	line := new(commandLine)
	parser, err := kong.New(line, kong.Name("compare"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(arguments)
	return line, err
}

func TestCommandLine(t *testing.T) {
	line, err := parse(t, "echo", "--rounds", "7", "--in-flight", "1,8", "--connections", "1000", "--size", "64,1024",
		"--duration", "5s", "--baseline", "b", "--tool-flag=--source=127.0.0.2,127.0.0.3", "--server-cpus=0,2", "--client-cpus=1",
		"a=./bin/a", "b=./bin/b serve --dispatch inline,pooled --listen 127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := line.Echo
	switch {
	case e.Rounds != 7 || e.Connections != 1000 || e.Duration != 5*time.Second || e.Baseline != "b":
		t.Errorf("got %+v", e)
	case len(e.InFlight) != 2 || e.InFlight[1] != 8 || len(e.Size) != 2 || e.Size[1] != 1024:
		t.Errorf("got in flight %v, sizes %v", e.InFlight, e.Size)
	case len(e.ToolFlag) != 1 || e.ToolFlag[0] != "--source=127.0.0.2,127.0.0.3":
		t.Errorf("got tool flags %q", e.ToolFlag)
	case e.ServerCPUs.String() != "0,2" || e.ClientCPUs.String() != "1":
		t.Errorf("got CPUs %v and %v", e.ServerCPUs, e.ClientCPUs)
	case len(e.Servers) != 2 || len(e.Servers[1].Command) != 6 || e.Servers[1].Command[3] != "inline,pooled":
		t.Errorf("got servers %q", e.Servers)
	}
}

func TestCommandLineRefuses(t *testing.T) {
	for want, arguments := range map[string][]string{
		"NAME=COMMAND LINE":             {"echo", "./bin/a"},
		"is named twice":                {"echo", "a=x", "a=y"},
		`--baseline "c": is not among`:  {"echo", "--baseline=c", "a=x", "b=y"},
		"--load c: is not among":        {"broadcast", "--load=c=--rate 5", "a=x"},
		"--path-of c: is not among":     {"idle", "--path-of=c=/echo?a=b", "a=x"},
		"--rounds 0: must be 1":         {"idle", "--rounds=0", "a=x"},
		"--connections -1":              {"idle", "--connections=-1", "a=x"},
		"--spare-runs -1":               {"idle", "--spare-runs=-1", "a=x"},
		"--connections 0: must be 1":    {"capacity", "--connections=0", "a=x"},
		"--loops -1":                    {"capacity", "--loops=-1", "a=x"},
		"--verify-rate 0: must be":      {"capacity", "--verify-rate=0", "a=x"},
		"--accept-rate 9: must be 10":   {"storm", "--accept-rate=9", "a=x"},
		"CPU 1 is in":                   {"echo", "--server-cpus=0,1", "a=x"},
		`CPU "x": write numbers from 0`: {"echo", "--server-cpus=x", "a=x"},
		"expected \"<server> ...\"":     {"echo"},
		"--access-key":                  {"rest", "a=x"},
		"--duration 10ms: must be":      {"rest", "--access-key=k", "--duration=10ms", "a=x"},
		"--members 0: must be":          {"rest", "--access-key=k", "--members=0", "a=x"},
	} {
		if _, err := parse(t, arguments...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", arguments, err, want)
		}
	}
}
