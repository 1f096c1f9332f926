package main

import (
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"runtime"
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
		"server":       fakeServer,
		"shy-server":   waitForTheEnd,
		"frail-server": frailServer,
		"dead-server":  func() { fmt.Fprintln(os.Stderr, "port is taken"); os.Exit(1) },
		"echo":         fakeTool,
		"cpus":         func() { fmt.Println(runtime.NumCPU()) },
	}
	fakes[os.Args[1]]()
}

// fakeServer announces the port in its second argument and serves nothing.
func fakeServer() {
	fmt.Printf("time=now msg=\"listening on 127.0.0.1:%s\"\n", os.Args[2])
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
	switch target.Path {
	case "/hang":
		waitForTheEnd()
	case "/crash":
		fmt.Fprintln(os.Stderr, "unknown flag")
		os.Exit(2)
	case "/lost":
		lost, exit = 1, 1
	}
	fmt.Printf(`{"connections": {"asked": 1, "opened": 1, "lost": %d}, "server": [{}, {}],
		"generator": {"generatorSaturated": true},
		"echo": {"messages": 1, "serverSystemNanosecondsPerMessage": %s}}`, lost, target.Port())
	os.Exit(exit)
}
