package pubsub_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/api"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
	"github.com/sluicegate/sluice/gateway/pubsub"
	"github.com/sluicegate/sluice/gateway/token"
	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

func TestUserEvents(t *testing.T) {
	b := newBackend()
	b.answer = func(_ context.Context, e webhook.UserEvent) (webhook.Reply, error) {
		switch e.Name {
		case "silent":
			return webhook.Reply{}, nil
		case "reject":
			return webhook.Reply{}, &webhook.Rejected{Status: 400, Body: []byte("a secret")}
		case "invalid":
			return webhook.Reply{}, &webhook.Invalid{Field: "Metadata", Value: "a b", Problem: "a key must be a token"}
		case "message":
			return webhook.Reply{Type: webhook.Text, Data: append([]byte("got "), e.Data...)}, nil
		}
		return webhook.Reply{Type: e.Type, Data: e.Data}, nil
	}
	g := start(t, func(c *pubsub.Config) { c.Upstream = b })
	for _, protocol := range []string{plainJSON, reliableJSON} {
		p := g.peer(t, protocol, token.Client{})
		for id, data := range []string{`{"a":1}`, `"text"`} {
			p.SendText(fmt.Sprintf(`{"type":"event","event":"echo","dataType":%q,"data":%s,"ackId":%d}`, []string{"json", "text"}[id], data, id))
			if f := p.expectData(data); f.From != "server" || (f.Sequence != 0) != (protocol == reliableJSON) {
				t.Errorf("%s: received %+v", protocol, f)
			}
			p.expectAck(id, "") // behind the answer
		}
		p.SendText(`{"type":"event","event":"silent","data":1,"ackId":8}`)
		p.expectAck(8, "")
		p.SendText(`{"type":"event","event":"reject","data":1,"ackId":9}`)
		p.expectAck(9, "InternalServerError")
		p.SendText(`{"type":"event","event":"reject","data":1}`)
		p.SendText(`{"type":"event","event":"invalid","data":1,"metadata":{"a b":""},"ackId":10}`)
		p.expectAck(10, "BadRequest")
		p.SendText(`{"type":"event","event":"silent","data":1,"ackId":8}`)
		p.expectAck(8, "Duplicate")
	}
	simple := g.Dial(t, g.path(token.Client{}))
	simple.SendText("hello")
	simple.ExpectText("got hello")
}

func TestInvocations(t *testing.T) {
	b := newBackend()
	b.answer = func(_ context.Context, e webhook.UserEvent) (webhook.Reply, error) {
		if e.Name == "reject" {
			return webhook.Reply{}, &webhook.Rejected{Status: 400, Body: []byte("a secret")}
		}
		return webhook.Reply{Type: e.Type, Data: e.Data}, nil
	}
	for _, protocol := range []string{plainJSON, reliableJSON} {
		t.Run(protocol, func(t *testing.T) {
			p := start(t, func(c *pubsub.Config) { c.Upstream = b }).peer(t, protocol, token.Client{})
			p.SendText(`{"type":"invoke","invocationId":"1","target":"event","event":"echo","dataType":"json","data":{"a":1}}`)
			p.expectResponse("1", `{"a":1}`, "")
			p.SendText(`{"type":"invoke","invocationId":"2","target":"event","event":"echo","dataType":"binary","data":"AP8="}`)
			p.SendText(`{"type":"cancelInvocation","invocationId":"2"}`) // too late
			p.expectResponse("2", `"AP8="`, "")
			p.SendText(`{"type":"invoke","invocationId":"3","target":"event","event":"echo"}`)
			p.expectResponse("3", "", "")
			p.SendText(`{"type":"invoke","invocationId":"4","target":"event","event":"reject"}`)
			p.expectResponse("4", "", "InternalServerError")
			p.SendText(`{"type":"invoke","invocationId":"5","target":"group","event":"e"}`)
			p.expectResponse("5", "", "BadRequest")
			p.SendText(`{"type":"invoke","invocationId":"6","target":"event","event":"/"}`)
			p.expectResponse("6", "", "BadRequest")
		})
	}
	p := start(t, func(*pubsub.Config) {}).peer(t, plainJSON, token.Client{})
	p.SendText(`{"type":"invoke","invocationId":"7","target":"event","event":"e"}`)
	p.expectResponse("7", "", "InternalServerError") // there is no upstream
}

// A client that begins a stream learns that there are none, and stays.
func TestStreamIsRefused(t *testing.T) {
	p := start(t, func(*pubsub.Config) {}).peer(t, reliableJSON, token.Client{Roles: everything})
	p.SendText(`{"type":"sendToGroup","group":"g","noEcho":false,"stream":{"streamId":"s"}}`)
	if f := p.frame(); f.Type != "streamClosed" || f.Stream != "s" || f.Error.Name != "BadRequest" {
		t.Errorf("received %+v, want the stream closed", f)
	}
	p.join("g", 1)
	p.expectAck(1, "")
}

// A client whose event is not answered waits, and nobody else does: not with two
// workers and any number of such clients.
func TestSlowUpstreamHoldsNobodyElse(t *testing.T) {
	const waiting = 20
	b := newBackend()
	asked, release := make(chan string, waiting), make(chan struct{})
	b.answer = func(_ context.Context, e webhook.UserEvent) (webhook.Reply, error) {
		asked <- string(e.Data)
		<-release
		return webhook.Reply{}, nil
	}
	g := start(t, func(c *pubsub.Config) { c.Upstream, c.Concurrency = b, waiting/2 })
	answer := sync.OnceFunc(func() { close(release) })
	defer answer()
	var slow []*peer
	for i := range waiting {
		p := g.peer(t, plainJSON, token.Client{Roles: everything})
		p.SendText(fmt.Sprintf(`{"type":"event","event":"e","data":%d,"ackId":1}`, i))
		p.SendText(`{"type":"ping"}`)
		slow = append(slow, p)
	}
	for range waiting / 2 {
		<-asked
	}
	p := g.peer(t, plainJSON, token.Client{Roles: everything, Groups: []string{"g"}})
	p.SendText(`{"type":"sendToGroup","group":"g","data":1}`)
	p.expectData("1")
	g.rest(t, inGroup, "2")
	p.expectData("2")
	if len(asked) > 0 {
		t.Error("more events are with the upstream than Concurrency allows")
	}
	answer()
	for _, p := range slow {
		p.expectAck(1, "")
		if f := p.frame(); f.Type != "pong" {
			t.Errorf("received %+v, want the pong behind the ack", f)
		}
	}
}

func TestAnswerReachesTheClientWhereItIsNow(t *testing.T) {
	b := newBackend()
	asked, release := make(chan bool), make(chan struct{})
	b.answer = func(context.Context, webhook.UserEvent) (webhook.Reply, error) {
		asked <- true
		<-release
		return webhook.Reply{Type: webhook.JSON, Data: []byte("1")}, nil
	}
	g := start(t, func(c *pubsub.Config) { c.Upstream = b })
	p := g.peer(t, reliableJSON, token.Client{})
	p.SendText(`{"type":"event","event":"e","data":1,"ackId":1}`)
	<-asked
	p.Close()
	p = g.recovered(t, p)
	g.Eventually(t, func() bool { return g.service.Stats().Recovered == 1 }, "the recovery")
	close(release)
	p.expectData("1")
	p.expectAck(1, "")
}

func TestConnectAnswerReplacesTheToken(t *testing.T) {
	b := newBackend()
	b.connect = func(r webhook.ConnectRequest) (webhook.ConnectAnswer, error) {
		if !slices.Equal(r.Claims["role"], []string{"x", "y"}) || !slices.Equal(r.Query["extra"], []string{"1"}) ||
			!slices.Equal(r.Headers["Host"], []string{"gateway.test"}) || !slices.Equal(r.Subprotocols, []string{reliableJSON, plainJSON}) {
			t.Errorf("the upstream is asked with %+v", r)
		}
		return webhook.ConnectAnswer{UserID: "ben", Groups: []string{"h"}, Roles: everything, Subprotocol: plainJSON}, nil
	}
	g := start(t, func(c *pubsub.Config) { c.Upstream = b })
	path := g.path(token.Client{User: "ana", Groups: []string{"g"}, Roles: []string{"x", "y"}}) + "&extra=1"
	c := g.Dial(t, path, gatewaytest.Subprotocols(reliableJSON, plainJSON))
	p := &peer{Client: c, t: t}
	p.frame()
	if c.Subprotocol != plainJSON {
		t.Errorf("subprotocol %q", c.Subprotocol)
	}
	b.expect(t, "connected ben ")
	b.expect(t, "joined ben h")
	p.SendText(`{"type":"sendToGroup","group":"h","data":1}`)
	if f := p.expectData("1"); f.User != "ben" || f.Group != "h" {
		t.Errorf("received %+v", f)
	}
	g.rest(t, inGroup, "not for ben")
	p.SendText(`{"type":"ping"}`)
	if f := p.frame(); f.Type != "pong" {
		t.Errorf("received %+v, want a pong: the token's group was replaced", f)
	}
	p.Close()
	b.expect(t, "left ben h")
	b.expect(t, "disconnected ben ")
}

// TestConnectTellsClaims as a backend reads them, whatever is in them.
func TestConnectTellsClaims(t *testing.T) {
	b := newBackend()
	told := make(chan map[string][]string, 1)
	b.connect = func(r webhook.ConnectRequest) (webhook.ConnectAnswer, error) {
		told <- r.Claims
		return webhook.ConnectAnswer{}, nil
	}
	g := start(t, func(c *pubsub.Config) { c.Upstream = b })
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"aud":    "http://gateway.test" + gateway.HubPath("chat"),
		"exp":    time.Now().Add(time.Hour).Unix(),
		"id":     json.Number("9007199254740993"),
		"admin":  true,
		"home":   map[string]any{"city": "Bern", "floors": []int{1, 2}},
		"pets":   []any{"cat", map[string]any{"kind": "dog"}, nil},
		"nobody": nil,
	}).SignedString([]byte(accessKey))
	if err != nil {
		t.Fatal(err)
	}
	g.Dial(t, gateway.HubPath("chat")+"?access_token="+signed, gatewaytest.Subprotocols(plainJSON))
	claims := <-told
	for name, want := range map[string][]string{
		"id":     {"9007199254740993"},
		"admin":  {"true"},
		"home":   {`{"city":"Bern","floors":[1,2]}`},
		"pets":   {"cat", `{"kind":"dog"}`, "null"},
		"nobody": {"null"},
	} {
		if !slices.Equal(claims[name], want) {
			t.Errorf("claim %s is told as %q, want %q", name, claims[name], want)
		}
	}
}

// TestConnectTellsTheClientsCertificate, by which a backend may know its devices.
func TestConnectTellsTheClientsCertificate(t *testing.T) {
	server, trust := gatewaytest.Certificate(t, "gateway.test")
	device, issued := gatewaytest.Certificate(t, "device.test")
	b := newBackend()
	b.connect = func(r webhook.ConnectRequest) (webhook.ConnectAnswer, error) {
		if r.Certificate == nil {
			return webhook.ConnectAnswer{UserID: "nobody"}, nil
		}
		return webhook.ConnectAnswer{UserID: r.Certificate.DNSNames[0]}, nil
	}
	g := startChanged(t, func(c *gateway.Config) {
		c.TLS = &tls.Config{Certificates: []tls.Certificate{server}, ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: issued.RootCAs}
	}, pubsub.Config{Hub: "chat", Upstream: b})[0]
	for _, user := range []string{"nobody", "device.test"} {
		conn := tls.Client(g.Raw(t), trust)
		if _, err := conn.Write(gatewaytest.UpgradeRequest(g.path(token.Client{}))); err != nil {
			t.Fatal(err)
		}
		gatewaytest.Upgraded(t, conn)
		b.expect(t, "connected "+user+" ")
		trust.Certificates = []tls.Certificate{device}
	}
}

func TestUpstreamIsToldOfGroups(t *testing.T) {
	for _, protocol := range []string{plainJSON, reliableJSON} {
		t.Run(protocol, func(t *testing.T) {
			b := newBackend()
			g := start(t, func(c *pubsub.Config) { c.Upstream = b })
			p := g.peer(t, protocol, token.Client{User: "ana", Roles: everything, Groups: []string{"first"}})
			ana := api.Selection{Target: api.Target{Scope: api.User, Name: "ana"}}
			for range 2 { // the second is none
				p.SendText(`{"type":"joinGroup","group":"own","ackId":1}`)
				p.frame()
				if _, err := g.service.Join(t.Context(), ana, []string{"rest"}); err != nil {
					t.Fatal(err)
				}
			}
			p.SendText(`{"type":"leaveGroup","group":"own","ackId":2}`)
			p.expectAck(2, "")
			if err := g.service.Leave(t.Context(), ana, nil); err != nil {
				t.Fatal(err)
			}
			if err := g.service.Close(t.Context(), ana, "enough"); err != nil {
				t.Fatal(err)
			}
			for _, told := range []string{"connected ana ", "joined ana first", "joined ana own", "joined ana rest", "left ana own"} {
				b.expect(t, told)
			}
			last := []string{<-b.told, <-b.told} // in no order
			slices.Sort(last)
			if want := []string{"left ana first", "left ana rest"}; !slices.Equal(last, want) {
				t.Errorf("the upstream was told %q, want %q", last, want)
			}
			p.frame()
			p.ExpectClose(1000)
			b.expect(t, "disconnected ana ")
			if reason := <-b.reasons; reason != "enough" {
				t.Errorf("the upstream was told the reason %q", reason)
			}
		})
	}
}
