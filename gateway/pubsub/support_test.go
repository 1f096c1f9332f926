package pubsub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
	"github.com/sluicegate/sluice/gateway/pubsub"
	"github.com/sluicegate/sluice/gateway/token"
	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

const (
	accessKey    = "0123456789abcdef0123456789abcdef"
	plainJSON    = "json.webpubsub.azure.v1"
	reliableJSON = "json.reliable.webpubsub.azure.v1"
)

// rig is a gateway with a hub that is served.
type rig struct {
	*gatewaytest.Node
	t       testing.TB
	hub     string
	service *pubsub.Service
	tokens  *token.Authority
}

// start serves the hub chat.
func start(t testing.TB, change func(*pubsub.Config)) *rig {
	t.Helper()
	config := pubsub.Config{Hub: "chat"}
	if change != nil {
		change(&config)
	}
	return startHubs(t, config)[0]
}

// startHubs serves several hubs of one gateway, each with a rig of its own.
func startHubs(t testing.TB, configs ...pubsub.Config) (rigs []*rig) {
	t.Helper()
	return startChanged(t, func(*gateway.Config) {}, configs...)
}

// startChanged is startHubs on a gateway that change has configured.
func startChanged(t testing.TB, change func(*gateway.Config), configs ...pubsub.Config) (rigs []*rig) {
	t.Helper()
	endpoint, err := token.ParseEndpoint("http://gateway.test")
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := token.New(token.Config{Keys: []string{accessKey}, Endpoints: []token.Endpoint{endpoint}, Leeway: -1})
	if err != nil {
		t.Fatal(err)
	}
	var hubs []gateway.HubConfig
	for _, config := range configs {
		config.Tokens, config.RecoveryKey = tokens, []byte(accessKey)
		service, err := pubsub.New(config)
		if err != nil {
			t.Fatal(err)
		}
		hub := gateway.HubConfig{Name: config.Hub}
		service.Configure(&hub)
		hubs = append(hubs, hub)
		rigs = append(rigs, &rig{t: t, hub: config.Hub, service: service, tokens: tokens})
		// Cleanups run last first: the service stops when the gateway has.
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), gatewaytest.Patience)
			defer cancel()
			if err := service.Stop(ctx); err != nil {
				t.Errorf("Stop: %v", err)
			}
		})
	}
	on := gateway.Config{Loops: 2, Workers: 2, Hubs: hubs}
	change(&on)
	node := gatewaytest.StartBound(t, on, func(g *gateway.Gateway) {
		for _, r := range rigs {
			r.service.Bind(g)
		}
	})
	for _, r := range rigs {
		r.Node = node
	}
	return rigs
}

// path returns where a client with such a token connects.
func (g *rig) path(c token.Client) string {
	g.t.Helper()
	c.Hub = g.hub
	signed, err := g.tokens.MintClient(c)
	if err != nil {
		g.t.Fatal(err)
	}
	return gateway.HubPath(g.hub) + "?access_token=" + signed
}

// everything is what lets a client do all there is.
var everything = []string{"webpubsub.joinLeaveGroup", "webpubsub.sendToGroup"}

// peer is a client that speaks JSON.
type peer struct {
	*gatewaytest.Client
	t         testing.TB
	id, token string // of the connected frame
}

func (g *rig) peer(t testing.TB, protocol string, c token.Client) *peer {
	t.Helper()
	p := &peer{Client: g.Dial(t, g.path(c), gatewaytest.Subprotocols(protocol)), t: t}
	connected := p.frame()
	p.id, p.token = connected.Connection, connected.Token
	if connected.Event != "connected" || p.id == "" || (p.token != "") != (protocol == reliableJSON) {
		t.Fatalf("the first frame is %+v", connected)
	}
	return p
}

// recoveryPath returns where a reliable client comes back.
func recoveryPath(id, token string) string {
	return gateway.HubPath("chat") + "?" + url.Values{"awps_connection_id": {id}, "awps_reconnection_token": {token}}.Encode()
}

// recovered returns the peer on a new connection.
func (g *rig) recovered(t testing.TB, p *peer) *peer {
	t.Helper()
	c := g.Dial(t, recoveryPath(p.id, p.token), gatewaytest.Subprotocols(reliableJSON))
	return &peer{Client: c, t: t, id: p.id, token: p.token}
}

// frame is any frame of the gateway's.
type frame struct {
	Type, Event, From, Group, DataType, Message string

	Connection string          `json:"connectionId"`
	Token      string          `json:"reconnectionToken"`
	User       string          `json:"fromUserId"`
	Data       json.RawMessage `json:"data"`
	Sequence   int             `json:"sequenceId"`
	AckID      int             `json:"ackId"`
	Success    bool            `json:"success"`
	Invocation string          `json:"invocationId"`
	Stream     string          `json:"streamId"`
	Error      struct{ Name, Message string }
}

func (p *peer) frame() (f frame) {
	p.t.Helper()
	m := p.Receive()
	if err := json.Unmarshal(m.Payload, &f); err != nil {
		p.t.Fatalf("received %q: %v", m.Payload, err)
	}
	return f
}

// expectAck receives an ack: "" stands for success, else the name of an error.
func (p *peer) expectAck(id int, name string) {
	p.t.Helper()
	if f := p.frame(); f.Type != "ack" || f.AckID != id || f.Success != (name == "") || f.Error.Name != name {
		p.t.Fatalf("received %+v, want ack %d %q", f, id, name)
	}
}

// expectResponse receives the response to an invocation: data, or the name of an error.
func (p *peer) expectResponse(id, data, name string) {
	p.t.Helper()
	f := p.frame()
	if f.Type != "invokeResponse" || f.Invocation != id || f.Success != (name == "") || f.Error.Name != name || string(f.Data) != data || f.Sequence != 0 {
		p.t.Fatalf("received %+v with %s, want response %s with %q %q", f, f.Data, id, data, name)
	}
}

// expectData receives a message.
func (p *peer) expectData(data string) frame {
	p.t.Helper()
	f := p.frame()
	if f.Type != "message" || string(f.Data) != data {
		p.t.Fatalf("received %+v with %s, want a message with %s", f, f.Data, data)
	}
	return f
}

// join has the peer join a group.
func (p *peer) join(group string, ack int) {
	p.SendText(fmt.Sprintf(`{"type":"joinGroup","group":%q,"ackId":%d}`, group, ack))
}

// publish has the peer send a group a number.
func (p *peer) publish(group string, n, ack int) {
	p.SendText(fmt.Sprintf(`{"type":"sendToGroup","group":%q,"data":%d,"ackId":%d,"noEcho":true}`, group, n, ack))
}

// backend is an upstream within the test.
type backend struct {
	connect func(webhook.ConnectRequest) (webhook.ConnectAnswer, error)
	answer  func(context.Context, webhook.UserEvent) (webhook.Reply, error)
	told    chan string
	reasons chan string // of those that were Disconnected
}

func newBackend() *backend {
	return &backend{told: make(chan string, 100), reasons: make(chan string, 100)}
}

func (b *backend) Takes(kind webhook.Kind, _ string) bool {
	return kind != webhook.Connect || b.connect != nil
}

func (b *backend) Connect(_ context.Context, _ *webhook.Connection, r webhook.ConnectRequest) (webhook.ConnectAnswer, error) {
	return b.connect(r)
}

func (b *backend) UserEvent(ctx context.Context, _ *webhook.Connection, e webhook.UserEvent) (webhook.Reply, error) {
	return b.answer(ctx, e)
}

func (b *backend) Notify(c *webhook.Connection, n webhook.Notification) error {
	if n.Kind == webhook.Disconnected {
		b.reasons <- n.Reason
	}
	b.told <- fmt.Sprintf("%v %s %s", n.Kind, c.UserID, n.Group)
	return nil
}

func (b *backend) expect(t testing.TB, told string) {
	t.Helper()
	select {
	case got := <-b.told:
		if got != told {
			t.Fatalf("the upstream was told %q, want %q", got, told)
		}
	case <-time.After(gatewaytest.Patience):
		t.Fatalf("the upstream was not told %q", told)
	}
}
