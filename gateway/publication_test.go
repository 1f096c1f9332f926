package gateway_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway"
)

func TestPublicationChoosesItsSessions(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		l := openLobby(t, config, gateway.HubConfig{})
		members := map[string]*member{
			"ann": l.enter("ann", "room", "quiet"),
			"bob": l.enter("bob", "room"),
			"cem": l.enter("cem", "room", "quiet"),
			"dan": l.enter("dan", "quiet"),
			"eve": l.enter("eve", "room"),
		}
		session := func(name string) gateway.Session { return members[name].session }
		room := l.hub.Group("room")
		for _, test := range []struct {
			name    string
			deliver func(context.Context, gateway.Publication) (gateway.Reach, error)
			except  []gateway.Session
			filter  func(*gateway.Recipient) bool
			want    []string
		}{
			{"all of the hub", l.hub.Deliver, nil, nil, []string{"ann", "bob", "cem", "dan", "eve"}},
			{"all of the group", room.Deliver, nil, nil, []string{"ann", "bob", "cem", "eve"}},
			{"except two, a third who is no member, and nobody", room.Deliver, []gateway.Session{session("ann"), session("eve"), session("dan"), {}}, nil, []string{"bob", "cem"}},
			{"by session", l.hub.Deliver, nil, func(r *gateway.Recipient) bool { return r.Session() == session("dan") }, []string{"dan"}},
			{"by user", room.Deliver, nil, func(r *gateway.Recipient) bool { return r.User() > "bob" }, []string{"cem", "eve"}},
			{"by metadata", l.hub.Deliver, nil, func(r *gateway.Recipient) bool { return r.Metadata("remark") == "is bob" && r.Metadata("other") == "" }, []string{"bob"}},
			{"by another group", room.Deliver, nil, func(r *gateway.Recipient) bool { return r.InGroup("quiet") }, []string{"ann", "cem"}},
			{"by the number of groups and the hub", l.hub.Deliver, nil, func(r *gateway.Recipient) bool { return r.Groups() == 2 && r.Hub() == l.hub.Name() }, []string{"ann", "cem"}},
			{"except and by group", l.hub.Deliver, []gateway.Session{session("ann")}, func(r *gateway.Recipient) bool { return r.InGroup("quiet") }, []string{"cem", "dan"}},
			{"nobody", room.Deliver, nil, func(*gateway.Recipient) bool { return false }, nil},
			{"one session", session("eve").Deliver, nil, nil, []string{"eve"}},
			{"one session, which is excepted", session("eve").Deliver, []gateway.Session{session("eve")}, nil, nil},
		} {
			t.Run(test.name, func(t *testing.T) {
				p := text("%s", test.name)
				p.Except, p.Filter = test.except, test.filter
				if got := l.reach(test.deliver, p); got != (gateway.Reach{Sent: len(test.want)}) {
					t.Errorf("the delivery reports %+v, want %d sent", got, len(test.want))
				}
				must(t, l.hub.Publish(text("next")))
				for name, m := range members {
					if slices.Contains(test.want, name) {
						m.ExpectText(test.name)
					}
					m.ExpectText("next")
				}
			})
		}
	})
}

// TestAllMembersReceiveOneOrder has several publishers publish to one group and
// one hub.
func TestAllMembersReceiveOneOrder(t *testing.T) {
	const publishers, messages, members = 4, 150, 10
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config.Limits.Outbound = 16 << 20
		l := openLobby(t, config, gateway.HubConfig{})
		all := l.enterMany(members, "room")
		var running sync.WaitGroup
		for p := range publishers {
			running.Go(func() {
				for i := range messages {
					l.hub.Group("room").Publish(text("g%d.%d", p, i))
					l.hub.Publish(text("h%d.%d", p, i))
				}
			})
		}
		received := make([][]string, members)
		for i, m := range all {
			running.Go(func() {
				for range 2 * publishers * messages {
					received[i] = append(received[i], string(m.Receive().Payload))
				}
			})
		}
		running.Wait()
		for i := range members {
			for _, stream := range []string{"g", "h"} {
				one, first := of(received[i], stream), of(received[0], stream)
				if !slices.Equal(one, first) || len(one) != publishers*messages {
					t.Fatalf("members 0 and %d received other orders of %s: %d and %d messages", i, stream, len(first), len(one))
				}
			}
		}
		for p := range publishers {
			for _, stream := range []string{"g", "h"} {
				own := of(received[0], stream+string(rune('0'+p)))
				for i, message := range own {
					if want := text("%s%d.%d", stream, p, i); message != string(want.Payload) {
						t.Fatalf("%s came where %s is due", message, want.Payload)
					}
				}
			}
		}
	})
}

// of returns the texts that begin with prefix.
func of(texts []string, prefix string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return !strings.HasPrefix(s, prefix) })
}

func TestDeliveryIsAwaitedNoLongerThanAsked(t *testing.T) {
	l := openLobby(t, gateway.Config{}, gateway.HubConfig{Delivery: gateway.Delivery{Window: 10 * time.Second}})
	m := l.enter("alice")
	for name, deliver := range map[string]func(context.Context, gateway.Publication) (gateway.Reach, error){
		"hub":   l.hub.Deliver,
		"group": l.hub.Group("empty").Deliver,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		reach, err := deliver(ctx, text("takes its time"))
		cancel()
		if waits := name == "hub"; waits != errors.Is(err, context.DeadlineExceeded) || reach != (gateway.Reach{}) {
			t.Errorf("%s: %+v, %v", name, reach, err)
		}
	}
	m.Close()
}

// TestDeliveryEndsWithTheGateway: what waits for the end of a window is never
// sent.
func TestDeliveryEndsWithTheGateway(t *testing.T) {
	l := openLobby(t, gateway.Config{}, gateway.HubConfig{Delivery: gateway.Delivery{Window: 10 * time.Second}})
	m := l.enter("alice")
	ended := make(chan error, 1)
	go func() {
		_, err := l.hub.Deliver(context.Background(), text("takes its time"))
		ended <- err
	}()
	m.Close()
	l.Eventually(t, func() bool { return l.hub.Sessions() == 0 }, "the session to end")
	must(t, shutDown(t, l.Gateway, time.Second))
	select {
	case err := <-ended:
		if err != nil && !errors.Is(err, gateway.ErrEnded) {
			t.Errorf("Deliver: %v", err)
		}
	case <-time.After(2 * time.Second):
		t.Error("Deliver waits for a gateway that has ended")
	}
}
