package gateway_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

func withHubs(config gateway.Config) gateway.Config {
	config.Hubs = []gateway.HubConfig{
		{Name: "red", OnMessage: gateway.PublishToOthers, Dispatch: gateway.Inline},
		{Name: "blue", OnMessage: gateway.PublishToOthers},
		{Name: "echo", OnMessage: gateway.EchoBack},
		{Name: "mute"},
	}
	return config
}

func dialHub(t *testing.T, n *gatewaytest.Node, hub string, members int) []*gatewaytest.Client {
	t.Helper()
	clients := make([]*gatewaytest.Client, members)
	for i := range clients {
		clients[i] = n.Dial(t, "/client/hubs/"+hub)
	}
	return clients
}

func TestHubsPublishToAllOthersOfTheirOwn(t *testing.T) {
	const members = 12
	onVariants(t, func(t *testing.T, config gateway.Config) {
		n := gatewaytest.Start(t, withHubs(config))
		hubs := map[string][]*gatewaytest.Client{}
		for _, name := range []string{"red", "blue"} {
			hubs[name] = dialHub(t, n, name, members)
		}
		spread := 0
		for _, l := range n.Stats(t).Loops {
			if l.Sessions > 0 {
				spread++
			}
		}
		if spread < 2 {
			t.Error("all sessions are on one loop")
		}
		for name, clients := range hubs {
			for i, c := range clients {
				c.SendText(fmt.Sprintf("%s from %d", name, i))
				for j, other := range clients {
					if j != i {
						other.ExpectText(fmt.Sprintf("%s from %d", name, i))
					}
				}
			}
		}
		// Had a sender or another hub had a message, this would not be the next.
		for name, clients := range hubs {
			if err := n.Gateway.Hub(name).Publish(gateway.Publication{Type: gateway.Text, Payload: []byte("the end")}); err != nil {
				t.Errorf("publish: %v", err)
			}
			for _, c := range clients {
				c.ExpectText("the end")
			}
		}
		for _, h := range n.Stats(t).Hubs {
			sessions, published := members, uint64(members+1)
			if h.Name == "echo" || h.Name == "mute" {
				sessions, published = 0, 0
			}
			if h.Sessions != sessions || h.Published != published {
				t.Errorf("hub %s has %d sessions and %d messages, want %d and %d", h.Name, h.Sessions, h.Published, sessions, published)
			}
		}
		totals := n.Totals(t)
		if want := uint64(2 * (members*(members-1) + members)); totals.MessagesOut != want {
			t.Errorf("MessagesOut is %d, want %d", totals.MessagesOut, want)
		}
	})
}

func TestHubThatEchoesAndHubThatDiscards(t *testing.T) {
	n := gatewaytest.Start(t, withHubs(gateway.Config{}))
	echo, mute := dialHub(t, n, "echo", 2), dialHub(t, n, "mute", 2)
	for _, c := range append(echo, mute...) {
		c.SendText("hello")
	}
	n.Eventually(t, func() bool { return n.Totals(t).MessagesIn == 4 }, "the messages")
	for _, hub := range []string{"echo", "mute"} {
		n.Gateway.Hub(hub).Publish(gateway.Publication{Type: gateway.Text, Payload: []byte("the end")})
	}
	for _, c := range echo {
		// The echo is pooled and may come after what was published later.
		got := map[string]bool{string(c.Receive().Payload): true, string(c.Receive().Payload): true}
		if !got["hello"] || !got["the end"] {
			t.Errorf("a client of the echo hub received %v", got)
		}
	}
	for _, c := range mute {
		c.ExpectText("the end")
	}
}

func TestHubByName(t *testing.T) {
	n := gatewaytest.Start(t, withHubs(gateway.Config{}))
	if h := n.Gateway.Hub("red"); h == nil || h.Name() != "red" {
		t.Errorf("Hub(red) is %v", h)
	}
	if h := n.Gateway.Hub("green"); h != nil {
		t.Errorf("Hub(green) is %v, want nil", h)
	}
}

// TestHubUnderChurn ends with the check of the test harness that every hub is
// empty again.
func TestHubUnderChurn(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		n := gatewaytest.Start(t, withHubs(config))
		steady := dialHub(t, n, "red", 4)
		quit := make(chan struct{})
		var publishing, churning, reading sync.WaitGroup
		var published int
		publishing.Go(func() {
			pace := time.NewTicker(time.Millisecond)
			defer pace.Stop()
			for {
				select {
				case <-quit:
					return
				case <-pace.C:
					n.Gateway.Hub("red").Publish(gateway.Publication{Type: gateway.Text, Payload: fmt.Appendf(nil, "message %d", published)})
					published++
				}
			}
		})
		for range 4 {
			churning.Go(func() {
				for i := range 50 {
					c := n.Dial(t, "/client/hubs/red")
					if i%2 == 0 {
						reset(c)
					} else {
						c.Receive()
						c.Close()
					}
				}
			})
		}
		churning.Wait()
		close(quit)
		publishing.Wait()
		for _, c := range steady {
			reading.Go(func() {
				for i := range published {
					c.ExpectText(fmt.Sprintf("message %d", i))
				}
			})
		}
		reading.Wait()
	})
}
