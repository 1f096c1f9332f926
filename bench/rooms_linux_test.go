package bench_test

import (
	"bytes"
	"context"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/bench"
	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

const briefly = 100 * time.Millisecond

// roomNode serves a hub at whose path a request names its room.
func roomNode(t *testing.T) *gatewaytest.Node {
	t.Helper()
	var hub *gateway.Hub
	ready := make(chan struct{})
	node := gatewaytest.Start(t, gateway.Config{Hubs: []gateway.HubConfig{{
		Name:     "rooms",
		Dispatch: gateway.Inline,
		Authorize: func(r *gateway.Request) error {
			query, err := url.ParseQuery(r.Query)
			r.Identity.Groups = query["room"]
			return err
		},
		Handler: gateway.HandlerFunc(func(s gateway.Session, m gateway.Message) {
			<-ready
			room, _, _ := bytes.Cut(m.Payload, []byte(" "))
			_ = hub.Group(string(room)).Publish(gateway.Publication{Type: m.Type, Payload: m.Payload, Except: []gateway.Session{s}})
		}),
	}}})
	hub = node.Gateway.Hub("rooms")
	close(ready)
	return node
}

func TestRoomsOfAGateway(t *testing.T) {
	node := roomNode(t)
	at := "ws://" + node.Addr() + gateway.HubPath("rooms") + "?room={room}"
	for _, test := range []struct {
		name string
		r    bench.Rooms
	}{
		{"closed loop", bench.Rooms{Load: bench.Load{Connections: 60}, Rooms: 20}},
		{"many in flight, in unequal rooms", bench.Rooms{Load: bench.Load{Connections: 60}, Rooms: 20, Zipf: 1, Publishing: bench.Publishing{InFlight: 30}}},
		{"open loop", bench.Rooms{Load: bench.Load{Connections: 60, Loops: 3}, Rooms: 20, Publishing: bench.Publishing{PerSecond: 2000}}},
		{"one room", bench.Rooms{Load: bench.Load{Connections: 5}, Rooms: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.r.URL, test.r.PID, test.r.Duration = at, os.Getpid(), briefly
			r, err := test.r.Run(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			f := r.Broadcast
			if !r.OK() || f.Messages == 0 || f.Deliveries != f.Expected || len(r.Failures) > 0 {
				t.Errorf("%+v, %+v, %v", r.Connections, f, r.Failures)
			}
			if r.Connections.Asked != test.r.Connections+test.r.Rooms || len(r.Server) != 4 {
				t.Errorf("%d connections and %d samples", r.Connections.Asked, len(r.Server))
			}
		})
	}
}

func TestIdleInRooms(t *testing.T) {
	node := roomNode(t)
	ctx, stop := context.WithCancel(context.Background())
	held := make(chan error, 1)
	go func() {
		_, err := bench.Idle{
			Load:  bench.Load{URL: "ws://" + node.Addr() + gateway.HubPath("rooms") + "?room={room}", Connections: 7, Loops: 2},
			Rooms: 3,
			Hold:  time.Hour,
		}.Run(ctx)
		held <- err
	}()
	hub := node.Gateway.Hub("rooms")
	node.Eventually(t, func() bool {
		return hub.Group("0000000").Len() == 3 && hub.Group("0000001").Len() == 2 && hub.Group("0000002").Len() == 2
	}, "7 connections to be in 3 rooms")
	stop()
	if err := <-held; err != nil {
		t.Error(err)
	}
}

// Messages that a window lays together come in one read.
func TestBroadcastSeesAWindow(t *testing.T) {
	node := gatewaytest.Start(t, gateway.Config{Hubs: []gateway.HubConfig{{
		Name:      "chat",
		OnMessage: gateway.PublishToOthers,
		Dispatch:  gateway.Inline,
		Delivery:  gateway.Delivery{Window: 50 * time.Millisecond},
	}}})
	r, err := bench.Broadcast{
		Load:       bench.Load{URL: "ws://" + node.Addr() + gateway.HubPath("chat"), Connections: 10},
		Publishing: bench.Publishing{PerSecond: 1000, Duration: 4 * briefly},
	}.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Broadcast; !r.OK() || f.PerRead < 5 {
		t.Errorf("%+v; want some 50 deliveries in a read", f)
	}
}

// What the gateway does with members that stop reading is told apart.
func TestBroadcastToStoppedMembers(t *testing.T) {
	for _, test := range []struct {
		name   string
		policy gateway.Policy
		open   int
	}{
		{"close", gateway.CloseSlow, 0},
		{"drop oldest", gateway.DropOldest, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			node := gatewaytest.Start(t, gateway.Config{
				Limits: gateway.Limits{Outbound: 256 << 10, KernelSend: 16 << 10},
				Hubs: []gateway.HubConfig{{
					Name:      "chat",
					OnMessage: gateway.PublishToOthers,
					Dispatch:  gateway.Inline,
					Delivery:  gateway.Delivery{Policy: test.policy},
				}},
			})
			r, err := bench.Broadcast{
				Load:       bench.Load{URL: "ws://" + node.Addr() + gateway.HubPath("chat"), Connections: 10},
				Publishing: bench.Publishing{Size: 16 << 10, Slow: 20, Duration: 3 * briefly},
			}.Run(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			f := r.Broadcast
			if !r.OK() || f.Slow == nil || f.Deliveries != 8*f.Messages {
				t.Fatalf("%+v, %v", f, r.Failures)
			}
			if f.Slow.Members != 2 || f.Slow.Open != test.open || f.Slow.Missed == 0 || f.Slow.Received+f.Slow.Missed < 2*f.Messages {
				t.Errorf("%+v of %d messages; want %d to stay", f.Slow, f.Messages, test.open)
			}
			if test.open == 0 && (len(f.Slow.Ended) == 0 || !strings.Contains(f.Slow.Ended[0].Cause, "1013") && !strings.Contains(f.Slow.Ended[0].Cause, "reset")) {
				t.Errorf("ended: %v", f.Slow.Ended)
			}
		})
	}
}
