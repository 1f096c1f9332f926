package gateway

import (
	"slices"
	"strings"
	"testing"
)

// TestClientThatLeavesWhileItIsGreeted has the greeting, which does not fit behind
// the answer, find the connection reset.
func TestClientThatLeavesWhileItIsGreeted(t *testing.T) {
	config := Config{}
	config.Limits.Outbound = 100
	st := newStage(t, config, HubConfig{})
	bystander := st.dial("bystander")
	leaver := st.rig.Dial()
	st.gateway.routes[HubPath("fuzz")].authorize = func(r *Request) error {
		leaver.Reset()
		r.Identity.Groups = []string{"room"}
		r.Greeting = Message{Text, []byte(strings.Repeat("x", config.Limits.Outbound))}
		return nil
	}
	leaver.Write([]byte(fuzzUpgrade))
	st.rig.Settle()
	if st.open != 1 || st.hub.Sessions() != 1 || st.group("room").Len() != 0 || st.reasons[st.opened] != ReasonPeerReset {
		t.Errorf("%d sessions are open, the hub has %d, the group %d members; want the bystander alone; the handler has heard %v",
			st.open, st.hub.Sessions(), st.group("room").Len(), st.reasons)
	}
	st.must(st.hub.Publish(text("still there?")))
	if got := bystander.all(); !slices.Equal(got, []string{"still there?"}) {
		t.Errorf("the bystander received %q", got)
	}
}
