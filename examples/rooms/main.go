// Command rooms is a small program around a gateway: clients connect to
// ws://127.0.0.1:8080/client/hubs/rooms?user=ann&rooms=tea,coffee, and the message
// "tea hello" goes to everyone else in the room tea.
//
// With --admin it has the console of sluice, which shows the rooms and may send to
// them. With --publish it also talks to rooms itself, in turn, and says what that
// costs.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/admin"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "address to listen on, as `host:port`")
	private := flag.String("admin", "", "address of the console, as `host:port`; empty is none")
	loops := flag.Int("loops", 0, "number of event loops; 0 is one per CPU")
	var t talker
	flag.Float64Var(&t.perSecond, "publish", 0, "messages to publish per `second`, to the rooms 0000000, 0000001 and so on in turn")
	flag.DurationVar(&t.beat, "beat", 10*time.Millisecond, "how often those that are due are published; each wake-up costs too")
	flag.IntVar(&t.rooms, "rooms", 1000, "how many rooms these are, in hexadecimal digits")
	flag.IntVar(&t.size, "size", 128, "size of such a message in bytes")
	flag.Parse()

	r, err := open(*listen, *loops)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on %s\n", r.gateway.Addr())
	if *private != "" {
		console, err := r.openConsole(*private)
		if err != nil {
			log.Fatal(err)
		}
		defer console.Close()
		fmt.Printf("admin http://%s/\n", console.Addr())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if t.perSecond > 0 {
		go t.talk(ctx, r.hub, os.Stdout, time.Second)
	}
	if err := r.gateway.Serve(ctx); err != nil {
		log.Fatal(err)
	}
}

// rooms is a gateway with one hub, whose groups are rooms.
type rooms struct {
	gateway *gateway.Gateway
	hub     *gateway.Hub
}

func open(listen string, loops int) (*rooms, error) {
	r := &rooms{}
	g, err := gateway.New(gateway.Config{
		Listen: listen,
		Loops:  loops,
		Hubs: []gateway.HubConfig{{
			Name:      "rooms",
			Authorize: identify,
			Handler:   gateway.HandlerFunc(r.say),
			Dispatch:  gateway.Inline, // to publish never blocks
		}},
	})
	if err != nil {
		return nil, err
	}
	r.gateway, r.hub = g, g.Hub("rooms")
	return r, nil
}

// openConsole serves what an operator needs, at an address that must be private:
// no login is asked for.
func (r *rooms) openConsole(address string) (*admin.Server, error) {
	return admin.Listen(address, admin.WithActions(admin.Handler(r.gateway, "rooms"), r.gateway, slog.Default()), slog.Default())
}

var errNoRoom = &gateway.Refusal{Status: http.StatusBadRequest, Text: "rooms: name one or more, as in ?rooms=tea,coffee"}

// identify says who a session is: its user, and the rooms it joins. A real
// program would ask for a proof.
func identify(r *gateway.Request) error {
	query, err := url.ParseQuery(r.Query)
	if err != nil || query.Get("rooms") == "" {
		return errNoRoom
	}
	r.Identity = gateway.Identity{User: query.Get("user"), Groups: strings.Split(query.Get("rooms"), ",")}
	return nil
}

// say publishes the message "room text" to that room, as it is.
func (r *rooms) say(s gateway.Session, m gateway.Message) {
	room, _, _ := bytes.Cut(m.Payload, []byte(" "))
	err := r.hub.Group(string(room)).Publish(gateway.Publication{Type: m.Type, Payload: m.Payload, Except: []gateway.Session{s}})
	if errors.Is(err, gateway.ErrBusy) {
		s.Send(gateway.Text, []byte("the gateway is busy: some have missed what you said"))
	}
}
