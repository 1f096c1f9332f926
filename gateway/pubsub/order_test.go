package pubsub_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway/api"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
	"github.com/sluicegate/sluice/gateway/pubsub"
	"github.com/sluicegate/sluice/gateway/token"
	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

// diary is an upstream that notes what it is told.
type diary struct {
	*backend

	mu   sync.Mutex
	told []string // guarded by mu
}

func (d *diary) Notify(_ *webhook.Connection, n webhook.Notification) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.told = append(d.told, fmt.Sprintf("%v %s", n.Kind, n.Group))
	return nil
}

// last returns what was told last.
func (d *diary) last() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.told) == 0 {
		return ""
	}
	return d.told[len(d.told)-1]
}

// TestUpstreamIsToldInOrder has backends add a reliable client to a group and take it
// out of it, all at once, from before it is connected until it has ended. What the
// upstream is told last of a group must be so.
func TestUpstreamIsToldInOrder(t *testing.T) {
	for range 3 {
		d := &diary{backend: newBackend()}
		g := start(t, func(c *pubsub.Config) { c.Upstream = d })
		ana := api.Selection{Target: api.Target{Scope: api.User, Name: "ana"}}
		ctx, cancel := context.WithCancel(t.Context())
		var backends sync.WaitGroup
		for n := range 4 {
			backends.Go(func() {
				for ctx.Err() == nil {
					if n%2 == 0 {
						g.service.Join(ctx, ana, []string{"g"})
					} else {
						g.service.Leave(ctx, ana, []string{"g"})
					}
				}
			})
		}
		p := g.peer(t, reliableJSON, token.Client{User: "ana", Groups: []string{"g"}})
		g.Eventually(t, func() bool { d.mu.Lock(); defer d.mu.Unlock(); return len(d.told) > 200 }, "backends to be busy")
		if err := g.service.Close(t.Context(), ana, ""); err != nil {
			t.Fatal(err)
		}
		p.frame()
		p.ExpectClose(1000)
		g.Eventually(t, func() bool { return d.last() == "disconnected " }, "the upstream to be told of the end")
		cancel()
		backends.Wait()
		if i := slices.Index(d.told, "disconnected "); d.told[0] != "connected " || i != len(d.told)-1 {
			t.Fatalf("the upstream was told %q first, and of the end in place %d of %d", d.told[0], i+1, len(d.told))
		}
		for i, told := range d.told[1 : len(d.told)-1] {
			if want := []string{"joined g", "left g"}[i%2]; told != want {
				t.Fatalf("the upstream was told %q in place %d, want %q", told, i+2, want)
			}
		}
	}
}

// hesitant is an upstream that takes its time to hear of a client that is connected.
type hesitant struct {
	*backend
	begun, joined chan struct{}
}

func (h *hesitant) Notify(c *webhook.Connection, n webhook.Notification) error {
	switch n.Kind {
	case webhook.Connected:
		close(h.begun)
		select {
		case <-h.joined: // too soon
		case <-time.After(50 * time.Millisecond):
		}
	case webhook.Joined:
		close(h.joined)
	}
	return h.backend.Notify(c, n)
}

// TestUpstreamIsToldFirstOfTheConnection has a backend add a client to a group while the
// upstream is being told that it is connected.
func TestUpstreamIsToldFirstOfTheConnection(t *testing.T) {
	for _, protocol := range []string{plainJSON, reliableJSON} {
		t.Run(protocol, func(t *testing.T) {
			h := &hesitant{newBackend(), make(chan struct{}), make(chan struct{})}
			g := start(t, func(c *pubsub.Config) { c.Upstream = h })
			g.Dial(t, g.path(token.Client{User: "ana"}), gatewaytest.Subprotocols(protocol))
			<-h.begun
			if _, err := g.service.Join(t.Context(), api.Selection{Target: api.Target{Scope: api.User, Name: "ana"}}, []string{"g"}); err != nil {
				t.Fatal(err)
			}
			h.expect(t, "connected ana ")
			h.expect(t, "joined ana g")
		})
	}
}

// TestGroupsFollowTheClient has requests that were sent on a socket that is lost done
// when the client has another one: its groups are those of the client, not of a socket.
func TestGroupsFollowTheClient(t *testing.T) {
	b := newBackend()
	asked, release := make(chan bool), make(chan struct{})
	b.answer = func(context.Context, webhook.UserEvent) (webhook.Reply, error) {
		asked <- true
		<-release
		return webhook.Reply{}, nil
	}
	g := start(t, func(c *pubsub.Config) { c.Upstream = b })
	p := g.peer(t, reliableJSON, token.Client{Roles: everything, Groups: []string{"old"}})
	p.SendText(`{"type":"event","event":"e","data":1,"ackId":1}`)
	p.SendText(`{"type":"leaveGroup","group":"old","ackId":2}`)
	p.join("new", 3)
	<-asked
	p.Close()
	p = g.recovered(t, p)
	g.Eventually(t, func() bool { return g.service.Stats().Recovered == 1 }, "the recovery")
	hub := g.Gateway.Hub("chat")
	g.Eventually(t, func() bool { return hub.Group("old").Len() == 1 }, "the new session to be in the group")
	close(release)
	for ack := range 3 {
		p.expectAck(ack+1, "")
	}
	g.Eventually(t, func() bool { return hub.Group("old").Len() == 0 && hub.Group("new").Len() == 1 }, "the new session to be where the client is")
}

// TestRequestUnderWayIsNotDoneTwice has a client send an event again on another socket,
// before the upstream has answered: it is asked once, and its answer acknowledges both.
func TestRequestUnderWayIsNotDoneTwice(t *testing.T) {
	b := newBackend()
	asked, release := make(chan string, 3), make(chan struct{})
	b.answer = func(_ context.Context, e webhook.UserEvent) (webhook.Reply, error) {
		asked <- string(e.Data)
		<-release
		return webhook.Reply{}, nil
	}
	g := start(t, func(c *pubsub.Config) { c.Upstream = b })
	defer close(release)
	p := g.peer(t, reliableJSON, token.Client{})
	const event = `{"type":"event","event":"e","data":%d,"ackId":%[1]d}`
	p.SendText(fmt.Sprintf(event, 1))
	<-asked
	p.Close()
	p = g.recovered(t, p)
	p.SendText(fmt.Sprintf(event, 1))
	p.SendText(fmt.Sprintf(event, 2))
	if data := <-asked; data != "2" {
		t.Fatalf("the upstream was asked about %s, want 2", data)
	}
	release <- struct{}{}
	release <- struct{}{}
	acked := []int{p.frame().AckID, p.frame().AckID} // in no order
	if slices.Sort(acked); !slices.Equal(acked, []int{1, 2}) {
		t.Errorf("acks %d were received, want 1 and 2", acked)
	}
	p.SendText(fmt.Sprintf(event, 1))
	p.expectAck(1, "Duplicate")
}
