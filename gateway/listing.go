package gateway

import (
	"context"
	"fmt"

	"github.com/sluicegate/sluice/poller"
	"github.com/sluicegate/sluice/poller/slab"
)

// Listing says which sessions of a hub are asked for.
type Listing struct {
	// Group and User, if set, leave only the members of a group and the sessions
	// of a user.
	Group string
	User  string
	// Slow leaves only the sessions whose clients are too slow, or were: messages
	// wait in a queue for them, or were dropped.
	Slow bool
	// After is the session that the last listing ended with; the zero Session
	// begins at the first.
	After Session
	// Limit is how many are returned at most, 1 to 10,000. Default 100.
	Limit int
}

// listed returns how many entries a listing has at most that asks for limit.
func listed(limit int) int {
	if limit == 0 {
		return 100
	}
	return max(1, min(limit, 10_000))
}

// listedSlots is how many slots of a loop a listing looks at in one turn: some
// 100 µs.
const listedSlots = 4096

// List returns sessions of the hub, in an order of its own. Sessions that are
// open all the while are listed exactly once, from page to page. A listing
// visits the loops one after the other, each for a small part of a turn at a
// time; it must not be called on a loop. The error is ctx's, or says that the
// gateway does not serve.
func (h *Hub) List(ctx context.Context, which Listing) ([]SessionInfo, error) {
	which.Limit = listed(which.Limit)
	loop, slot := 0, uint32(0)
	if after := which.After; after.shard != nil {
		loop, slot = int(after.handle.Loop), after.handle.Slot+1
	}
	var found []SessionInfo
	for ; loop < len(h.gateway.shards) && len(found) < which.Limit; loop++ {
		part := &partListing{shard: h.gateway.shards[loop], hub: h, which: which, slot: slot, room: which.Limit - len(found), done: make(chan struct{})}
		if err := part.shard.loop.Do(part); err != nil {
			return found, errNotServing
		}
		select {
		case <-part.done:
		case <-ctx.Done():
			return nil, fmt.Errorf("gateway: loop %d does not answer: %w", loop, ctx.Err())
		}
		found = append(found, part.found...)
		slot = 0
	}
	return found, nil
}

// partListing is what a listing asks of one loop.
type partListing struct {
	// Fixed.
	shard *shard
	hub   *Hub
	which Listing
	room  int
	done  chan struct{}

	// Loop only, until done.
	slot  uint32
	found []SessionInfo
}

// Run looks at some slots.
func (p *partListing) Run(l *poller.Loop) {
	s := p.shard
	end := uint32(s.sessions.Pages() * slab.PageSize)
	for last := min(end, p.slot+listedSlots); p.slot < last && len(p.found) < p.room; p.slot++ {
		if c := l.ConnAt(p.slot); c != nil && p.matches(s.sessions.At(p.slot)) {
			p.found = append(p.found, *s.describe(c))
		}
	}
	if p.slot >= end || len(p.found) == p.room || l.Do(p) != nil {
		close(p.done)
	}
}

func (p *partListing) matches(x *session) bool {
	s := p.shard
	if x.state != open && x.state != ending || s.route(x).hub != p.hub {
		return false
	}
	if p.which.User != "" && x.profile.user() != p.which.User {
		return false
	}
	if p.which.Slow && x.backlog == nil && s.dropped(p.slot) == 0 {
		return false
	}
	return p.which.Group == "" || s.memberOf(x, p.which.Group) != nil
}

// GroupInfo is what is known of a group.
type GroupInfo struct {
	Name string `json:"name"`
	// Class is the name of the [GroupClass] that its messages are delivered by, or
	// "hub".
	Class string `json:"class"`
	// Members is the number of members: 0 while the first is about to join, or the
	// last has just left.
	Members int `json:"members"`
}

// Groups returns up to limit groups of the hub whose names come after one, sorted
// by name. Limit is as in [Listing]. Groups that are there all the while are
// listed exactly once, from page to page. Each page looks at all names, which
// takes some 300 ms for a million; no loop is asked.
func (h *Hub) Groups(after string, limit int) []GroupInfo {
	names := h.groups.Names(after, listed(limit))
	groups := make([]GroupInfo, len(names))
	for i, name := range names {
		groups[i] = GroupInfo{Name: name, Class: h.classOf(name).name, Members: h.Group(name).Len()}
	}
	return groups
}
