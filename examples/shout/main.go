// Command shout is a small program around a gateway: it sends every message
// back in capitals, at ws://127.0.0.1:8080/shout.
package main

import (
	"bytes"
	"context"
	"log"
	"os"
	"os/signal"

	"github.com/sluicegate/sluice/gateway"
)

func main() {
	g, err := newGateway("127.0.0.1:8080")
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("connect to ws://%s/shout", g.Addr())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := g.Serve(ctx); err != nil {
		log.Fatal(err)
	}
}

func newGateway(listen string) (*gateway.Gateway, error) {
	return gateway.New(gateway.Config{
		Listen: listen,
		Routes: []gateway.Route{{
			Path:     "/shout",
			Handler:  gateway.HandlerFunc(shout),
			Dispatch: gateway.Inline, // it never blocks, so it needs no worker
		}},
	})
}

func shout(s gateway.Session, m gateway.Message) {
	s.Send(m.Type, bytes.ToUpper(m.Payload))
}
