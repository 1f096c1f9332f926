package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// A client that has not read for long gets the latest price of each symbol, and
// does without most of those before.
func TestTheSlowGetTheLatest(t *testing.T) {
	const announced = 1000
	symbols := []string{"GOLD", "SILVER", "TIN"}
	price := func(i int) string {
		return fmt.Sprintf("%s %04d%s", symbols[i%len(symbols)], i, strings.Repeat(" ", 1000))
	}
	b := &board{}
	config := b.config()
	config.Limits = gateway.Limits{Outbound: 64 << 10, KernelSend: 16 << 10}
	n := gatewaytest.StartBound(t, config, b.bind)
	slow := n.Frozen(t, gateway.HubPath("prices"))
	quick := n.Dial(t, gateway.HubPath("prices"))
	announcer := n.Dial(t, gateway.HubPath("prices"))
	for i := range announced {
		announcer.SendText(price(i))
		quick.ExpectText(price(i))
	}

	latest := make(map[string]string)
	received := 0
	for latest[symbols[(announced-1)%len(symbols)]] != price(announced-1) {
		text := string(slow.Receive().Payload)
		symbol, _, _ := strings.Cut(text, " ")
		latest[symbol] = text
		received++
	}
	for i := announced - len(symbols); i < announced; i++ {
		if got := latest[symbols[i%len(symbols)]]; got != price(i) {
			t.Errorf("the latest is %.12q, want %.12q", got, price(i))
		}
	}
	if received > announced/2 {
		t.Errorf("%d of %d prices were received: the test has tested nothing", received, announced)
	}
}
