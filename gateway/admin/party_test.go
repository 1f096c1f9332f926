package admin

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
	"github.com/sluicegate/sluice/gateway/pubsub"
	"github.com/sluicegate/sluice/gateway/token"
)

// publicNode is a gateway whose hub chat a service serves.
type publicNode struct {
	*gateway.Gateway
	service *pubsub.Service
}

func (publicNode) PublicStats() PublicStats           { return PublicStats{} }
func (n publicNode) Served(hub string) (Served, bool) { return n.service, hub == "chat" }

// Clients that speak a protocol of their own are sent its messages, and are closed in
// its way; reliable ones are reached, too.
func TestActionsGoThroughTheService(t *testing.T) {
	const key = "0123456789abcdef0123456789abcdef"
	endpoint, err := token.ParseEndpoint("http://gateway.test")
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := token.New(token.Config{Keys: []string{key}, Endpoints: []token.Endpoint{endpoint}})
	if err != nil {
		t.Fatal(err)
	}
	service, err := pubsub.New(pubsub.Config{Hub: "chat", Tokens: tokens, RecoveryKey: []byte(key)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { service.Stop(context.Background()) })
	hub := gateway.HubConfig{Name: "chat"}
	service.Configure(&hub)
	n := gatewaytest.StartBound(t, gateway.Config{Hubs: []gateway.HubConfig{hub}}, service.Bind)
	node := publicNode{n.Gateway, service}
	h := WithActions(Handler(node, ""), node, slog.New(slog.DiscardHandler))

	signed, err := tokens.MintClient(token.Client{Hub: "chat", Groups: []string{"red"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ protocol, stamp string }{
		{"json.webpubsub.azure.v1", ""},
		{"json.reliable.webpubsub.azure.v1", `"sequenceId":`},
	} {
		t.Run(tc.protocol, func(t *testing.T) {
			client := n.Dial(t, gateway.HubPath("chat")+"?access_token="+signed, gatewaytest.Subprotocols(tc.protocol))
			client.Receive() // connected
			list, err := n.Gateway.Hub("chat").List(t.Context(), gateway.Listing{})
			if err != nil || len(list) != 1 {
				t.Fatalf("%d sessions, %v", len(list), err)
			}
			session := fmt.Sprintf(`"session":%q`, list[0].ID)
			for target, from := range map[string]string{session: `"from":"server"`, `"hub":"chat"`: `"from":"server"`, `"hub":"chat","group":"red"`: `"from":"group","group":"red"`} {
				answer := post(h, "/send", "{"+target+`,"text":"hello"}`)
				if answer.Code != 200 || strings.Join(strings.Fields(answer.Body.String()), "") != `{"sent":1,"dropped":0,"closed":0}` {
					t.Errorf("send to %s: %d %s", target, answer.Code, answer.Body)
				}
				got := string(client.Receive().Payload)
				for _, want := range []string{from, `"dataType":"text","data":"hello"`, tc.stamp} {
					if !strings.Contains(got, want) {
						t.Errorf("sent to %s: received %s, want %s in it", target, got, want)
					}
				}
			}
			if answer := post(h, "/send", `{"hub":"chat","group":"blue","text":"hello"}`); answer.Code != 404 {
				t.Errorf("send to a group without members: %d %s, want 404", answer.Code, answer.Body)
			}
			if answer := post(h, "/close", "{"+session+`,"code":4001,"reason":"enough"}`); answer.Code != 202 {
				t.Errorf("close: %d %s", answer.Code, answer.Body)
			}
			if got := string(client.Receive().Payload); got != `{"type":"system","event":"disconnected","message":"enough"}` {
				t.Errorf("received %s ahead of the close", got)
			}
			client.ExpectClose(4001)
			client.Close()
			n.Eventually(t, func() bool { return n.Gateway.Hub("chat").Sessions() == 0 && service.Stats().Reliable == 0 }, "the client to be gone")
		})
	}
}
