package pubsub_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
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
