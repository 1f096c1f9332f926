package main

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// fakeVariable makes the test binary a child of a comparison: its first
// argument says which.
const fakeVariable = "COMPARE_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(fakeVariable) == "" {
		os.Exit(m.Run())
	}
	fakes := map[string]func(){
		"server":          fakeServer,
		"shy-server":      waitForTheEnd,
		"told-server":     toldServer,
		"frail-server":    frailServer,
		"dead-server":     func() { fmt.Fprintln(os.Stderr, "port is taken"); os.Exit(1) },
		"echo":            fakeTool,
		"modes":           fakeModes,
		"attack":          fakeAttack,
		"capacity":        fakeCapacity,
		"operable-server": operableServer,
		"cpus":            func() { fmt.Println(runtime.NumCPU()) },
	}
	fakes[os.Args[1]]()
}

// fakeServer announces the port in its second argument and serves nothing.
func fakeServer() {
	fmt.Printf("time=now msg=\"listening on 127.0.0.1:%s\"\n", os.Args[2])
	waitForTheEnd()
}

// toldServer listens on the port in its second argument and does not say so.
func toldServer() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[2])
	if err != nil {
		panic(err)
	}
	defer listener.Close()
	waitForTheEnd()
}

func waitForTheEnd() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
}

// frailServer announces a port and then looks as if it had ended.
func frailServer() {
	fmt.Println("listening on 127.0.0.1:1000")
	os.Stdout.Close()
	os.Stderr.Close()
	waitForTheEnd()
}

// fakeTool reports as many nanoseconds of CPU per message as the server's port
// number says. The path of the URL says what goes wrong.
func fakeTool() {
	target, err := url.Parse(os.Args[2])
	if err != nil {
		panic(err)
	}
	lost, exit := 0, 0
	overload := overloadIn(target.Path)
	switch target.Path {
	case "/hang":
		waitForTheEnd()
	case "/crash":
		fmt.Fprintln(os.Stderr, "unknown flag")
		os.Exit(2)
	case "/interrupted":
		exit = 4
	case "/lost":
		lost, exit = 1, 1
	}
	port, err := strconv.Atoi(target.Port())
	if err != nil {
		panic(err)
	}
	if slices.Contains(os.Args, "--times=3") {
		port *= 3
	}
	negotiated := "[]"
	for _, argument := range os.Args {
		if file, trusts := strings.CutPrefix(argument, "--ca="); trusts {
			negotiated = fmt.Sprintf(`[{"version": "TLS 1.3", "cipherSuite": "trusting %s"}]`, file)
		}
	}
	fmt.Printf(`{"connections": {"asked": 1, "opened": 1, "lost": %d, "tls": %s}, "server": [{}, {}],
		"generator": {"generatorSaturated": true}, "generatorOverloaded": %s,
		"echo": {"messages": 1, "serverSystemNanosecondsPerMessage": %d}}`, lost, negotiated, overload, port)
	os.Exit(exit)
}

// overloadIn returns why a load tool is overloaded, if the path of the URL says
// that it is.
func overloadIn(path string) (reasons string) {
	if strings.HasSuffix(path, "/overload") {
		return `["loop 0 is full"]`
	}
	return "null"
}

// fakeModes lists two attacks.
func fakeModes() { fmt.Println("tickle   makes the server laugh\nfd-exhaustion  is about descriptors") }

// fakeAttack reports what it was asked to do: as frames per second the limit of
// descriptors that the server's process has.
func fakeAttack() {
	if strings.HasSuffix(os.Args[3], "/broken") {
		fmt.Println("{}")
		os.Exit(1)
	}
	var pid, limit int
	admin := false
	for i, argument := range os.Args {
		if argument == "--pid" {
			pid, _ = strconv.Atoi(os.Args[i+1])
		}
		admin = admin || argument == "--admin=http://127.0.0.1:9/"
	}
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
	if err != nil {
		panic(err)
	}
	_, rest, _ := strings.Cut(string(limits), "Max open files")
	fmt.Sscan(rest, &limit)
	counted := `[]`
	if admin {
		counted = `[{"reason": "noise", "by": 1}, {"reason": "laughter", "by": 3}]`
	}
	fmt.Printf(`{"parameters": {"attackers": 9}, "generatorOverloaded": %s, "attack": {"mode": {"reasons": ["boredom", "laughter"]}, "rssGrowthBytes": 1572864, "p99Ratio": 2,
		"phases": [{"latency": {"percentiles": [{"percent": 99, "microseconds": 100}]}},
			{"due": 7, "lost": 1, "latency": {"percentiles": [{"percent": 99, "microseconds": 200}]},
				"attackers": {"open": 5, "connectionsPerSecond": 10.4, "framesPerSecond": %d}, "server": {"cpuShare": 0.25}, "counted": %s},
			{"counted": [{"reason": "laughter", "by": 2}]}]}}`, overloadIn(os.Args[3]), limit, counted)
	os.Exit(1)
}

// operableServer is fakeServer with an admin address.
func operableServer() {
	fmt.Println("sluice listening on 127.0.0.1:1000\n  echo       ws://127.0.0.1:1000/echo\n  admin      http://127.0.0.1:9/")
	waitForTheEnd()
}
