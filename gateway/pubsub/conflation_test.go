package pubsub_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/api"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
	"github.com/sluicegate/sluice/gateway/pubsub"
	"github.com/sluicegate/sluice/gateway/token"
)

// Of what a backend sends under a key, a client that did not read gets the latest.
func TestConflationKeys(t *testing.T) {
	const sent, keys = 400, 4
	g := startChanged(t, func(c *gateway.Config) { c.Hubs[0].Delivery.Policy = gateway.Conflate }, pubsub.Config{Hub: "chat"})[0]
	slow := g.Dial(t, g.path(token.Client{}), gatewaytest.ReceiveBuffer(1))
	for n := range sent {
		m := &api.Message{Key: fmt.Sprint(n % keys), Data: fmt.Appendf(nil, "%d %s", n, strings.Repeat("x", 4<<10))}
		if err := g.service.Send(t.Context(), api.Selection{}, m); err != nil {
			t.Fatal(err)
		}
	}
	var numbers []int
	for len(numbers) == 0 || numbers[len(numbers)-1] != sent-1 {
		var n int
		fmt.Sscan(string(slow.Receive().Payload), &n)
		numbers = append(numbers, n)
	}
	if len(numbers) == sent {
		t.Fatal("nothing was replaced: the test has tested nothing")
	}
	for i, n := range numbers[len(numbers)-keys:] {
		if want := sent - keys + i; n != want {
			t.Errorf("message %d came where %d, the latest of its key, is due", n, want)
		}
	}
}
