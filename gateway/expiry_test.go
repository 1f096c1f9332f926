package gateway_test

import (
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

func TestASessionEndsWhenItsIdentityExpires(t *testing.T) {
	const life, longer = 150 * time.Millisecond, time.Second
	onEngines(t, func(t *testing.T, config gateway.Config) {
		config.Timeouts.Pong = 80 * time.Millisecond
		l := openLobby(t, config, gateway.HubConfig{Authorize: func(r *gateway.Request) error {
			switch r.Query {
			case "soon":
				r.Identity.Expires = time.Now().Add(life)
			case "later":
				r.Identity.Expires = time.Now().Add(longer)
			case "past":
				r.Identity.Expires = time.Now().Add(-time.Hour)
			case "far":
				r.Identity.Expires = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
			}
			return nil
		}})
		far, plain, began := l.enter("far"), l.enter(""), time.Now()
		// These may have ended before they could be asked anything, as enter does.
		soon, past := l.Dial(t, gateway.HubPath("lobby")+"?soon"), l.Dial(t, gateway.HubPath("lobby")+"?past")
		<-l.sessions
		<-l.sessions
		for _, c := range []*gatewaytest.Client{past, soon} {
			if reason := c.ExpectClose(gateway.ReasonExpired.CloseCode()); reason != gateway.ReasonExpired.Text() {
				t.Errorf("closed with %q", reason)
			}
		}
		if took := time.Since(began); took < life {
			t.Errorf("ended after %v, want %v or more", took, life)
		}
		l.AwaitReason(t, gateway.ReasonExpired, 2)
		for _, m := range []*member{far, plain} {
			must(t, m.session.Send(gateway.Text, []byte("still here")))
			m.ExpectText("still here")
		}
		// A session that ends early takes its expiry along: whoever comes to its
		// slot has none.
		early := l.enter("later")
		entered := time.Now()
		early.Close()
		l.AwaitReason(t, gateway.ReasonPeerGone, 1)
		heir := l.enter("")
		l.Eventually(t, func() bool { return time.Since(entered) > longer+2*life }, "the time of the former session to pass")
		must(t, heir.session.Send(gateway.Text, []byte("still here")))
		heir.ExpectText("still here")
	})
}
