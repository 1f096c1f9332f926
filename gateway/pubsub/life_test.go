package pubsub_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway/api"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
	"github.com/sluicegate/sluice/gateway/pubsub"
	"github.com/sluicegate/sluice/gateway/token"
	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

// chronicle is an upstream that notes what it is told of each connection.
type chronicle struct {
	*backend

	mu   sync.Mutex
	told map[string][]string // guarded by mu; by connection
}

func (c *chronicle) Notify(of *webhook.Connection, n webhook.Notification) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told[of.ID] = append(c.told[of.ID], strings.TrimSpace(fmt.Sprintf("%v %s", n.Kind, n.Group)))
	return nil
}

// check returns what is wrong with the story of one connection: it begins, is in each
// group or not, and ends.
func check(told []string) error {
	in := make(map[string]bool)
	for i, entry := range told {
		what, group, _ := strings.Cut(entry, " ")
		var good bool
		switch what {
		case "connected":
			good = i == 0
		case "joined":
			good = i > 0 && !in[group]
			in[group] = true
		case "left":
			good = in[group]
			delete(in, group)
		case "disconnected":
			good = i == len(told)-1 && i > 0 && len(in) == 0
		}
		if !good {
			return fmt.Errorf("%q, number %d of %q", entry, i, told)
		}
	}
	return nil
}

// TestLives has clients connect, ask for things, lose their sockets, recover and leave
// at random, while backends act on all of them. In the end nothing is left of anybody,
// and the upstream has been told a story of each that can be true.
func TestLives(t *testing.T) {
	const clients, backends, lives = 8, 2, 30
	c := &chronicle{backend: newBackend(), told: make(map[string][]string)}
	c.answer = func(_ context.Context, e webhook.UserEvent) (webhook.Reply, error) {
		return webhook.Reply{Type: e.Type, Data: e.Data}, nil
	}
	g := start(t, func(config *pubsub.Config) { config.Upstream, config.Retention = c, 30*time.Millisecond })
	ctx, cancel := context.WithCancel(t.Context())
	var acting, living sync.WaitGroup
	for n := range backends {
		random := rand.New(rand.NewPCG(uint64(n), 11))
		acting.Go(func() {
			for ctx.Err() == nil {
				g.act(ctx, random)
			}
		})
	}
	for n := range clients {
		random := rand.New(rand.NewPCG(uint64(n), 13))
		living.Go(func() {
			for range lives {
				g.live(t, random)
			}
		})
	}
	living.Wait()
	cancel()
	acting.Wait()
	g.Eventually(t, func() bool {
		s := g.service.Stats()
		return s.Reliable == 0 && s.Detached == 0 && s.ReplayMessages == 0 && s.ReplayBytes == 0
	}, "all clients to be forgotten")
	g.Eventually(t, func() bool { return g.Totals(t).Sessions == 0 }, "all sessions to end")
	for _, hub := range g.Stats(t).Hubs {
		if hub.Groups != 0 || hub.Users != 0 {
			t.Errorf("%+v: want nobody left", hub)
		}
	}
	g.Eventually(t, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, told := range c.told {
			if told[len(told)-1] != "disconnected" {
				return false
			}
		}
		return true
	}, "the upstream to be told of all ends")
	for id, told := range c.told {
		if err := check(told); err != nil {
			t.Errorf("connection %s: %v", id, err)
		}
	}
	if s := g.service.Stats(); s.Recovered == 0 || s.Expired == 0 || s.Acks["Success"] == 0 {
		t.Errorf("%+v: too little has happened to test anything", s)
	}
}

func groupAt(random *rand.Rand) string { return fmt.Sprint("g", random.IntN(3)) }

// act does something as a backend does.
func (g *rig) act(ctx context.Context, random *rand.Rand) {
	user := api.Selection{Target: api.Target{Scope: api.User, Name: fmt.Sprint("u", random.IntN(3))}}
	group := api.Selection{Target: api.Target{Scope: api.Group, Name: groupAt(random)}}
	switch random.IntN(12) {
	case 0:
		if random.IntN(20) == 0 {
			g.service.Close(ctx, user, "enough")
		}
	case 1:
		g.service.Leave(ctx, user, nil)
	case 2, 3:
		g.service.Leave(ctx, user, []string{groupAt(random)})
	case 4, 5:
		g.service.Join(ctx, user, []string{groupAt(random), groupAt(random)})
	case 6:
		g.service.Send(ctx, user, &api.Message{Type: api.JSON, Data: []byte("1"), TTL: time.Duration(random.IntN(2)) * time.Millisecond})
	case 7:
		g.service.Deliver(ctx, api.Selection{}, &api.Message{Type: api.Text, Data: []byte("all")})
	default:
		g.service.Send(ctx, group, &api.Message{Type: api.JSON, Group: group.Name, Data: []byte("2")})
	}
}

// live is the life of one client, with as many sockets as it takes.
func (g *rig) live(t testing.TB, random *rand.Rand) {
	c := token.Client{User: fmt.Sprint("u", random.IntN(3)), Roles: everything, Groups: []string{groupAt(random), groupAt(random)}}
	protocol := []string{plainJSON, reliableJSON, reliableJSON, "protobuf.webpubsub.azure.v1", ""}[random.IntN(5)]
	path, id, secret := g.path(c), "", ""
	for {
		client := g.Dial(t, path, gatewaytest.Subprotocols(protocol))
		for deeds := random.IntN(40); deeds > 0; deeds-- {
			if protocol == plainJSON || protocol == reliableJSON {
				client.Conn().Write(gatewaytest.Masked(ws.NewTextFrame([]byte(deed(random)))))
			}
			client.Conn().SetReadDeadline(time.Now().Add(20 * time.Millisecond))
			f, err := ws.ReadFrame(client.Conn())
			if err != nil || f.Header.OpCode == ws.OpClose {
				break
			}
			if id == "" && protocol == reliableJSON {
				id, secret = between(string(f.Payload), `"connectionId":"`), between(string(f.Payload), `"reconnectionToken":"`)
			}
		}
		if random.IntN(4) == 0 {
			client.Conn().Write(gatewaytest.Masked(ws.NewCloseFrame(ws.NewCloseFrameBody(1000, ""))))
		}
		if random.IntN(2) == 0 || id == "" {
			defer client.Close()
		} else {
			client.Close()
		}
		if id == "" || random.IntN(3) == 0 {
			return
		}
		path = recoveryPath(id, secret)
	}
}

// between returns what stands behind a mark, up to a quote.
func between(text, mark string) string {
	_, rest, _ := strings.Cut(text, mark)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// deed is a request of a client.
func deed(random *rand.Rand) string {
	ack := random.IntN(50)
	switch group := groupAt(random); random.IntN(6) {
	case 0:
		return fmt.Sprintf(`{"type":"joinGroup","group":%q,"ackId":%d}`, group, ack)
	case 1:
		return fmt.Sprintf(`{"type":"leaveGroup","group":%q,"ackId":%d}`, group, ack)
	case 2:
		return fmt.Sprintf(`{"type":"event","event":"e","data":1,"ackId":%d}`, ack)
	case 3:
		return fmt.Sprintf(`{"type":"sequenceAck","sequenceId":%d}`, random.IntN(100))
	case 4:
		return `{"type":"ping"}`
	default:
		return fmt.Sprintf(`{"type":"sendToGroup","group":%q,"data":3,"ackId":%d,"ttlSeconds":%d}`, group, ack, random.IntN(2))
	}
}
