package pubsub_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/api"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
	"github.com/sluicegate/sluice/gateway/pubsub"
	"github.com/sluicegate/sluice/gateway/token"
)

// What the hub's policy drops for others, a reliable client that did not read is closed
// for, and gets once it has come back.
func TestSlowReliableClientMissesNothing(t *testing.T) {
	const messages = 60
	for _, policy := range []gateway.Policy{gateway.DropNewest, gateway.DropOldest, gateway.Conflate} {
		t.Run(policy.String(), func(t *testing.T) {
			g := startDelivering(t, gateway.Delivery{Policy: policy}, pubsub.Config{Hub: "chat"})[0]
			c := g.Dial(t, g.path(token.Client{Groups: []string{"g"}}), gatewaytest.Subprotocols(reliableJSON), gatewaytest.ReceiveBuffer(1))
			p := &peer{Client: c, t: t}
			connected := p.frame()
			p.id, p.token = connected.Connection, connected.Token
			for n := range messages {
				size := 64 << 10 >> (n % 2 * 3)
				g.rest(t, inGroup, fmt.Sprintf(`"%d %s"`, n, strings.Repeat("x", size)))
			}
			for last := 0; last < messages; {
				m := p.ReceiveFrame()
				if m.Header.OpCode == ws.OpClose {
					p = g.recovered(t, p)
					continue
				}
				var f frame
				if err := json.Unmarshal(m.Payload, &f); err != nil {
					t.Fatal(err)
				}
				if f.Sequence > last+1 {
					t.Fatalf("sequence id %d follows %d", f.Sequence, last)
				}
				last = max(last, f.Sequence)
				p.SendText(fmt.Sprintf(`{"type":"sequenceAck","sequenceId":%d}`, last))
			}
		})
	}
}

// What finds no room at a busy loop comes when that has time, though nobody publishes
// any more and the client acknowledges nothing.
func TestMessageForABusyLoopComesLater(t *testing.T) {
	g := start(t, nil)
	p := g.peer(t, reliableJSON, token.Client{Groups: []string{"g"}})
	session, _ := g.Gateway.Session(p.id)
	begun, release := make(chan bool), make(chan bool)
	go session.Visit(t.Context(), func(*gateway.Recipient) {
		close(begun)
		<-release
	})
	<-begun
	nobody := func(*gateway.Recipient) bool { return false }
	for _, size := range []int{1 << 20, 1 << 10, 0} { // until no more may wait for the loop
		for session.Publish(gateway.Publication{Type: gateway.Binary, Payload: make([]byte, size), Filter: nobody}) == nil {
		}
	}
	err := g.service.Send(t.Context(), inGroup, &api.Message{Type: api.JSON, Group: "g", Data: []byte("1")})
	close(release)
	if !errors.Is(err, gateway.ErrBusy) {
		t.Fatalf("Send: %v, want %v: the test has tested nothing", err, gateway.ErrBusy)
	}
	p.expectData("1")
}
