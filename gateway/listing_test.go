package gateway_test

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway"
)

// listed pages through a listing and counts how often each id comes.
func (l *lobby) listed(which gateway.Listing) map[string]int {
	l.t.Helper()
	times := make(map[string]int)
	for {
		page, err := l.hub.List(l.t.Context(), which)
		must(l.t, err)
		if len(page) > which.Limit {
			l.t.Fatalf("a page of %d with a limit of %d", len(page), which.Limit)
		}
		for _, info := range page {
			times[info.ID]++
		}
		if len(page) < which.Limit {
			return times
		}
		which.After = page[len(page)-1].Session
	}
}

func TestListingVisitsEachSessionOnceUnderChurn(t *testing.T) {
	const steady = 60
	onVariants(t, func(t *testing.T, config gateway.Config) {
		l := openLobby(t, config, gateway.HubConfig{})
		all := l.enterMany(steady)
		quit := make(chan struct{})
		var churning sync.WaitGroup
		for range 3 {
			churning.Go(func() {
				for {
					select {
					case <-quit:
						return
					default:
						l.Dial(t, gateway.HubPath("lobby")).Close()
						<-l.sessions
					}
				}
			})
		}
		for _, limit := range []int{1, 7, 1000} {
			times := l.listed(gateway.Listing{Limit: limit})
			for i, m := range all {
				if got := times[m.session.ID()]; got != 1 {
					t.Errorf("with pages of %d, session %d was listed %d times", limit, i, got)
				}
			}
			for id, n := range times {
				if n > 1 {
					t.Errorf("with pages of %d, %s was listed %d times", limit, id, n)
				}
			}
		}
		close(quit)
		churning.Wait()
	})
}

func TestListingOfAGroupAndOfAUser(t *testing.T) {
	l := openLobby(t, gateway.Config{Loops: 2}, gateway.HubConfig{})
	red, blue := l.enterMany(9, "red"), l.enterMany(6, "blue")
	l.Dial(t, gateway.HubPath("elsewhere"))
	for _, test := range []struct {
		name  string
		which gateway.Listing
		want  []*member
	}{
		{"all", gateway.Listing{}, append(append([]*member{}, red...), blue...)},
		{"group", gateway.Listing{Group: "red"}, red},
		{"user", gateway.Listing{User: "user-8"}, red[8:]},
		{"user in a group", gateway.Listing{User: "user-2", Group: "blue"}, blue[2:3]},
		{"nobody", gateway.Listing{User: "user-8", Group: "blue"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, limit := range []int{1, 4, 100} {
				test.which.Limit = limit
				times, want := l.listed(test.which), make(map[string]int)
				for _, m := range test.want {
					want[m.session.ID()] = 1
				}
				if fmt.Sprint(times) != fmt.Sprint(want) {
					t.Errorf("pages of %d: %v, want %v", limit, times, want)
				}
			}
		})
	}
}

// A client that has caught up is still listed for what it has missed.
func TestListingOfTheSlow(t *testing.T) {
	c := newCrowd(t, gateway.Config{Loops: 2}, gateway.DropNewest)
	want := fmt.Sprint(map[string]int{c.frozen.session.ID(): 1})
	slow := func() string { return fmt.Sprint(c.listed(gateway.Listing{Slow: true, Limit: 1})) }
	if got := slow(); got != want {
		t.Errorf("while messages wait: %v, want %v", got, want)
	}
	c.thawed()
	if got := slow(); got != want {
		t.Errorf("when none waits: %v, want %v", got, want)
	}
}

func TestInfoSaysWhatIsKnown(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		began := time.Now()
		l := openLobby(t, config, gateway.HubConfig{})
		m := l.enter("alice", "red", "blue")
		info := l.info(m)
		local := m.Conn().LocalAddr().String()
		if info.Session != m.session || info.ID != m.session.ID() || info.Hub != "lobby" || info.User != "alice" ||
			info.Metadata["remark"] != "is alice" || !sameTexts(info.Groups, []string{"red", "blue"}) ||
			info.RemoteAddr != netip.MustParseAddrPort(local) || info.Dropped != 0 || info.QueuedBytes != 0 {
			t.Errorf("the session of %s is %+v", local, info)
		}
		for what, at := range map[string]time.Time{"opened": info.Opened, "active": info.Active} {
			if at.Before(began.Add(-2*time.Second)) || at.After(time.Now().Add(time.Second)) {
				t.Errorf("%s at %v, the test began at %v", what, at, began)
			}
		}
		before := l.info(m).Active
		l.Eventually(t, func() bool {
			m.SendText("a sign of life")
			return l.info(m).Active.After(before)
		}, "the message to be noted")
		m.Close()
		l.Eventually(t, func() bool {
			_, err := m.session.Info(t.Context())
			return errors.Is(err, gateway.ErrEnded)
		}, "the session to end")
	})
}
