package gateway

import (
	"github.com/sluicegate/sluice/gateway/internal/hub"
	"github.com/sluicegate/sluice/poller"
)

// admitMember carries out a join and reports whether the hold on the group that
// came with it is kept, and why the session is no member. c is nil if it has ended.
func (s *shard) admitMember(j *join, c *poller.Conn) (kept bool, err error) {
	if c == nil || !c.Writable() {
		s.counts.undelivered++
		return false, ErrEnded
	}
	x := s.sessions.At(c.Slot())
	switch {
	case x.state != open || s.route(x).hub != j.hub:
		s.counts.undelivered++
		return false, ErrEnded
	case s.joined(x, j.group):
		return false, nil
	case s.memberships.count(x.profile.list()) >= s.config.Limits.Groups:
		s.counts.joinsRefused++
		return false, ErrTooManyGroups
	}
	number, opened := s.openShare(j.hub, j.group)
	s.memberships.add(&s.profileOf(x).memberships, number, s.joinShare(number, c.Slot()))
	j.group.AddMembers(1)
	s.counts.joined++
	s.tell(c, x, GroupJoined, j.group.Name())
	return opened, nil
}

// tell tells who wants to know that a session has joined or left a group.
func (s *shard) tell(c *poller.Conn, x *session, kind EventKind, group string) {
	s.happened(c, x, kind, group)
	member, wants := s.handler(x).(Member)
	if !wants {
		return
	}
	session := s.session(c)
	defer func() {
		if fault := recover(); fault != nil {
			s.gateway.journal.panicked("Member", session, fault)
		}
	}()
	if kind == GroupJoined {
		member.Joined(session, group)
	} else {
		member.Left(session, group)
	}
}

// joinGroups makes a session that has just opened a member of groups.
func (s *shard) joinGroups(c *poller.Conn, x *session, h *Hub, groups []string) {
	for _, name := range groups {
		j := &join{hub: h, group: h.groups.Hold(name, s.loop.Index()), handle: c.Handle()}
		j.Run(s.loop)
	}
}

// joined reports whether the session is a member of a group.
func (s *shard) joined(x *session, group *hub.Group) bool {
	number, known := s.shareOf.Lookup(group)
	return known && s.memberships.find(x.profile.list(), number) != nil
}

// memberOf returns the session's membership in a group, nil if there is none.
func (s *shard) memberOf(x *session, group string) *membership {
	for m := range s.memberships.of(x.profile.list()) {
		if s.shares.At(m.share).group.Name() == group {
			return m
		}
	}
	return nil
}

// leave ends the membership in a group, if there is one, after what was
// published before.
func (s *shard) leave(c *poller.Conn, x *session, g Group) {
	if s.route(x).hub != g.hub {
		s.counts.undelivered++
		return
	}
	if m := s.memberOf(x, g.name); m != nil && s.hasten(c, x, *m) {
		s.dismiss(c, x, m)
	}
}

// leaveAll ends all memberships, after what was published before.
func (s *shard) leaveAll(c *poller.Conn, x *session) {
	for m := range s.memberships.of(x.profile.list()) {
		if !s.hasten(c, x, *m) {
			return
		}
	}
	s.dismissAll(c, x)
}

// hastenAll sends the session what was published before to its hub and to its
// groups. It reports whether the session lives on.
func (s *shard) hastenAll(c *poller.Conn, x *session) (is bool) {
	h := s.route(x).hub
	if h == nil {
		return true
	}
	if !s.hasten(c, x, membership{share: uint32(h.number), seat: x.seat}) {
		return false
	}
	for m := range s.memberships.of(x.profile.list()) {
		if !s.hasten(c, x, *m) {
			return false
		}
	}
	return true
}

// dismissAll ends all memberships.
func (s *shard) dismissAll(c *poller.Conn, x *session) {
	for m := range s.memberships.of(x.profile.list()) {
		s.dismiss(c, x, m)
	}
}

// dismiss ends one of the session's memberships.
func (s *shard) dismiss(c *poller.Conn, x *session, m *membership) {
	share, seat := m.share, m.seat
	s.memberships.remove(&x.profile.memberships, share)
	group := s.shares.At(share).group
	group.AddMembers(-1)
	s.leaveShare(share, c.Slot(), seat)
	s.counts.left++
	s.tell(c, x, GroupLeft, group.Name())
}

// joinHub makes a new session one of everyone of its hub.
func (s *shard) joinHub(c *poller.Conn, x *session) {
	if h := s.route(x).hub; h != nil {
		x.seat = s.joinShare(uint32(h.number), c.Slot())
	}
}

// leaveHub ends the session's place in its hub and in its groups.
func (s *shard) leaveHub(c *poller.Conn, x *session) {
	h := s.route(x).hub
	if h == nil {
		return
	}
	s.dismissAll(c, x)
	s.leaveShare(uint32(h.number), c.Slot(), x.seat)
}
