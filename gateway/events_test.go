package gateway_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// record collects events.
type record struct {
	mu     sync.Mutex
	events []gateway.Event
	lost   uint64
}

func (r *record) receive(events []gateway.Event, lost uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, events...)
	r.lost += lost
}

func (r *record) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.events)
}

// of returns what happened to a session, in words.
func (r *record) of(s gateway.Session) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var words []string
	for _, e := range r.events {
		if e.Session != s {
			continue
		}
		switch e.Kind {
		case gateway.SessionOpened:
			words = append(words, "opened by "+e.User+" in "+e.Hub)
		case gateway.GroupJoined:
			words = append(words, "joined "+e.Group)
		case gateway.GroupLeft:
			words = append(words, "left "+e.Group)
		case gateway.SessionClosed:
			words = append(words, "closed: "+e.Reason.String())
		}
	}
	return words
}

func TestEventsOfASessionComeInOrder(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		l := openLobby(t, config, gateway.HubConfig{})
		var r record
		defer l.Gateway.Subscribe(r.receive)()
		var members sync.WaitGroup
		all := l.enterMany(10, "red")
		for i, m := range all {
			members.Go(func() {
				for range 20 {
					l.hub.Group("blue").Join(m.session)
					l.hub.Group("blue").Leave(m.session)
				}
				if i%2 == 0 {
					m.session.Close(4000, "")
					m.ExpectClose(4000)
				} else {
					l.info(m)
					m.Close()
				}
			})
		}
		members.Wait()
		for i, m := range all {
			want := []string{fmt.Sprintf("opened by user-%d in lobby", i), "joined red"}
			for range 20 {
				want = append(want, "joined blue", "left blue")
			}
			want = append(want, "left red", map[bool]string{true: "closed: closed_by_handler", false: "closed: peer_gone"}[i%2 == 0])
			l.Eventually(t, func() bool { return len(r.of(m.session)) >= len(want) }, "the events")
			if got := r.of(m.session); !slices.Equal(got, want) {
				t.Errorf("the events of session %d are %q, want %q", i, got, want)
			}
		}
	})
}

// TestBlockedSubscriberLosesEventsAndHoldsUpNobody counts what it misses.
func TestBlockedSubscriberLosesEventsAndHoldsUpNobody(t *testing.T) {
	const rounds = 40_000
	l := openLobby(t, gateway.Config{Loops: 1}, gateway.HubConfig{})
	m := l.enter("")
	var blocked, other record
	release := make(chan struct{})
	defer l.Gateway.Subscribe(func(events []gateway.Event, lost uint64) {
		<-release
		blocked.receive(events, lost)
	})()
	defer l.Gateway.Subscribe(other.receive)()
	red := l.hub.Group("red")
	for range rounds {
		must(t, red.Join(m.session))
		must(t, red.Leave(m.session))
	}
	l.info(m)
	must(t, m.session.Send(gateway.Text, []byte("served")))
	m.ExpectText("served")
	close(release)
	for name, r := range map[string]*record{"blocked": &blocked, "other": &other} {
		total := func() int {
			r.mu.Lock()
			defer r.mu.Unlock()
			return len(r.events) + int(r.lost)
		}
		// The loss behind the last batch is told with the next event.
		l.Eventually(t, func() bool { return total() >= 2*rounds }, "the "+name+" subscriber's events")
		if total() != 2*rounds {
			t.Errorf("%s: %d events and %d lost, want %d together", name, r.count(), r.lost, 2*rounds)
		}
	}
	if blocked.lost == 0 {
		t.Error("the blocked subscriber has lost nothing: the test has tested nothing")
	}
}

// A subscriber that held events up keeps no memory for as many.
func TestSubscriptionGivesItsMemoryBack(t *testing.T) {
	const rounds = 1 << 16
	l := openLobby(t, gateway.Config{}, gateway.HubConfig{})
	m := l.enter("")
	release, heard := make(chan struct{}), 0
	var mu sync.Mutex
	defer l.Gateway.Subscribe(func(events []gateway.Event, lost uint64) {
		<-release
		mu.Lock()
		defer mu.Unlock()
		heard += len(events) + int(lost)
	})()
	before := heapInUse()
	red := l.hub.Group("red")
	for range rounds {
		must(t, red.Join(m.session))
		must(t, red.Leave(m.session))
	}
	l.info(m)
	close(release)
	l.Eventually(t, func() bool { mu.Lock(); defer mu.Unlock(); return heard >= 1<<16 }, "the events")
	l.Eventually(t, func() bool { return heapInUse()-before < 1<<20 }, "the memory to be free")
}

func TestSubscriberMayPanic(t *testing.T) { isolated(t, subscriberMayPanic) }

func subscriberMayPanic(t *testing.T) {
	var book logBook
	l := openLobby(t, gateway.Config{Logger: slog.New(slog.NewTextHandler(&book, nil))}, gateway.HubConfig{})
	var told record
	first := true
	defer l.Gateway.Subscribe(func(events []gateway.Event, lost uint64) {
		if first {
			first = false
			panic("unheard")
		}
		told.receive(events, lost)
	})()
	l.enter("")
	l.Eventually(t, func() bool { return strings.Contains(book.String(), "unheard") }, "the panic to be logged")
	l.enter("")
	l.Eventually(t, func() bool { return told.count() == 1 }, "the next event")
}

func TestCancelledSubscriptionEnds(t *testing.T) {
	l := openLobby(t, gateway.Config{}, gateway.HubConfig{})
	var cancelled, other record
	cancel := l.Gateway.Subscribe(cancelled.receive)
	defer l.Gateway.Subscribe(other.receive)()
	first := l.enter("")
	l.Eventually(t, func() bool { return cancelled.count() == 1 && other.count() == 1 }, "the first event")
	cancel()
	cancel()
	l.enter("")
	l.Eventually(t, func() bool { return other.count() == 2 }, "the second event")
	if got := cancelled.count(); got != 1 || len(cancelled.of(first.session)) != 1 {
		t.Errorf("%d events after the end", got)
	}
}

func TestShutdownDeliversTheLastEvents(t *testing.T) {
	const sessions = 50
	onVariants(t, func(t *testing.T, config gateway.Config) {
		l := openLobby(t, config, gateway.HubConfig{})
		var r record
		l.Gateway.Subscribe(func(events []gateway.Event, lost uint64) {
			<-time.After(5 * time.Millisecond) // it takes its time
			r.receive(events, lost)
		})
		all := l.enterMany(sessions, "red")
		ctx, cancel := context.WithTimeout(t.Context(), gatewaytest.Patience)
		defer cancel()
		ended := make(chan error, 1)
		go func() { ended <- l.Gateway.Shutdown(ctx) }()
		for _, m := range all {
			m.ExpectClose(1001)
		}
		must(t, <-ended)
		for i, m := range all {
			got := r.of(m.session)
			if len(got) != 4 || got[3] != "closed: shutdown" {
				t.Errorf("the events of session %d are %q", i, got)
			}
		}
	})
}

func TestSubscriptionAfterTheEnd(t *testing.T) {
	l := openLobby(t, gateway.Config{}, gateway.HubConfig{})
	must(t, shutDown(t, l.Gateway, time.Second))
	var r record
	l.Gateway.Subscribe(r.receive) // the harness finds a goroutine that lives on
}
