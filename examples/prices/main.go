// Command prices is a small program around a gateway: clients connect to
// ws://127.0.0.1:8080/client/hubs/prices, and the message "GOLD 2411.50" goes to
// everyone else. A client that reads too slowly for that does without prices that
// are out of date: of what waits for it, only the latest of each symbol is kept.
//
// With --admin it shows what an operator needs, /sessions?hub=prices&slow=true for
// example.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/admin"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "address to listen on, as `host:port`")
	private := flag.String("admin", "", "address for operators, as `host:port`; empty is none")
	var limits gateway.Limits
	flag.IntVar(&limits.Outbound, "outbound", 64<<10, "`bytes` that may wait for a client; one of whose symbols even the latest are more is closed")
	patience := flag.Duration("patience", 20*time.Second, "how `long` a client may read nothing before it is closed")
	flag.Parse()

	b := &board{}
	config := b.config()
	config.Listen, config.Limits = *listen, limits
	config.Timeouts = gateway.Timeouts{WriteStall: *patience, Pong: *patience}
	g, err := gateway.New(config)
	if err != nil {
		log.Fatal(err)
	}
	b.bind(g)
	fmt.Printf("listening on %s\n", g.Addr())
	if *private != "" {
		operators, err := admin.Listen(*private, admin.Handler(g, "prices"), slog.Default())
		if err != nil {
			log.Fatal(err)
		}
		defer operators.Close()
		fmt.Printf("admin http://%s/\n", operators.Addr())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := g.Serve(ctx); err != nil {
		log.Fatal(err)
	}
}

// board is where prices are announced: the one hub of a gateway.
type board struct {
	// Fixed after bind.
	hub *gateway.Hub
}

// config returns the gateway's configuration, in which b handles what clients send.
func (b *board) config() gateway.Config {
	return gateway.Config{
		Hubs: []gateway.HubConfig{{
			Name:     "prices",
			Handler:  gateway.HandlerFunc(b.announce),
			Dispatch: gateway.Inline, // to publish never blocks
			Delivery: gateway.Delivery{Policy: gateway.Conflate},
		}},
	}
}

// bind says which gateway it is, before that serves.
func (b *board) bind(g *gateway.Gateway) { b.hub = g.Hub("prices") }

// announce publishes the message "symbol price", which makes earlier ones of the
// same symbol worthless.
func (b *board) announce(s gateway.Session, m gateway.Message) {
	symbol, _, _ := bytes.Cut(m.Payload, []byte(" "))
	err := b.hub.Publish(gateway.Publication{
		Type:    m.Type,
		Payload: m.Payload,
		Key:     string(symbol),
		Except:  []gateway.Session{s},
	})
	if err != nil {
		s.Send(gateway.Text, []byte("the gateway is busy: some have missed that price"))
	}
}
