// Command chat is the backend of a live stream's chat, with sluice at its edge. It
// serves a page, lets viewers in, is told what they say, and has it sent to everyone.
// It holds no WebSocket: that is the gateway's work, which runs as a program of its
// own, as it would in production.
//
//	go run ./examples/chat
//
// from the root of the repository builds and starts both. A message goes this way:
//
//	browser ── WebSocket ──▶ sluice ── event (events.go) ──▶ room.say
//	browsers ◀─ WebSocket ── sluice ◀── REST (service.go) ──┘
//
// sluice.yaml configures the gateway: what is said within 50 ms leaves in one write
// for each viewer. examples/node-backend is the same backend in JavaScript.
package main

import (
	"context"
	"crypto/rand"
	"embed"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

//go:embed page
var page embed.FS

func main() {
	listen := flag.String("listen", "127.0.0.1:9000", "address of the page and of the gateway's events, as `host:port`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *listen, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run serves until ctx or the gateway ends.
func run(ctx context.Context, listen string, out io.Writer) error {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	origin := "http://" + listener.Addr().String()
	key := rand.Text() + rand.Text() // what backend and gateway share: at least 32 bytes

	edge, err := startSluice(ctx, key, hub+"="+origin+"/events")
	if err != nil {
		return err
	}
	s, err := newService("http://"+edge.address, key)
	if err != nil {
		return err
	}
	r := newRoom(s)
	go r.run(ctx, time.Tick(time.Second))
	go http.Serve(listener, handler(s, r, key)) // to the end: sessions that close are told of, too
	fmt.Fprintf(out, "chat at %s/\n", origin)
	return edge.wait()
}

// handler serves the page, the way in, and the gateway's events.
func handler(s *service, r *room, key string) http.Handler {
	files, err := fs.Sub(page, "page")
	if err != nil {
		panic(err) // "page" is a valid path
	}
	e := &events{room: r, key: key}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("POST /negotiate", s.negotiate)
	mux.HandleFunc("OPTIONS /events", e.allow)
	mux.HandleFunc("POST /events", e.take)
	return mux
}
