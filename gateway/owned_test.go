package gateway

import (
	"errors"
	"strings"
	"testing"
	"unsafe"
)

// TestIdentityKeepsNoRequest gives out parts of the request, as programs do. A
// session that kept them would keep the whole head.
func TestIdentityKeepsNoRequest(t *testing.T) {
	st := newStage(t, Config{}, HubConfig{})
	var query string
	st.gateway.routes[HubPath("fuzz")].authorize = func(r *Request) error {
		query = r.Query
		r.Identity.User, r.Identity.Groups = r.Query, []string{r.Query}
		return nil
	}
	info := st.describe(st.loop.Conn(st.dial("someone").handle))
	if info.User != query || info.Groups[0] != query {
		t.Fatalf("the session is %+v", info)
	}
	for what, kept := range map[string]string{"user id": info.User, "name of the group": info.Groups[0]} {
		if unsafe.StringData(kept) == unsafe.StringData(query) {
			t.Errorf("the %s is a part of the request", what)
		}
	}
}

func TestPanicOfAFilterChoosesNobody(t *testing.T) {
	st := newStage(t, Config{}, HubConfig{})
	alice, bob := st.dial("alice"), st.dial("bob")
	p := text("not for bob")
	p.Filter = func(r *Recipient) bool {
		if r.User() == "bob" {
			panic("asked about bob")
		}
		return true
	}
	st.must(st.hub.Publish(p))
	st.must(st.hub.Publish(text("for all")))
	if got := strings.Join(alice.all(), ", "); got != "not for bob, for all" {
		t.Errorf("alice received %q", got)
	}
	if got := strings.Join(bob.all(), ", "); got != "for all" {
		t.Errorf("bob received %q", got)
	}
}

func TestPanicOfAuthorizeRefuses(t *testing.T) {
	st := newStage(t, Config{}, HubConfig{})
	st.gateway.routes[HubPath("fuzz")].authorize = func(*Request) error { panic("asked") }
	peer := st.rig.Dial()
	peer.Write([]byte(fuzzUpgrade))
	st.rig.Settle()
	if answer := string(peer.Read()); !strings.HasPrefix(answer, "HTTP/1.1 500") {
		t.Errorf("the upgrade is answered with %q, want 500", answer)
	}
	peer.Close()
	st.rig.Settle()
}

func TestSessionOfAnotherGatewayDoesNotJoin(t *testing.T) {
	st, other := newStage(t, Config{}, HubConfig{}), newStage(t, Config{}, HubConfig{})
	if err := st.group("room").Join(other.dial("").Session); !errors.Is(err, ErrOtherGateway) {
		t.Errorf("Join: %v, want ErrOtherGateway", err)
	}
	if got := st.hub.groups.Len(); got != 0 {
		t.Errorf("%d groups, want none", got)
	}
}
