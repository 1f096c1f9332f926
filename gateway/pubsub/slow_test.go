package pubsub_test

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/api"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
	"github.com/sluicegate/sluice/gateway/pubsub"
	"github.com/sluicegate/sluice/gateway/token"
	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

// What the hub's policy drops for others, a reliable client that did not read is closed
// for, and gets once it has come back.
func TestSlowReliableClientMissesNothing(t *testing.T) {
	const messages = 60
	for _, policy := range []gateway.Policy{gateway.DropNewest, gateway.DropOldest, gateway.Conflate} {
		t.Run(policy.String(), func(t *testing.T) {
			g := startChanged(t, func(c *gateway.Config) { c.Hubs[0].Delivery.Policy = policy }, pubsub.Config{Hub: "chat"})[0]
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

// Who comes back for more than may wait for a client is not taken for a slow one: it
// would come back for the same again and again.
func TestRecoveryOfMoreThanMayWait(t *testing.T) {
	for name, limit := range map[string]func(*gateway.Limits){
		"bytes":    func(l *gateway.Limits) { l.Outbound = 1 << 20 },
		"messages": func(l *gateway.Limits) { l.OutboundMessages = 16 },
	} {
		t.Run(name, func(t *testing.T) {
			const messages = 24
			g := startChanged(t, func(c *gateway.Config) { limit(&c.Limits) }, pubsub.Config{Hub: "chat"})[0]
			p := g.peer(t, reliableJSON, token.Client{Groups: []string{"g"}})
			p.Close()
			g.Eventually(t, func() bool { return g.service.Stats().Detached == 1 }, "the client to be without a socket")
			for range messages {
				g.rest(t, inGroup, fmt.Sprintf(`"%s"`, strings.Repeat("x", 100<<10)))
			}
			p = g.recovered(t, p)
			for n := range messages {
				if f := p.frame(); f.Sequence != n+1 {
					t.Fatalf("sequence id %d, want %d", f.Sequence, n+1)
				}
			}
			g.rest(t, inGroup, "1")
			p.expectData("1")
		})
	}
}

// held has a session's loop be busy until free is called.
func held(t *testing.T, session gateway.Session) (free func()) {
	begun, release := make(chan bool), make(chan bool)
	go session.Visit(t.Context(), func(*gateway.Recipient) {
		close(begun)
		<-release
	})
	<-begun
	return sync.OnceFunc(func() { close(release) })
}

// occupied has a session's loop be busy, and so much wait for it that it takes no more,
// until free is called.
func (g *rig) occupied(t *testing.T, session gateway.Session) (free func()) {
	t.Helper()
	free = held(t, session)
	nobody := func(*gateway.Recipient) bool { return false }
	for _, size := range []int{1 << 20, 1 << 10, 0} {
		for session.Publish(gateway.Publication{Type: gateway.Binary, Payload: make([]byte, size), Filter: nobody}) == nil {
		}
	}
	return free
}

// newDeferring returns a backend that is asked for the answer to one event, and gives it,
// a 1, once answer is closed.
func newDeferring() (b *backend, asked <-chan bool, answer chan<- bool) {
	b = newBackend()
	begun, release := make(chan bool), make(chan bool)
	b.answer = func(context.Context, webhook.UserEvent) (webhook.Reply, error) {
		close(begun)
		<-release
		return webhook.Reply{Type: webhook.JSON, Data: []byte("1")}, nil
	}
	return b, begun, release
}

// What finds no room at a busy loop comes when that has time, though nobody publishes
// any more and the client acknowledges nothing.
func TestMessageForABusyLoopComesLater(t *testing.T) {
	b, asked, answer := newDeferring()
	g := start(t, func(c *pubsub.Config) { c.Upstream = b })
	p := g.peer(t, reliableJSON, token.Client{})
	p.SendText(`{"type":"event","event":"e","data":1}`)
	<-asked
	session, _ := g.Gateway.Session(p.id)
	free := g.occupied(t, session)
	defer free()
	close(answer)
	g.Eventually(t, func() bool { return g.service.Stats().ReplayMessages == 1 }, "the answer to be kept")
	free()
	p.expectData("1")
}

// Who is told that a loop is too busy sends again. A reliable client must not get both.
func TestWhatIsSentAgainComesOnce(t *testing.T) {
	g := start(t, nil)
	p := g.peer(t, reliableJSON, token.Client{User: "ana", Groups: []string{"g"}})
	session, _ := g.Gateway.Session(p.id)
	for _, target := range []api.Target{{Scope: api.Group, Name: "g"}, {Scope: api.User, Name: "ana"}, {Scope: api.Connection, Name: p.id}, {}} {
		free := g.occupied(t, session)
		m := &api.Message{Type: api.JSON, Data: []byte("1")}
		err := g.service.Send(t.Context(), api.Selection{Target: target}, m)
		free()
		if !errors.Is(err, gateway.ErrBusy) {
			t.Fatalf("%+v: Send: %v, want %v: the test has tested nothing", target, err, gateway.ErrBusy)
		}
		g.Eventually(t, func() bool {
			_, err := g.service.Deliver(t.Context(), api.Selection{Target: target}, m)
			return err == nil
		}, "the loop to have room")
		g.rest(t, api.Selection{}, "2")
		p.expectData("1")
		p.expectData("2")
	}
}

// Who ends a membership while a loop is busy is told, and can do it again.
func TestLeaveWhileALoopIsBusy(t *testing.T) {
	for name, groups := range map[string][]string{"one": {"g"}, "all": nil} {
		t.Run(name, func(t *testing.T) {
			g := start(t, nil)
			p := g.peer(t, reliableJSON, token.Client{Groups: []string{"g"}})
			which := api.Selection{Target: api.Target{Scope: api.Connection, Name: p.id}}
			session, _ := g.Gateway.Session(p.id)
			free := g.occupied(t, session)
			err := g.service.Leave(t.Context(), which, groups)
			free()
			if !errors.Is(err, gateway.ErrBusy) {
				t.Errorf("Leave: %v, want %v", err, gateway.ErrBusy)
			}
			g.Eventually(t, func() bool { return g.service.Leave(t.Context(), which, groups) == nil }, "the loop to have room")
			g.Eventually(t, func() bool { return g.Gateway.Hub("chat").Group("g").Len() == 0 }, "the membership to end")
		})
	}
}

// Who gives up the wait for a message has published it, to the reliable as to the others.
func TestDeliveryOfWhoGivesUp(t *testing.T) {
	g := start(t, nil)
	peers := []*peer{g.peer(t, plainJSON, token.Client{}), g.peer(t, reliableJSON, token.Client{})}
	session, _ := g.Gateway.Session(peers[0].id)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	free := held(t, session)
	_, err := g.service.Deliver(ctx, api.Selection{}, &api.Message{Type: api.JSON, Data: []byte("1")})
	free()
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Deliver: %v, want %v", err, context.Canceled)
	}
	for _, p := range peers {
		p.expectData("1")
	}
}

// Whom a backend closes while the loop is busy is closed when it has time: a reliable
// client is over by then, and would wait on its socket for nothing.
func TestCloseByABusyLoop(t *testing.T) {
	g := start(t, nil)
	p := g.peer(t, reliableJSON, token.Client{User: "ana"})
	session, _ := g.Gateway.Session(p.id)
	free := g.occupied(t, session)
	g.service.Close(t.Context(), api.Selection{Target: api.Target{Scope: api.User, Name: "ana"}}, "enough")
	free()
	p.ExpectClose(1000)
}

// A client that was not sent an ack would wait for ever: it is closed, and a reliable
// one learns from the service, where it comes back, what has become of its request.
func TestAckThatFindsNoRoom(t *testing.T) {
	for _, protocol := range []string{plainJSON, reliableJSON} {
		t.Run(protocol, func(t *testing.T) {
			b := newBackend()
			asked, answer := make(chan bool, 1), make(chan bool)
			b.answer = func(context.Context, webhook.UserEvent) (webhook.Reply, error) {
				asked <- true
				<-answer
				return webhook.Reply{}, nil
			}
			g := start(t, func(c *pubsub.Config) { c.Upstream = b })
			p := g.peer(t, protocol, token.Client{})
			p.SendText(`{"type":"event","event":"e","data":1,"ackId":1}`)
			<-asked
			session, _ := g.Gateway.Session(p.id)
			free := g.occupied(t, session)
			defer free()
			close(answer)
			g.Eventually(t, func() bool { return g.service.Stats().Acks["Success"] == 1 }, "the event to be done")
			free()
			p.ExpectClose(1013)
			if protocol == reliableJSON {
				p = g.recovered(t, p)
				p.SendText(`{"type":"event","event":"e","data":1,"ackId":1}`)
				p.expectAck(1, "Duplicate")
			}
		})
	}
}

// The answer to an event is waited for as an ack is: a simple client has no other.
func TestAnswerThatFindsNoRoom(t *testing.T) {
	for protocol, event := range map[string]string{"": "1", plainJSON: `{"type":"event","event":"e","data":1}`} {
		t.Run(cmp.Or(protocol, "simple"), func(t *testing.T) {
			b, asked, answer := newDeferring()
			g := start(t, func(c *pubsub.Config) { c.Upstream = b })
			c := g.Dial(t, g.path(token.Client{User: "ana"}), gatewaytest.Subprotocols(protocol))
			if protocol != "" {
				c.Receive() // it is connected
			}
			c.SendText(event)
			<-asked
			free := g.occupied(t, g.Gateway.Hub("chat").User("ana").Sessions()[0])
			defer free()
			close(answer)
			stopped, cancel := context.WithTimeout(t.Context(), gatewaytest.Patience)
			defer cancel()
			if err := g.service.Stop(stopped); err != nil { // it waits for the event
				t.Fatal(err)
			}
			free()
			c.ExpectClose(1013)
		})
	}
}

// What the hub's policy drops for a client that did not read are messages, and no ack: for
// that its library has no timeout. Where there is no room for it either, the client is
// closed.
func TestAckOfASlowClient(t *testing.T) {
	for _, policy := range []gateway.Policy{gateway.DropNewest, gateway.DropOldest} {
		t.Run(policy.String(), func(t *testing.T) {
			g := startChanged(t, func(c *gateway.Config) { c.Hubs[0].Delivery.Policy = policy }, pubsub.Config{Hub: "chat"})[0]
			c := g.Dial(t, g.path(token.Client{Roles: everything, Groups: []string{"g"}}), gatewaytest.Subprotocols(plainJSON), gatewaytest.ReceiveBuffer(1))
			p := &peer{Client: c, t: t}
			p.frame() // it is connected
			flood := func() {
				for n := range 600 { // the small ones fill what the large ones leave
					g.rest(t, inGroup, `"`+strings.Repeat("x", 10<<10>>(n/300*10))+`"`)
				}
			}
			flood()
			p.join("h", 1)
			g.Eventually(t, func() bool { return g.service.Stats().Acks["Success"] == 1 }, "the join")
			flood()
			p.Conn().SetReadDeadline(time.Now().Add(gatewaytest.Patience))
			if !regexp.MustCompile(`"ack"`).MatchReader(bufio.NewReader(p.Conn())) {
				g.AwaitReason(t, gateway.ReasonSlowConsumer, 1)
			}
		})
	}
}
