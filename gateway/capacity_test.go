package gateway_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// ask sends an upgrade and returns the status of the answer and its body. The
// session, if there is one, lives on with conn.
func ask(t *testing.T, conn net.Conn, path string) (status int, retryAfter, body string) {
	conn.SetDeadline(time.Now().Add(gatewaytest.Patience))
	if _, err := conn.Write(gatewaytest.UpgradeRequest(path)); err != nil {
		t.Error(err)
		return 0, "", ""
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Error(err)
		return 0, "", ""
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		text, _ := io.ReadAll(answer.Body)
		body = string(text)
	}
	return answer.StatusCode, answer.Header.Get("Retry-After"), body
}

// TestPlacesAreExactUnderConcurrency has many more clients connect at once than
// there are places, twice: the second time the first have gone.
func TestPlacesAreExactUnderConcurrency(t *testing.T) {
	const places, clients = 7, 40
	for _, test := range []struct {
		name   string
		reason gateway.Reason
		limit  func(*gateway.Config, *gateway.HubConfig)
	}{
		{"node", gateway.ReasonNodeFull, func(c *gateway.Config, _ *gateway.HubConfig) { c.Limits.Sessions = places }},
		{"address", gateway.ReasonAddressFull, func(c *gateway.Config, _ *gateway.HubConfig) { c.Limits.SessionsPerAddress = places }},
		{"hub", gateway.ReasonHubFull, func(_ *gateway.Config, h *gateway.HubConfig) { h.Sessions = places }},
		{"user", gateway.ReasonUserFull, func(_ *gateway.Config, h *gateway.HubConfig) { h.SessionsPerUser = places }},
	} {
		t.Run(test.name, func(t *testing.T) {
			onVariants(t, func(t *testing.T, config gateway.Config) {
				hub := gateway.HubConfig{}
				test.limit(&config, &hub)
				l := openLobby(t, config, hub)
				for round := range 2 {
					var served []net.Conn
					var mu sync.Mutex
					var asking sync.WaitGroup
					for range clients {
						conn := l.Raw(t)
						asking.Go(func() {
							status, retryAfter, body := ask(t, conn, gateway.HubPath("lobby")+"?alice")
							if status == http.StatusSwitchingProtocols {
								mu.Lock()
								served = append(served, conn)
								mu.Unlock()
								return
							}
							conn.Close()
							if status != http.StatusServiceUnavailable || retryAfter == "" || strings.TrimSpace(body) != test.reason.Text() {
								t.Errorf("refused with %d, Retry-After %q, %q", status, retryAfter, body)
							}
						})
					}
					asking.Wait()
					if len(served) != places || l.hub.Sessions() != places {
						t.Errorf("round %d: %d of %d clients were served, the hub has %d sessions; want %d", round, len(served), clients, l.hub.Sessions(), places)
					}
					l.AwaitReason(t, test.reason, uint64((round+1)*(clients-places)))
					for i, conn := range served {
						if i%2 == 0 {
							conn.(*net.TCPConn).SetLinger(0)
						}
						conn.Close()
					}
					l.Eventually(t, func() bool { return l.hub.Sessions() == 0 }, "the sessions to end")
				}
			})
		})
	}
}

// TestPlacesOfReplacements: each session may be replaced, and who replaces one again and
// again, and leaves none, finds no more places than that takes.
func TestPlacesOfReplacements(t *testing.T) {
	const places = 3
	for name, limit := range map[string]func(*gateway.Config){
		"of the node":    func(c *gateway.Config) { c.Limits.Sessions = places },
		"of the address": func(c *gateway.Config) { c.Limits.SessionsPerAddress = places },
		"of the hub":     func(c *gateway.Config) { c.Hubs[0].Sessions = places },
		"of the user":    func(c *gateway.Config) { c.Hubs[0].SessionsPerUser = places },
	} {
		t.Run(name, func(t *testing.T) {
			var first atomic.Pointer[gateway.Session]
			authorize := func(r *gateway.Request) error {
				r.Identity.User = "ana"
				if !first.CompareAndSwap(nil, &r.Session) {
					r.Replaces = *first.Load()
				}
				return nil
			}
			config := gateway.Config{Hubs: []gateway.HubConfig{{Name: "any", Authorize: authorize}}}
			limit(&config)
			n := gatewaytest.Start(t, config)
			for i := range 2*places + 1 {
				want := http.StatusSwitchingProtocols
				if i == 2*places {
					want = http.StatusServiceUnavailable
				}
				if status, _, body := ask(t, n.Raw(t), gateway.HubPath("any")); status != want {
					t.Errorf("session %d: status %d, want %d: %s", i, status, want, body)
				}
			}
		})
	}
}

// TestPlacesOfOneUserAreNotAnothers also has a place refused for one limit be
// free for the others.
func TestPlacesOfOneUserAreNotAnothers(t *testing.T) {
	config := gateway.Config{}
	config.Limits.Sessions, config.Limits.SessionsPerAddress = 4, 4
	l := openLobby(t, config, gateway.HubConfig{SessionsPerUser: 1, Sessions: 3})
	for _, want := range []struct {
		user   string
		status int
	}{{"alice", 101}, {"alice", 503}, {"bob", 101}, {"bob", 503}, {"alice", 503}, {"", 101}, {"cem", 503}} {
		if status, _, body := ask(t, l.Raw(t), gateway.HubPath("lobby")+"?"+want.user); status != want.status {
			t.Errorf("%q gets %d %q, want %d", want.user, status, body, want.status)
		}
	}
	if status, _, body := ask(t, l.Raw(t), gateway.HubPath("elsewhere")); status != 101 {
		t.Errorf("the node's last place: %d %q", status, body)
	}
	if status, _, _ := ask(t, l.Raw(t), gateway.HubPath("elsewhere")); status != 503 {
		t.Errorf("beyond the node's last place: %d", status)
	}
}

// TestPlaceOfARefusedIdentity: Authorize refuses, or gives what cannot be, and
// no place is taken.
func TestPlaceOfARefusedIdentity(t *testing.T) {
	config := gateway.Config{}
	config.Limits.Sessions, config.Limits.Identity, config.Limits.Groups = 1, 10, 2
	hub := gateway.HubConfig{Authorize: func(r *gateway.Request) error {
		switch r.Query {
		case "long":
			r.Identity.User = strings.Repeat("x", 11)
		case "groups":
			r.Identity.Groups = []string{"a", "b", "c"}
		case "group":
			r.Identity.Groups = []string{""}
		case "no":
			return &gateway.Refusal{Status: 403, Text: "not you"}
		}
		return nil
	}}
	l := openLobby(t, config, hub)
	for query, want := range map[string]int{"long": 500, "groups": 500, "group": 500, "no": 403} {
		if status, _, body := ask(t, l.Raw(t), gateway.HubPath("lobby")+"?"+query); status != want {
			t.Errorf("%s: %d %q, want %d", query, status, body, want)
		}
	}
	l.enter("fine")
}
