package gateway

import (
	"maps"
	"slices"
	"testing/synctest"
	"time"
)

// compare holds what the gateway says of its sessions and groups against the
// model. Nothing waits in the loop's mailbox.
func (w *modelWorld) compare() {
	w.t.Helper()
	for _, name := range w.groups {
		if got, want := w.hub.Group(name).Len(), w.count(func(c *modelClient) bool { return c.groups[name] }); got != want {
			w.t.Errorf("deed %d: group %s has %d members, want %d", w.deeds, name, got, want)
		}
	}
	if got, want := w.hub.Sessions(), w.count(func(*modelClient) bool { return true }); got != want {
		w.t.Errorf("deed %d: the hub has %d sessions, want %d", w.deeds, got, want)
	}
	for _, user := range []string{"user 0", "user 1", "user 2", "user 3"} {
		if got, want := len(w.hub.User(user).Sessions()), w.count(func(c *modelClient) bool { return c.user == user }); got != want {
			w.t.Errorf("deed %d: %s has %d sessions, want %d", w.deeds, user, got, want)
		}
	}
	limits := w.config.Limits
	for _, c := range w.served(func(*modelClient) bool { return true }) {
		info := c.info(w)
		slices.Sort(info.Groups)
		if want := slices.Sorted(maps.Keys(c.groups)); !slices.Equal(info.Groups, want) {
			w.t.Errorf("deed %d: client %d is in %q, want %q", w.deeds, c.number, info.Groups, want)
		}
		// One message of any size is taken while nothing waits.
		if info.QueuedBytes > 3*limits.Outbound+c.pongs+100 || info.QueuedMessages > limits.OutboundMessages {
			w.t.Errorf("deed %d: %d messages, %d bytes wait for client %d; the limit is %d", w.deeds, info.QueuedMessages, info.QueuedBytes, c.number, limits.Outbound)
		}
	}
}

func (c *modelClient) info(w *modelWorld) *SessionInfo {
	info := w.shard.describe(w.rig.Conn(c.session.handle))
	if info == nil {
		w.t.Fatalf("deed %d: nothing is known of client %d", w.deeds, c.number)
	}
	return info
}

// checkpoint has everybody read everything, and looks whether that was what it
// should be.
func (w *modelWorld) checkpoint() {
	w.t.Helper()
	for _, c := range w.clients {
		c.stopped = false
	}
	for quiet := 0; quiet < 2; quiet++ {
		w.rig.Pass(2 * modelWindow)
		for _, c := range w.clients {
			for c.read(w, 1<<24) {
				quiet = 0
				w.rig.Settle()
			}
		}
	}
	synctest.Wait()
	w.compare()
	for _, d := range w.deliveries {
		d.check(w)
	}
	w.deliveries = nil
	for _, c := range w.clients {
		c.settle(w)
		if c.life == living && !c.ended {
			if info := c.info(w); info.Dropped != c.dropped || info.QueuedBytes != 0 {
				w.t.Errorf("deed %d: client %d misses %d messages, its info says %+v", w.deeds, c.number, c.dropped, info)
			}
		}
	}
	w.compareBooks()
	if unsent := w.shard.fanout.unsent.Load(); unsent != 0 {
		w.t.Errorf("deed %d: %d bytes are on their way to nobody", w.deeds, unsent)
	}
	if w.t.Failed() {
		w.t.FailNow()
	}
}

// compareBooks holds the counts of the classes against the model's.
func (w *modelWorld) compareBooks() {
	var closed uint64
	for _, class := range w.shard.gateway.classes {
		got, want := w.shard.counts.classes[class.number], w.book(class.name)
		if class.hub != "model" {
			want = new(modelBook)
		}
		closed += got.closed
		if !between(got.offered, want.offered, want.unknown) || !between(got.dropped, want.dropped, want.unknown) {
			w.t.Errorf("deed %d: class %s counts %+v, want %+v", w.deeds, class.name, got, want)
		}
		if got.offered < want.received+got.dropped {
			w.t.Errorf("deed %d: class %s counts %+v of which %d were received", w.deeds, class.name, got, want.received)
		}
	}
	counts := &w.shard.counts
	ended := 0 // perhaps before their joins were looked at
	for _, c := range w.refused {
		if c.ended {
			ended++
		}
	}
	if closed != w.slowEnds || !between(counts.joinsRefused, uint64(len(w.refused)-ended), uint64(ended)) {
		w.t.Errorf("deed %d: %d sessions too slow, %d joins refused; want %d and %d, %d of them of sessions that ended", w.deeds, closed, counts.joinsRefused, w.slowEnds, len(w.refused), ended)
	}
}

func between(n, low, more uint64) bool { return low <= n && n <= low+more }

// end ends all sessions and looks for what is left.
func (w *modelWorld) end() {
	w.checkpoint()
	for range 3 {
		w.tell() // some messages are on their way
	}
	w.calm = false
	for _, c := range w.clients {
		c.life = doomed
		if w.IntN(2) == 0 {
			c.peer.Reset()
		} else {
			c.peer.Close()
		}
	}
	w.rig.Pass(2*time.Second + 2*modelWindow)
	synctest.Wait()
	for _, d := range w.deliveries {
		d.check(w)
	}
	w.checkEvents()
	s, g := w.shard, w.shard.gateway
	for _, left := range []struct {
		what string
		n    int
	}{
		{"connections", w.rig.Stats().Connections},
		{"sessions", s.open},
		{"session slots", s.sessions.Held()},
		{"sessions of the node", g.sessions.Load()},
		{"sessions of the hub", w.hub.Sessions()},
		{"addresses", g.addresses.Len()},
		{"users", w.hub.users.Len()},
		{"groups", w.hub.groups.Len() + w.other.groups.Len()},
		{"shares of groups", s.shareOf.Len() + s.shareSlots.Used() - len(g.hubs)},
		{"shares with something to do", len(s.fanout.list)},
		{"members of the hub", s.shares.At(uint32(w.hub.number)).members.Len()},
		{"messages pending for the hub", len(s.shares.At(uint32(w.hub.number)).pending)},
		{"bytes that wait for slow peers", w.rig.Stats().WaitingBytes},
		{"bytes on their way", int(s.fanout.unsent.Load())},
		{"inboxes", s.inboxes + s.undone},
		{"members", int(s.counts.joined - s.counts.left)},
	} {
		if left.n != 0 {
			w.t.Errorf("left behind: %d %s", left.n, left.what)
		}
	}
	w.rig.End()
}

// checkEvents looks whether what was told of each session makes a life.
func (w *modelWorld) checkEvents() {
	type account struct {
		open, over bool
		groups     map[string]bool
	}
	accounts := map[Session]*account{}
	for _, e := range w.events {
		a := accounts[e.Session]
		if a == nil {
			a = &account{groups: map[string]bool{}}
			accounts[e.Session] = a
		}
		fits := a.open && !a.over
		switch e.Kind {
		case SessionOpened:
			fits, a.open = !a.open, true
		case SessionClosed:
			fits, a.over = fits && len(a.groups) == 0, true
		case GroupJoined:
			fits = fits && !a.groups[e.Group]
			a.groups[e.Group] = true
		case GroupLeft:
			fits = fits && a.groups[e.Group]
			delete(a.groups, e.Group)
		}
		if !fits || e.Hub != "model" {
			w.t.Errorf("event %+v does not follow from those before", e)
		}
	}
	for s, a := range accounts {
		if !a.over {
			w.t.Errorf("nobody was told of the end of session %v", s.handle)
		}
	}
}
