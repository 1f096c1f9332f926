package gateway

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/poller"
)

// masked returns a client's frame.
func masked(op ws.OpCode, payload []byte) []byte {
	return codec.AppendMaskedFrame(nil, op, payload, [4]byte{1, 2, 3, 4})
}

// fill sends the client so much that its connection is full.
func (a *actor) fill() {
	a.stage.t.Helper()
	a.stage.must(a.Send(Text, []byte(strings.Repeat("x", 2*maxCommitted))))
	a.stage.rig.Settle()
}

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

// TestPeerClosesWhileOurCloseFrameWaits: its close frame is answered, though not by
// the one that stands behind what it has not read (RFC 6455 §5.5.1).
func TestPeerClosesWhileOurCloseFrameWaits(t *testing.T) {
	st := newStage(t, Config{}, HubConfig{})
	st.rig.SetBuffers(16, 4<<10)
	a := st.dial("")
	a.fill()
	st.must(a.Send(Text, []byte("behind")))
	st.must(a.Session.Close(StatusServiceRestart, ""))
	st.rig.Settle()
	a.peer.Write(masked(ws.OpClose, codec.AppendClose(nil, ws.StatusNormalClosure, "")))
	a.all()
	if a.code != ws.StatusNormalClosure {
		t.Errorf("the close frame is answered with code %d, want %d", a.code, ws.StatusNormalClosure)
	}
	if got := st.reasons[a.Session]; got != ReasonClosedByHandler {
		t.Errorf("the handler has heard %v", got)
	}
}

// TestFrameOfNothingIsRefused: a zero Frame is no message, and must not stand in a
// queue as one.
func TestFrameOfNothingIsRefused(t *testing.T) {
	st := newStage(t, Config{}, HubConfig{})
	st.rig.SetBuffers(16, 4<<10)
	a := st.dial("")
	a.fill()
	if err := a.SendFrame(codec.Frame{}); err != ErrMessageType {
		t.Errorf("SendFrame of the zero Frame: %v, want %v", err, ErrMessageType)
	}
	st.must(a.Send(Text, []byte("behind")))
	if got := a.all(); len(got) != 2 || got[1] != "behind" {
		t.Errorf("%d messages were received", len(got))
	}
}

// TestControlFramesOfLongAgoDoNotCount has the seconds that are counted meet every 256.
func TestControlFramesOfLongAgoDoNotCount(t *testing.T) {
	config := Config{}
	config.Limits.ControlFrames = 1
	st := newStage(t, config, HubConfig{})
	a := st.dial("")
	a.peer.Write(masked(ws.OpPing, nil))
	st.rig.Pass(256 * time.Second)
	a.peer.Write(masked(ws.OpPing, nil))
	if a.all(); a.code != 0 {
		t.Errorf("closed with %d for one ping in 256 s, where one in a second is allowed", a.code)
	}
}

// CloseAll has told its caller that all will be closed by the time it finds the
// mailbox full.
func TestCloseAllWithAFullMailbox(t *testing.T) {
	st := newStage(t, Config{}, HubConfig{})
	actors := st.members(3, "room")
	st.must(st.hub.Each(Selection{}, fillMailbox))
	st.must(st.hub.CloseAll(Selection{}, 4000, "go"))
	st.rig.Settle()
	for i, a := range actors {
		if a.texts(); a.code != 4000 {
			t.Errorf("client %d has received close code %d, want 4000", i, a.code)
		}
	}
}

// fillMailbox leaves so much for the loop of a session that it takes no more.
func fillMailbox(r *Recipient) {
	for l := r.shard.loop; l.Offer(poller.TaskFunc(func(*poller.Loop) {}), 64<<20) == nil; {
	}
}

// TestCloseWithAFullMailbox closes a session behind what it was sent, as handlers do
// that have had enough of a client. It must not stay for want of room.
func TestCloseWithAFullMailbox(t *testing.T) {
	st := newStage(t, Config{}, HubConfig{})
	a := st.dial("")
	st.must(a.Send(Text, []byte("last words")))
	st.must(st.hub.Each(Selection{}, func(r *Recipient) {
		fillMailbox(r)
		st.must(a.Close(4000, "go"))
	}))
	st.rig.Settle()
	if got := strings.Join(a.all(), ", "); got != "last words" || a.code != 4000 {
		t.Errorf("received %q and close code %d, want the last words and 4000", got, a.code)
	}
}

// TestLongSilenceIsNotOfTheFuture has a client listen for longer than ticks can be
// compared over, 24 days.
func TestLongSilenceIsNotOfTheFuture(t *testing.T) {
	st := newStage(t, Config{}, HubConfig{})
	a := st.dial("")
	st.rig.TakeTime(time.Hour) // with each look at the clock
	for begin := st.rig.Clock(); st.rig.Clock()-begin < 30*24*time.Hour; {
		st.rig.TickOver()
	}
	st.rig.TakeTime(0)
	info := st.describe(st.loop.Conn(a.handle))
	if silent := time.Since(info.Active); silent < 7*24*time.Hour {
		t.Errorf("a client that has said nothing for 30 days is listed as silent for %v", silent)
	}
}
