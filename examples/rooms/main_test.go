package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// serve runs rooms until the function that it returns is called, which waits for
// the end.
func serve(r *rooms) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error)
	go func() { served <- r.gateway.Serve(ctx) }()
	return func() error {
		cancel()
		return <-served
	}
}

func enter(r *rooms, query string) (net.Conn, error) {
	conn, _, _, err := ws.Dial(context.Background(), "ws://"+r.gateway.Addr().String()+"/client/hubs/rooms"+query)
	return conn, err
}

func Example() {
	r, err := open("127.0.0.1:0", 0)
	if err != nil {
		log.Fatal(err)
	}
	stop := serve(r)
	ann, _ := enter(r, "?user=ann&rooms=tea,coffee")
	bob, _ := enter(r, "?user=bob&rooms=coffee")
	cyd, err := enter(r, "?user=cyd&rooms=tea")
	if err != nil {
		log.Fatal(err)
	}
	for _, said := range []string{"tea it is", "coffee it is"} {
		if err := wsutil.WriteClientText(ann, []byte(said)); err != nil {
			log.Fatal(err)
		}
	}
	atBob, _ := wsutil.ReadServerText(bob)
	atCyd, _ := wsutil.ReadServerText(cyd)
	fmt.Printf("bob: %s\ncyd: %s\n", atBob, atCyd)
	for _, conn := range []net.Conn{ann, bob, cyd} {
		conn.Close()
	}
	fmt.Println(stop())
	// Output:
	// bob: coffee it is
	// cyd: tea it is
	// <nil>
}

func TestNobodyIsInNoRoom(t *testing.T) {
	r, err := open("127.0.0.1:0", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer serve(r)()
	for _, query := range []string{"", "?user=ann", "?rooms=", "?rooms=%zz"} {
		_, err := enter(r, query)
		if status := ws.StatusError(0); !errors.As(err, &status) || status != 400 {
			t.Errorf("%q: got %v, want the status 400", query, err)
		}
	}
}

func TestTalker(t *testing.T) {
	r, err := open("127.0.0.1:0", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer serve(r)()
	conn, err := enter(r, "?rooms=0000002")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	said, report := io.Pipe()
	go func() {
		talker := talker{perSecond: 2000, beat: time.Millisecond, rooms: 3, size: 20}
		talker.talk(ctx, r.hub, report, 50*time.Millisecond)
		report.Close()
	}()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		message, err := wsutil.ReadServerText(conn)
		if want := "0000002 xxxxxxxxxxxx"; err != nil || string(message) != want {
			t.Fatalf("got %q, %v; want %q", message, err, want)
		}
	}
	line := make([]byte, 200)
	n, err := said.Read(line)
	if err != nil || !strings.Contains(string(line[:n]), "µs of CPU each; 1 sessions") {
		t.Errorf("the talker says %q, %v", line[:n], err)
	}
	cancel()
	_, _ = io.Copy(io.Discard, said)
}
