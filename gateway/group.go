package gateway

import (
	"context"
	"errors"

	"github.com/sluicegate/sluice/gateway/internal/hub"
	"github.com/sluicegate/sluice/poller"
)

// Group is a named set of sessions of one hub. It is a value: it may name a
// group that has no members, or has none any more. A group costs memory only
// while it has members. Its methods may be called from any goroutine.
type Group struct {
	hub  *Hub
	name string
}

// maxGroupName is the length of a group's name, in characters.
const maxGroupName = 1024

// Errors of joining.
var (
	// ErrGroupName: a group's name has 1 to 1,024 characters of UTF-8.
	ErrGroupName = errors.New("gateway: a group's name must be 1 to 1024 characters of UTF-8")
	// ErrOtherGateway: the session is another gateway's than the group.
	ErrOtherGateway = errors.New("gateway: the session is another gateway's than the group")
	// ErrTooManyGroups: the session is in [Limits].Groups groups.
	ErrTooManyGroups = errors.New("gateway: the session is in as many groups as it may be")
)

// Group returns the group of that name.
func (h *Hub) Group(name string) Group { return Group{h, name} }

// Name returns the group's name.
func (g Group) Name() string { return g.name }

// Len returns the number of members.
func (g Group) Len() int {
	if found := g.hub.groups.Find(g.name); found != nil {
		return found.Members()
	}
	return 0
}

// Join makes s a member, if it is not one already. It does not wait: what is
// sent to the session, or published to the group, after Join comes after it. A
// session of another hub does not join, nor one that is in [Limits].Groups
// groups; see [Session.Info]. Errors are [ErrGroupName], [ErrOtherGateway],
// [ErrEnded] and [ErrBusy].
func (g Group) Join(s Session) error { return g.JoinThen(s, nil) }

// JoinThen is Join, and without an error has then called, once, with what became of
// it: nil if s is a member, [ErrTooManyGroups], or [ErrEnded] if it has ended or is
// another hub's. That is on the session's loop: then must not block.
func (g Group) JoinThen(s Session, then func(error)) error {
	if err := checkGroupName(g.name); err != nil {
		return err
	}
	if s.shard == nil {
		return ErrEnded
	}
	if s.shard.gateway != g.hub.gateway {
		return ErrOtherGateway
	}
	loop := int(s.handle.Loop)
	j := &join{hub: g.hub, group: g.hub.groups.Hold(g.name, loop), handle: s.handle, then: then}
	if err := s.shard.loop.Offer(j, len(g.name)); err != nil {
		g.hub.groups.Drop(j.group, loop)
		return sendError(err)
	}
	return nil
}

// Leave ends the membership of s, if there is one. It does not wait: what was
// published to the group before Leave still arrives. Errors are [ErrEnded] and
// [ErrBusy].
func (g Group) Leave(s Session) error {
	if s.shard == nil {
		return ErrEnded
	}
	return sendError(s.shard.loop.PostRef(s.handle, letterLeave, g, len(g.name)))
}

// LeaveAll is [Group.Leave] for every group that s is in.
func (s Session) LeaveAll() error {
	if s.shard == nil {
		return ErrEnded
	}
	return sendError(s.shard.loop.PostRef(s.handle, letterLeaveAll, nil, 0))
}

// Publish sends a message to every member; see [Hub]. A group without members
// is no error.
func (g Group) Publish(p Publication) error {
	made, err := g.hub.encode(&p, g.hub.classOf(g.name))
	if err != nil {
		return err
	}
	return g.publish(made)
}

// Deliver is Publish, and waits to learn what became of the message.
func (g Group) Deliver(ctx context.Context, p Publication) (Reach, error) {
	made, err := g.hub.encode(&p, g.hub.classOf(g.name))
	if err != nil {
		return Reach{}, err
	}
	return made.deliver(ctx, g.hub.gateway, g.publish)
}

func (g Group) publish(p *publication) error {
	var failed error
	g.hub.groups.Tell(g.name, func(group *hub.Group, loop int) {
		if p.group == nil {
			p.group = group // before the first loop may look
		}
		if err := g.hub.gateway.shards[loop].offer(p); err != nil {
			failed = err
		}
	})
	return failed
}

// join is a session's wish to be a member, on its way to the session's loop. It
// holds the group.
type join struct {
	hub    *Hub
	group  *hub.Group
	handle poller.Handle
	then   func(error) // nil: nobody asks what becomes of it
}

// Run carries the join out.
func (j *join) Run(l *poller.Loop) {
	s := j.hub.gateway.shards[l.Index()]
	kept, err := s.admitMember(j, l.Conn(j.handle))
	if !kept {
		j.hub.groups.Drop(j.group, l.Index())
	}
	if j.then != nil {
		j.answer(s, err)
	}
}

// answer tells who asks what has become of the join. It may panic: it is a program's
// own, and its loop serves others too.
func (j *join) answer(s *shard, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			s.gateway.journal.panicked("JoinThen", Session{s, j.handle}, fault)
		}
	}()
	j.then(err)
}
