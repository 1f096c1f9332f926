package gateway

import (
	"context"

	"github.com/sluicegate/sluice/poller"
	"github.com/sluicegate/sluice/poller/slab"
)

// Listing says which sessions of a hub are asked for.
type Listing struct {
	// Group and User, if set, leave only the members of a group and the sessions
	// of a user.
	Group string
	User  string
	// After is the session that the last listing ended with; the zero Session
	// begins at the first.
	After Session
	// Limit is how many are returned at most, 1 to 10,000. Default 100.
	Limit int
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
	if which.Limit == 0 {
		which.Limit = 100
	}
	which.Limit = max(1, min(which.Limit, 10_000))
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
			return nil, ctx.Err()
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
	if p.which.Group == "" {
		return true
	}
	_, is := s.memberOf(x, p.which.Group)
	return is
}
