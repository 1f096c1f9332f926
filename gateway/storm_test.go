package gateway_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway"
)

// TestGroupsInAStorm is the model test's counterpart on real loops and sockets:
// publishers, joins, leaves and ends at once. What holds for every interleaving
// is looked for: members of a group receive its messages in one order and none
// twice, those who stay receive all, the counts add up, and nothing is left.
func TestGroupsInAStorm(t *testing.T) {
	const groups, stayers, passers, publishers, messages = 3, 6, 4, 3, 120
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config.Limits.Outbound = 16 << 20
		l := openLobby(t, config, gateway.HubConfig{Groups: []gateway.GroupClass{
			{Name: "windows", Prefix: "group 1", Delivery: gateway.Delivery{Window: 2 * time.Millisecond, Batch: 200}},
		}})
		var names []string
		for i := range groups {
			names = append(names, fmt.Sprintf("group %d", i))
		}
		all := l.enterMany(stayers, names...)
		received := make([][]string, stayers)
		var reading, publishing, passing sync.WaitGroup
		for i, m := range all {
			reading.Go(func() {
				for range groups * publishers * messages {
					received[i] = append(received[i], string(m.Receive().Payload))
				}
			})
		}
		var reached, passed atomic.Int64
		done := make(chan struct{})
		for p := range publishers {
			publishing.Go(func() {
				for i := range messages {
					for _, name := range names {
						message := text("%s: %d of publisher %d %060d", name, i, p, 0)
						if i%10 > 0 {
							if err := l.hub.Group(name).Publish(message); err != nil {
								t.Errorf("publish: %v", err)
							}
							continue
						}
						reach, err := l.hub.Group(name).Deliver(context.Background(), message)
						if err != nil || reach.Sent < stayers || reach.Dropped+reach.Closed > 0 {
							t.Errorf("a delivery reports %+v, %v", reach, err)
						}
						reached.Add(int64(reach.Sent))
					}
				}
			})
		}
		var orders [passers][][]string
		for p := range passers {
			passing.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-done:
						return
					default:
						orders[p] = append(orders[p], passThrough(l, fmt.Sprintf("passer-%d-%d", p, i), names))
						passed.Add(1)
					}
				}
			})
		}
		publishing.Wait()
		close(done)
		passing.Wait()
		reading.Wait()
		position := make(map[string]int)
		for _, name := range names {
			order := of(received[0], name)
			for i, message := range order {
				if _, twice := position[message]; twice {
					t.Errorf("%q comes twice", message)
				}
				position[message] = i
			}
			for i := range received {
				checkOrder(t, of(received[i], name), position, len(order))
			}
		}
		for _, order := range slices.Concat(orders[:]...) {
			for _, name := range names {
				checkOrder(t, of(order, name), position, 0)
			}
		}
		if passed.Load() == 0 || reached.Load() == 0 {
			t.Errorf("%d sessions passed, %d were reached: the test has tested nothing", passed.Load(), reached.Load())
		}
		if got, want := l.Totals(t).MessagesOut, uint64(stayers*groups*publishers*messages); got < want {
			t.Errorf("MessagesOut is %d, want %d at least", got, want)
		}
		for _, m := range all {
			m.Close()
		}
		l.Eventually(t, func() bool { return l.hub.Sessions() == 0 }, "the sessions to end")
		for _, name := range names {
			if n := l.hub.Group(name).Len(); n != 0 {
				t.Errorf("%s has %d members, want none", name, n)
			}
		}
	})
}

// passThrough connects a client that joins and leaves groups, ends it in one way
// or another, and returns what it has received.
func passThrough(l *lobby, user string, names []string) (received []string) {
	c := l.Dial(l.t, gateway.HubPath("lobby")+"?"+user)
	<-l.sessions // of one passer or another
	session := l.hub.User(user).Sessions()[0]
	for range 1 + rand.IntN(6) {
		g := l.hub.Group(names[rand.IntN(len(names))])
		g.Join(session)
		if rand.IntN(3) == 0 {
			g.Leave(session)
		}
	}
	switch rand.IntN(4) {
	case 0:
		reset(c)
		return nil
	case 1:
		c.Close()
		return nil
	case 2:
		session.LeaveAll()
	}
	session.Send(gateway.Text, []byte("the end"))
	for {
		got := string(c.Receive().Payload)
		if got == "the end" {
			c.Close()
			return received
		}
		received = append(received, got)
	}
}

// checkOrder fails the test unless messages come in the order of position. If
// whole is not 0 there must be so many.
func checkOrder(t *testing.T, messages []string, position map[string]int, whole int) {
	t.Helper()
	last := -1
	for _, message := range messages {
		at, known := position[message]
		if !known || at <= last {
			t.Fatalf("%q, which is number %d, comes after number %d", message, at, last)
		}
		last = at
	}
	if whole > 0 && len(messages) != whole {
		t.Fatalf("received %d messages of %d", len(messages), whole)
	}
}
