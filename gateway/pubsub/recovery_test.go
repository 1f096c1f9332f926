package pubsub_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/api"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
	"github.com/sluicegate/sluice/gateway/pubsub"
	"github.com/sluicegate/sluice/gateway/token"
)

var inGroup = api.Selection{Target: api.Target{Scope: api.Group, Name: "g"}}

// rest sends a message as a backend does.
func (g *rig) rest(t testing.TB, to api.Selection, text string) {
	t.Helper()
	m := &api.Message{Type: api.JSON, Data: []byte(text)}
	if to.Scope == api.Group {
		m.Group = to.Name
	}
	if err := g.service.Send(t.Context(), to, m); err != nil {
		t.Fatal(err)
	}
}

// TestNothingIsLostOrDoubled cuts the sockets of reliable clients at random while
// several publish, and looks at what each has received in the end.
func TestNothingIsLostOrDoubled(t *testing.T) {
	const clients, publishers, messages = 6, 3, 300
	g := start(t, nil)
	var listening, publishing sync.WaitGroup
	received := make([][]string, clients)
	for i := range clients {
		p := g.peer(t, reliableJSON, token.Client{User: fmt.Sprint(i), Groups: []string{"g"}})
		random := rand.New(rand.NewPCG(uint64(i), 7))
		listening.Go(func() { received[i] = g.listen(t, p, random, publishers*messages) })
	}
	for n := range publishers {
		p := g.peer(t, plainJSON, token.Client{Roles: everything})
		publishing.Go(func() {
			for i := range messages {
				if n == 0 {
					g.rest(t, inGroup, fmt.Sprintf("[0,%d]", i))
					continue
				}
				p.SendText(fmt.Sprintf(`{"type":"sendToGroup","group":"g","data":[%d,%d],"ackId":%d}`, n, i, i))
				p.expectAck(i, "")
			}
		})
	}
	publishing.Wait()
	listening.Wait()
	for i, got := range received {
		next := make([]int, publishers)
		for _, data := range got {
			var from, n int
			if _, err := fmt.Sscanf(data, "[%d,%d]", &from, &n); err != nil || n != next[from] {
				t.Fatalf("client %d: received %s, want number %d of that publisher", i, data, next[from])
			}
			next[from]++
		}
		if same := strings.Join(got, ""); same != strings.Join(received[0], "") {
			t.Errorf("client %d received another order than client 0", i)
		}
	}
	if s := g.service.Stats(); s.Recovered == 0 || s.Unrecovered+s.Overrun+s.Expired > 0 {
		t.Errorf("%+v: want recoveries, and no failures", s)
	}
}

// listen receives so many messages, and recovers after each of the cuts that it makes.
// It drops what it has seen before, as the SDKs do.
func (g *rig) listen(t testing.TB, p *peer, random *rand.Rand, messages int) (got []string) {
	last := 0
	for len(got) < messages {
		if random.IntN(60) == 0 {
			if random.IntN(2) == 0 { // else the old socket still looks open
				p.Close()
			}
			p = g.recovered(t, p)
		}
		f := p.frame()
		if f.Sequence <= last {
			continue
		}
		if f.Sequence != last+1 {
			t.Errorf("sequence id %d follows %d", f.Sequence, last)
			return got
		}
		last = f.Sequence
		got = append(got, string(f.Data))
		if random.IntN(20) == 0 {
			p.SendText(fmt.Sprintf(`{"type":"sequenceAck","sequenceId":%d}`, last))
		}
	}
	p.SendText(fmt.Sprintf(`{"type":"sequenceAck","sequenceId":%d}`, last))
	return got
}

func TestRecoveryGoesOnWithEverything(t *testing.T) {
	b := newBackend()
	g := start(t, func(c *pubsub.Config) { c.Upstream = b })
	p := g.peer(t, reliableJSON, token.Client{User: "ana", Roles: []string{"webpubsub.joinLeaveGroup"}})
	b.expect(t, "connected ana ")
	other := g.peer(t, plainJSON, token.Client{Roles: everything, Groups: []string{"g"}})
	b.expect(t, "connected  ")
	b.expect(t, "joined  g")
	p.SendText(`{"type":"joinGroup","group":"g","ackId":5}`)
	p.expectAck(5, "")
	b.expect(t, "joined ana g")
	permitted := api.Permission{Action: api.SendToGroup, Group: "g"}
	if err := g.service.Grant(t.Context(), p.id, permitted); err != nil {
		t.Fatal(err)
	}
	g.rest(t, inGroup, "1")
	p.expectData("1")
	p.Close()
	g.Eventually(t, func() bool { return g.service.Stats().Detached == 1 }, "the client to be without a socket")

	other.publish("g", 2, 1)
	other.expectData("1")
	other.expectAck(1, "")
	g.rest(t, api.Selection{Target: api.Target{Scope: api.User, Name: "ana"}}, "3")
	g.rest(t, api.Selection{Target: api.Target{Scope: api.Connection, Name: p.id}}, "4")
	g.rest(t, api.Selection{Except: []string{p.id}}, "5")
	g.rest(t, api.Selection{}, "6")
	for _, target := range []api.Target{{Scope: api.Connection, Name: p.id}, {Scope: api.User, Name: "ana"}} {
		if is, err := g.service.Has(t.Context(), target); !is || err != nil {
			t.Errorf("Has(%+v): %v, %v", target, is, err)
		}
	}

	p = g.recovered(t, p)
	for i, data := range []string{"1", "2", "3", "4", "6"} {
		if f := p.expectData(data); f.Sequence != i+1 {
			t.Errorf("%s has sequence id %d, want %d", data, f.Sequence, i+1)
		}
	}
	p.SendText(`{"type":"sequenceAck","sequenceId":5}`)
	p.SendText(`{"type":"joinGroup","group":"g","ackId":5}`)
	p.expectAck(5, "Duplicate")
	p.publish("g", 7, 6)
	p.expectAck(6, "")
	if is, err := g.service.Allows(t.Context(), p.id, permitted); !is || err != nil {
		t.Errorf("Allows: %v, %v; it was granted before", is, err)
	}
	if s := g.service.Stats(); s.ReplayMessages != 0 || s.ReplayBytes != 0 || s.Detached != 0 || s.Recovered != 1 {
		t.Errorf("%+v: want nothing kept, and 1 recovery", s)
	}
	select {
	case told := <-b.told:
		t.Errorf("the upstream was told %q of a recovery", told)
	default:
	}
}

func TestRecoveryTakesOver(t *testing.T) {
	g := start(t, nil)
	old := g.peer(t, reliableJSON, token.Client{})
	p := g.recovered(t, old)
	old.ExpectClose(1008)
	g.rest(t, api.Selection{}, "1")
	p.expectData("1")
	if s := g.service.Stats(); s.Reliable != 1 || s.Detached != 0 {
		t.Errorf("%+v: want one client, and it has a socket", s)
	}
}

// A client whose old socket still looks open takes the place that this has.
func TestRecoveryTakesItsOwnPlace(t *testing.T) {
	for name, limit := range map[string]func(*gateway.Config){
		"of the node":    func(c *gateway.Config) { c.Limits.Sessions = 1 },
		"of the address": func(c *gateway.Config) { c.Limits.SessionsPerAddress = 1 },
		"of the hub":     func(c *gateway.Config) { c.Hubs[0].Sessions = 1 },
		"of the user":    func(c *gateway.Config) { c.Hubs[0].SessionsPerUser = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			g := startChanged(t, limit, pubsub.Config{Hub: "chat"})[0]
			old := g.peer(t, reliableJSON, token.Client{User: "ana"})
			for range 3 {
				p := g.recovered(t, old)
				old.ExpectClose(1008)
				g.rest(t, api.Selection{}, "1")
				f := p.expectData("1")
				p.SendText(fmt.Sprintf(`{"type":"sequenceAck","sequenceId":%d}`, f.Sequence))
				p.SendText(`{"type":"ping"}`)
				if f := p.frame(); f.Type != "pong" { // before that it may be sent the message again
					t.Fatalf("received %+v, want a pong", f)
				}
				g.Eventually(t, func() bool { return g.Gateway.Hub("chat").Sessions() == 1 }, "the old socket's place to be free")
				old = p
			}
			if status, text := g.refusal(t, g.path(token.Client{User: "ana"})); status < 400 {
				t.Errorf("another client: %d %s; want a refusal", status, text)
			}
		})
	}
}

// Who comes back again and again, and answers no close, has a few places at once: any
// number would leave none for others.
func TestRecoveriesTakeFewPlaces(t *testing.T) {
	g := startChanged(t, func(c *gateway.Config) { c.Limits.SessionsPerAddress = 1 }, pubsub.Config{Hub: "chat"})[0]
	p := g.peer(t, reliableJSON, token.Client{})
	for range 30 {
		conn := g.Raw(t)
		conn.SetDeadline(time.Now().Add(gatewaytest.Patience))
		conn.Write(gatewaytest.UpgradeRequest(recoveryPath(p.id, p.token), "Sec-WebSocket-Protocol: "+reliableJSON))
		answerTo(t, conn)
	}
	if n := g.Gateway.Hub("chat").Sessions(); n > 10 {
		t.Errorf("one client has %d sessions", n)
	}
}

func TestRefusedRecovery(t *testing.T) {
	g := start(t, nil)
	p, other := g.peer(t, reliableJSON, token.Client{}), g.peer(t, reliableJSON, token.Client{})
	plain := g.peer(t, plainJSON, token.Client{})
	gone := g.peer(t, reliableJSON, token.Client{})
	if err := g.service.Close(t.Context(), api.Selection{Target: api.Target{Scope: api.Connection, Name: gone.id}}, "go"); err != nil {
		t.Fatal(err)
	}
	if f := gone.frame(); f.Event != "disconnected" || f.Message != "go" {
		t.Errorf("received %+v, want to be told of the end", f)
	}
	gone.ExpectClose(1000)
	for _, tc := range []struct{ name, id, token, protocol string }{
		{"a token of another connection", p.id, other.token, reliableJSON},
		{"no token", p.id, "", reliableJSON},
		{"an id that never was", "x", p.token, reliableJSON},
		{"a client that is not reliable", plain.id, p.token, plainJSON},
		{"a client that was closed", gone.id, gone.token, reliableJSON},
		{"another subprotocol", p.id, p.token, plainJSON},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := g.Dial(t, recoveryPath(tc.id, tc.token), gatewaytest.Subprotocols(tc.protocol))
			c.ExpectClose(1008)
		})
	}
	if s := g.service.Stats(); s.Unrecovered != 6 {
		t.Errorf("%d refused recoveries are counted, want 6", s.Unrecovered)
	}
	g.rest(t, api.Selection{}, "1")
	p.expectData("1")
}

func TestClientThatDoesNotComeBackIsForgotten(t *testing.T) {
	b := newBackend()
	g := start(t, func(c *pubsub.Config) { c.Upstream, c.Retention = b, 20*time.Millisecond })
	p := g.peer(t, reliableJSON, token.Client{User: "ana", Groups: []string{"g"}})
	b.expect(t, "connected ana ")
	b.expect(t, "joined ana g")
	g.rest(t, inGroup, "1")
	p.Close()
	b.expect(t, "left ana g")
	b.expect(t, "disconnected ana ")
	g.Eventually(t, func() bool {
		s := g.service.Stats()
		return s.Expired == 1 && s.Reliable == 0 && s.Detached == 0 && s.ReplayMessages == 0
	}, "the client to be forgotten")
	if is, err := g.service.Has(context.Background(), inGroup.Target); is || err != nil {
		t.Errorf("the group is there: %v, %v", is, err)
	}
	g.recovered(t, p).ExpectClose(1008)
}

func TestTooMuchUnacknowledgedEndsAClient(t *testing.T) {
	g := start(t, nil)
	p := g.peer(t, reliableJSON, token.Client{Groups: []string{"g"}})
	for i := range 1001 {
		g.rest(t, inGroup, fmt.Sprint(i))
	}
	for range 1000 {
		p.frame()
	}
	if f := p.frame(); f.Event != "disconnected" {
		t.Errorf("received %+v, want to be told of the end", f)
	}
	if reason := p.ExpectClose(1008); !strings.Contains(reason, "1000 messages") {
		t.Errorf("reason %q does not say why", reason)
	}
	g.Eventually(t, func() bool { s := g.service.Stats(); return s.Overrun == 1 && s.ReplayBytes == 0 }, "the client to be forgotten")
	g.recovered(t, p).ExpectClose(1008)
}

// A reliable client's socket can fail while its upgrade is answered: it is waited for
// like any other.
func TestClientThatLeavesAtOnceIsWaitedFor(t *testing.T) {
	g := start(t, nil)
	c := g.Dial(t, g.path(token.Client{User: "ana"}), gatewaytest.Subprotocols(reliableJSON))
	c.Close()
	g.Eventually(t, func() bool { return g.service.Stats().Detached == 1 }, "the client to be waited for")
}

// Who closes with 1000 does not come back; any other end of a socket is waited for.
func TestCleanCloseEndsAReliableClient(t *testing.T) {
	b := newBackend()
	g := start(t, func(c *pubsub.Config) { c.Upstream = b })
	for _, tc := range []struct {
		name    string
		payload []byte
		is      bool // that it stays
	}{
		{"normal closure", ws.NewCloseFrameBody(1000, "bye"), false},
		{"no code, as the SDKs close", nil, true},
		{"going away", ws.NewCloseFrameBody(1001, ""), true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := g.peer(t, reliableJSON, token.Client{User: "ana"})
			b.expect(t, "connected ana ")
			p.SendFrame(ws.NewCloseFrame(tc.payload))
			if !tc.is {
				b.expect(t, "disconnected ana ")
				g.recovered(t, p).ExpectClose(1008)
				return
			}
			g.Eventually(t, func() bool { return g.service.Stats().Detached == 1 }, "the client to be without a socket")
			p = g.recovered(t, p)
			p.SendText(`{"type":"ping"}`)
			if f := p.frame(); f.Type != "pong" {
				t.Errorf("received %+v, want a pong", f)
			}
			p.SendFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(1000, "")))
			b.expect(t, "disconnected ana ")
		})
	}
	if s := g.service.Stats(); s.Reliable != 0 || s.Detached != 0 || s.Expired != 0 {
		t.Errorf("%+v: want nobody left, and nobody waited for in vain", s)
	}
}

// A message that is late is dropped, and makes room.
func TestMessagesExpireWhileAClientIsAway(t *testing.T) {
	var elapsed atomic.Int64
	began := time.Now()
	g := start(t, func(c *pubsub.Config) {
		c.Now = func() time.Time { return began.Add(time.Duration(elapsed.Load())) }
	})
	p := g.peer(t, reliableJSON, token.Client{Groups: []string{"g"}})
	sender := g.peer(t, plainJSON, token.Client{Roles: everything})
	p.Close()
	g.Eventually(t, func() bool { return g.service.Stats().Detached == 1 }, "the client to be without a socket")
	for i := range 999 {
		if err := g.service.Send(t.Context(), inGroup, &api.Message{Type: api.JSON, Group: "g", Data: []byte("0"), TTL: 10 * time.Second}); err != nil {
			t.Fatal(i, err)
		}
	}
	sender.SendText(`{"type":"sendToGroup","group":"g","data":1,"ttlSeconds":20,"ackId":1}`)
	sender.expectAck(1, "")
	elapsed.Store(int64(10 * time.Second))
	g.rest(t, inGroup, "2")
	elapsed.Store(int64(19 * time.Second))
	p = g.recovered(t, p)
	if f := p.expectData("1"); f.Sequence != 1000 {
		t.Errorf("sequence id %d, want 1000", f.Sequence)
	}
	if f := p.expectData("2"); f.Sequence != 1001 {
		t.Errorf("sequence id %d, want 1001", f.Sequence)
	}
	if s := g.service.Stats(); s.Lapsed != 999 || s.ReplayMessages != 2 || s.Overrun != 0 {
		t.Errorf("%+v: want 999 messages dropped, and 2 kept", s)
	}
}

// A client cannot acknowledge what it has not been given: that would never reach it.
func TestAnAckOfMessagesToCome(t *testing.T) {
	g := start(t, nil)
	p := g.peer(t, reliableJSON, token.Client{})
	p.SendText(`{"type":"sequenceAck","sequenceId":18446744073709551615}`)
	p.SendText(`{"type":"ping"}`)
	if f := p.frame(); f.Type != "pong" {
		t.Fatalf("received %+v, want a pong", f)
	}
	g.rest(t, api.Selection{}, "1")
	p.expectData("1")
}
