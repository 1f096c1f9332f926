package gateway

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
)

func TestWhatWasPublishedBeforeAnEndArrives(t *testing.T) {
	ends := map[string]func(*stage, *actor) error{
		"leave":     func(st *stage, a *actor) error { return st.group("room").Leave(a.Session) },
		"leave all": func(_ *stage, a *actor) error { return a.LeaveAll() },
		"close":     func(_ *stage, a *actor) error { return a.Session.Close(ws.StatusNormalClosure, "") },
	}
	for name, end := range ends {
		for _, window := range []time.Duration{0, 50 * time.Millisecond} {
			t.Run(fmt.Sprintf("%s with a window of %v", name, window), func(t *testing.T) {
				st := newStage(t, Config{}, HubConfig{Delivery: Delivery{Window: window}})
				leaver, stayer := st.members(2, "room")[0], st.dial("")
				st.must(st.group("room").Publish(text("to the room")))
				received := st.deliver(st.group("room"), text("to the room again"))
				st.must(end(st, leaver))
				st.must(st.group("room").Publish(text("too late")))
				if got, want := leaver.all(), []string{"to the room", "to the room again"}; !slices.Equal(got, want) {
					t.Errorf("received %q, want %q", got, want)
				}
				st.rig.Pass(2 * window)
				if got := leaver.all(); len(got) > 0 {
					t.Errorf("received %q afterwards", got)
				}
				if got := st.reach(received); got != (Reach{Sent: 2}) {
					t.Errorf("the delivery reports %+v, want 2 sent", got)
				}
				if got := stayer.all(); len(got) > 0 {
					t.Errorf("one who is no member received %q", got)
				}
			})
		}
	}
}

func TestMessageToTheHubArrivesBeforeTheClose(t *testing.T) {
	st := newStage(t, Config{}, HubConfig{Delivery: Delivery{Window: time.Second}})
	a := st.dial("")
	st.must(st.hub.Publish(text("good night")))
	st.must(a.Session.Close(ws.StatusGoingAway, ""))
	if got := a.all(); !slices.Equal(got, []string{"good night"}) || a.code != ws.StatusGoingAway {
		t.Errorf("received %q and the code %d", got, a.code)
	}
}

// TestKeysOfOneGroupDoNotMeetThoseOfAnother has a group take the place on the
// loop that another one has left.
func TestKeysOfOneGroupDoNotMeetThoseOfAnother(t *testing.T) {
	st := newStage(t, Config{}, HubConfig{Delivery: Delivery{Policy: Conflate}})
	st.rig.SetBuffers(16, 4<<10)
	a := st.dial("")
	var want []string
	tell := func(p Publication, publish func(Publication) error) {
		st.must(publish(p))
		st.rig.Settle()
		want = append(want, string(p.Payload))
	}
	tell(text("%0*d", maxCommitted, 0), a.Publish) // the connection is full
	for _, name := range []string{"first", "second"} {
		g := st.group(name)
		st.must(g.Join(a.Session))
		tell(keyed("k", "of the %s group", name), g.Publish)
		st.must(g.Leave(a.Session))
		st.rig.Settle()
	}
	tell(keyed("k", "of the hub"), st.hub.Publish)
	tell(keyed("k", "of the session"), a.Publish)
	tell(text("of the hub without a key"), st.hub.Publish)
	tell(text("of the session without a key"), func(p Publication) error { return a.Send(p.Type, p.Payload) })
	if got := a.all(); !slices.Equal(got, want) {
		t.Errorf("received %q, want %q", got, want)
	}
}

func TestBatchIsHeldByTheLimitsAsItsMessagesAre(t *testing.T) {
	config := Config{}
	config.Limits.Outbound = 4000
	st := newStage(t, config, HubConfig{Delivery: Delivery{Policy: DropNewest, Window: 50 * time.Millisecond, Batch: 1 << 20}})
	st.rig.SetBuffers(1000, 4<<10)
	a := st.members(1, "room")[0]
	var receipts []*receipt
	for i := range 100 {
		receipts = append(receipts, st.deliver(st.group("room"), text("%0500d", i)))
	}
	st.rig.Pass(100 * time.Millisecond)
	if info := st.describe(st.loop.Conn(a.handle)); info.QueuedBytes > config.Limits.Outbound {
		t.Errorf("%d bytes wait with a limit of %d", info.QueuedBytes, config.Limits.Outbound)
	}
	var sum Reach
	for _, r := range receipts {
		one := st.reach(r)
		sum.Sent, sum.Dropped = sum.Sent+one.Sent, sum.Dropped+one.Dropped
	}
	if got := len(a.all()); got != sum.Sent || sum.Sent+sum.Dropped != 100 || got > 10 {
		t.Errorf("received %d messages of 100, the deliveries report %+v", got, sum)
	}
}

// TestHalfClosedPeerIsSentNoMore: its connection lives on only to send what
// waits already.
func TestHalfClosedPeerIsSentNoMore(t *testing.T) {
	st := newStage(t, Config{}, HubConfig{})
	st.rig.SetBuffers(16, 4<<10)
	a := st.members(1, "room")[0]
	st.must(a.Send(Text, []byte(strings.Repeat("x", 100))))
	st.rig.Settle()
	a.peer.CloseWrite()
	st.rig.Settle()
	toGroup := st.deliver(st.group("room"), text("anyone there?"))
	st.must(st.group("another").Join(a.Session))
	st.rig.Settle()
	if got := st.reach(toGroup); got != (Reach{}) {
		t.Errorf("a delivery to one who has gone reports %+v", got)
	}
	if got := st.group("another").Len(); got != 0 {
		t.Errorf("one who has gone joins: %d members", got)
	}
	if got := a.all(); len(got) != 1 || len(st.reasons) != 1 {
		t.Errorf("received %q; %d sessions have ended", got, len(st.reasons))
	}
}

func TestGroupOfAnotherHubIsNotLeft(t *testing.T) {
	st := newStage(t, Config{}, HubConfig{})
	a := st.members(1, "room")[0]
	st.must(st.gateway.Hub("other").Group("room").Leave(a.Session))
	st.rig.Settle()
	if got := st.group("room").Len(); got != 1 {
		t.Errorf("the group has %d members, want 1", got)
	}
}

func TestJoiningAgainIsNotRefusedAtTheLimit(t *testing.T) {
	config := Config{}
	config.Limits.Groups = 2
	st := newStage(t, config, HubConfig{})
	a := st.dial("")
	for _, name := range []string{"a", "b", "a", "c", "b"} {
		st.must(st.group(name).Join(a.Session))
	}
	st.rig.Settle()
	if st.counts.joinsRefused != 1 || st.counts.joined != 2 {
		t.Errorf("%d joins, %d refused; want 2 and 1", st.counts.joined, st.counts.joinsRefused)
	}
}

// TestLargeGroupIsServedInSlices publishes to more members than a turn serves.
// Time passes with each look at the clock, so a turn does few slices.
func TestLargeGroupIsServedInSlices(t *testing.T) {
	const members = 3000
	st := newStage(t, Config{}, HubConfig{})
	all := st.members(members, "room")
	bystander := st.dial("")
	st.rig.TakeTime(fanoutBudget / 4)
	room := st.group("room")
	first := st.deliver(room, text("first"))
	hello := codec.AppendMaskedFrame(nil, ws.OpText, []byte("hello"), [4]byte{1, 2, 3, 4})
	want := make(map[*actor][]string, members)
	for _, a := range all {
		want[a] = []string{"first", "second"}
	}
	served, turns := 0, 0
	for served < members {
		bystander.peer.Write(hello)
		st.rig.TickOver()
		turns++
		if now, most := int(first.sent.Load()), 6*sliceMembers; now-served > most {
			t.Fatalf("a turn serves %d members, more than %d", now-served, most)
		}
		if !slices.Equal(bystander.texts(), []string{"hello"}) {
			t.Fatalf("turn %d does not answer another session", turns)
		}
		switch turns {
		case 3: // a member leaves that was not served, and one that was
			for _, a := range []*actor{all[0], all[members-1]} {
				st.must(room.Leave(a.Session))
				want[a] = []string{"first"}
			}
		case 4: // dialing takes several turns
			newcomer := st.dial("")
			st.must(room.Join(newcomer.Session))
			all = append(all, newcomer)
			want[newcomer] = []string{"second"}
			st.must(room.Publish(text("second")))
			again := all[1]
			st.must(room.Leave(again.Session))
			st.must(room.Join(again.Session))
		}
		if served = int(first.sent.Load()); turns > members {
			t.Fatalf("%d of %d members were served", served, members)
		}
	}
	for i, a := range all {
		if got := a.all(); !slices.Equal(got, want[a]) {
			t.Fatalf("member %d received %q, want %q", i, got, want[a])
		}
	}
	if got := st.reach(first); got != (Reach{Sent: members}) {
		t.Errorf("the delivery reports %+v, want %d sent", got, members)
	}
}
