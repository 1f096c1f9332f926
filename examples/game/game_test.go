package main

import (
	"context"
	"encoding/binary"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// table is a game whose clock stands still: the test plays the ticks.
type table struct {
	*game
	node *gatewaytest.Node
}

func start(t *testing.T) table {
	t.Helper()
	g := newGame()
	return table{g, gatewaytest.Start(t, g.config(""))}
}

// enter connects a player and returns its id.
func (tb table) enter(t *testing.T, options ...gatewaytest.Option) (*gatewaytest.Client, uint32) {
	t.Helper()
	client := tb.node.Dial(t, gateway.HubPath("game"), options...)
	welcome := client.Receive().Payload
	if len(welcome) != 5 || welcome[0] != kindWelcome {
		t.Fatalf("welcomed with % x", welcome)
	}
	return client, binary.BigEndian.Uint32(welcome[1:])
}

// publish plays one tick and sends the state.
func (tb table) publish(t *testing.T) {
	t.Helper()
	hub := tb.node.Gateway.Hub("game")
	if err := hub.Publish(gateway.Publication{Type: gateway.Binary, Payload: tb.step(nil)}); err != nil {
		t.Fatal(err)
	}
}

// column returns where from left to right a state has a player, if at all.
func column(state []byte, id uint32) (x uint16, found bool) {
	for players := state[6+4*crumbs:]; len(players) > 0; players = players[10:] {
		if binary.BigEndian.Uint32(players) == id {
			return binary.BigEndian.Uint16(players[4:]), true
		}
	}
	return 0, false
}

func TestOneSteersAndTheOtherSees(t *testing.T) {
	tb := start(t)
	ana, id := tb.enter(t)
	ben, _ := tb.enter(t)
	ana.Send(gateway.Binary, []byte{127, 0})
	for x := uint16(0); x < side-border; {
		tb.publish(t)
		x, _ = column(ben.Receive().Payload, id)
	}
	ana.Close()
	for found := true; found; {
		tb.publish(t)
		_, found = column(ben.Receive().Payload, id)
	}
}

func TestWhoDoesNotSteerIsClosed(t *testing.T) {
	client, _ := start(t).enter(t)
	client.SendText("up")
	if reason := client.ExpectClose(ws.StatusUnsupportedData); reason != errNoHeading.Error() {
		t.Errorf("closed with %q, want what is asked for", reason)
	}
}

// A player that stops reading misses states and keeps its place. The last state that
// it reads afterwards is the latest.
func TestASlowPlayerMissesStates(t *testing.T) {
	tb := start(t)
	slow, _ := tb.enter(t, gatewaytest.ReceiveBuffer(4<<10))
	dropped := func() bool {
		for _, class := range tb.node.Stats(t).Classes {
			if class.Policy == gateway.DropOldest && class.Dropped >= 1000 {
				return true
			}
		}
		for range 200 {
			tb.publish(t)
		}
		return false
	}
	tb.node.Eventually(t, dropped, "1000 states to be dropped")
	latest, received, seen := tb.world.tick, 0, uint32(0)
	for ; seen < latest; received++ {
		seen = binary.BigEndian.Uint32(slow.Receive().Payload[1:])
	}
	if received > 300 { // 70 to 110 were measured, most of them in the kernel's buffers
		t.Errorf("%d of %d states have come late", received, latest)
	}
}

func TestThePageIsServed(t *testing.T) {
	handler := newGame().config("").HTTP
	for _, file := range []string{"/", "/game.js", "/field.js", "/steering.js", "/wire.js", "/game.css"} {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest("GET", file, nil))
		if answer.Code != http.StatusOK {
			t.Errorf("%s: status %d", file, answer.Code)
		}
	}
}

func TestRunPublishesTickAfterTick(t *testing.T) {
	tb := start(t)
	client, _ := tb.enter(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		tb.run(ctx, tb.node.Gateway.Hub("game"))
		close(ended)
	}()
	for want := range uint32(3) {
		state := client.Receive().Payload
		if got := binary.BigEndian.Uint32(state[1:]); state[0] != kindState || got != want+1 {
			t.Errorf("kind %d, tick %d; want %d, %d", state[0], got, kindState, want+1)
		}
	}
	cancel()
	<-ended
}
