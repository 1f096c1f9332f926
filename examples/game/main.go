// Command game is a small game in real time around a gateway: players steer over a
// field and eat crumbs. The server alone decides what happens: it takes the inputs,
// moves the world on 20 times a second, and sends the state to everyone.
//
//	go run ./examples/game
//
// world.go has the rules, wire.go the bytes, and game.go the gateway and the clock.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/sluicegate/sluice/gateway"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "address to listen on, as `host:port`")
	flag.Parse()

	g := newGame()
	edge, err := gateway.New(g.config(*listen))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("play at http://%s/\n", edge.Addr())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	go g.run(ctx, edge.Hub("game"))
	if err := edge.Serve(ctx); err != nil {
		log.Fatal(err)
	}
}
