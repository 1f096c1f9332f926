package gateway

import (
	"fmt"
	"unicode/utf8"

	"github.com/sluicegate/sluice/poller"
)

// occupy takes the places that a session needs, in the node, in its hub, and of
// its address and user. It returns nil, or the refusal of the first that has
// none left.
func (s *shard) occupy(c *poller.Conn, rt *route, r *Request) *refusal {
	g := s.gateway
	perAddress := g.config.Limits.SessionsPerAddress
	if !g.sessions.Take(g.config.Limits.Sessions) {
		return &refusal{reason: ReasonNodeFull}
	}
	if perAddress > 0 && !g.addresses.Take(g.admission.mask.Masked(r.RemoteAddr.Addr()), perAddress) {
		g.sessions.Put()
		return &refusal{reason: ReasonAddressFull}
	}
	refused := rt.hub.occupy(s.session(c), r.Identity.User)
	if refused == nil {
		return nil
	}
	if perAddress > 0 {
		g.addresses.Put(g.admission.mask.Masked(r.RemoteAddr.Addr()))
	}
	g.sessions.Put()
	return refused
}

func (h *Hub) occupy(s Session, user string) *refusal {
	if h == nil {
		return nil
	}
	if !h.sessions.Take(h.maxSessions) {
		return &refusal{reason: ReasonHubFull}
	}
	if user != "" && !h.users.Add(user, s.handle, h.sessionsPerUser) {
		h.sessions.Put()
		return &refusal{reason: ReasonUserFull}
	}
	return nil
}

// vacate gives back the places of a session that has ended.
func (s *shard) vacate(c *poller.Conn, x *session) {
	g := s.gateway
	g.sessions.Put()
	if g.config.Limits.SessionsPerAddress > 0 {
		g.addresses.Put(g.admission.mask.Masked(c.RemoteAddr().Addr()))
	}
	h := s.route(x).hub
	if h == nil {
		return
	}
	h.sessions.Put()
	if user := x.profile.user(); user != "" {
		h.users.Remove(user, c.Handle())
	}
}

// check returns what is wrong with an identity that a program has given, or nil.
func (i *Identity) check(limits *Limits, h *Hub) error {
	if size := i.size(); size > limits.Identity {
		return fmt.Errorf("the user id and the metadata have %d bytes together; Limits.Identity is %d", size, limits.Identity)
	}
	if len(i.Groups) > limits.Groups {
		return fmt.Errorf("%d groups; Limits.Groups is %d", len(i.Groups), limits.Groups)
	}
	if h == nil && (i.User != "" || len(i.Groups) > 0) {
		return fmt.Errorf("users and groups are a hub's, and the route is none's")
	}
	for _, name := range i.Groups {
		if err := checkGroupName(name); err != nil {
			return err
		}
	}
	return nil
}

// checkGroupName returns an error for what cannot name a group.
func checkGroupName(name string) error {
	if n := utf8.RuneCountInString(name); n < 1 || n > maxGroupName || !utf8.ValidString(name) {
		return fmt.Errorf("%w: it has %d", ErrGroupName, n)
	}
	return nil
}
