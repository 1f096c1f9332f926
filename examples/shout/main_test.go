package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

func Example() {
	g, err := newGateway("127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error)
	go func() { served <- g.Serve(ctx) }()

	conn, _, _, err := ws.Dial(ctx, "ws://"+g.Addr().String()+"/shout")
	if err != nil {
		log.Fatal(err)
	}
	if err := wsutil.WriteClientText(conn, []byte("hello")); err != nil {
		log.Fatal(err)
	}
	answer, err := wsutil.ReadServerText(conn)
	fmt.Println(string(answer), err)
	conn.Close()

	stop()
	fmt.Println(<-served)
	// Output:
	// HELLO <nil>
	// <nil>
}

// The README shows this program, so that what it shows is compiled and tested.
func TestTheReadmeShowsThisProgram(t *testing.T) {
	program, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(program), "\npackage main\n")
	if !strings.Contains(string(readme), "```go\npackage main\n"+shown+"```\n") {
		t.Error("README.md does not hold examples/shout/main.go as it is")
	}
}
