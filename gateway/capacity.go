package gateway

import (
	"fmt"
	"unicode/utf8"

	"github.com/sluicegate/sluice/poller"
)

// occupy takes the places that a session needs in the node and in its hub, and of
// its address. It returns nil, or the refusal of the first that has none left.
func (s *shard) occupy(c *poller.Conn, rt *route, r *Request) *refusal {
	g := s.gateway
	perAddress := s.config.Limits.SessionsPerAddress
	if !g.sessions.Take(r.limit(s.config.Limits.Sessions)) {
		return &refusal{reason: ReasonNodeFull}
	}
	if perAddress > 0 && !g.addresses.Take(s.door.rules.mask.Masked(c.RemoteAddr().Addr()), r.limit(perAddress)) {
		g.sessions.Put()
		return &refusal{reason: ReasonAddressFull}
	}
	if h := rt.hub; h != nil && !h.sessions.Take(r.limit(int(h.maxSessions.Load()))) {
		s.vacateNode(c)
		return &refusal{reason: ReasonHubFull}
	}
	return nil
}

// limit returns a limit of sessions as it holds for the request: twice as high for one
// that replaces a session, which has its place until its end. So all may be replaced at
// once, and who replaces one again and again still meets the limit.
func (r *Request) limit(most int) int {
	if r.Replaces != (Session{}) {
		return 2 * most
	}
	return most
}

// register takes the place that a session needs of its user, once that is known.
func (h *Hub) register(p *profile, r *Request) *refusal {
	if p.user() != "" && !h.users.Add(p, r.limit(int(h.sessionsPerUser.Load()))) {
		return &refusal{reason: ReasonUserFull}
	}
	return nil
}

// unregister gives the place back.
func (h *Hub) unregister(p *profile) {
	if p.user() != "" {
		h.users.Remove(p)
	}
}

// vacate gives back what occupy has taken.
func (s *shard) vacate(c *poller.Conn, rt *route) {
	s.vacateNode(c)
	if rt.hub != nil {
		rt.hub.sessions.Put()
	}
}

func (s *shard) vacateNode(c *poller.Conn) {
	g := s.gateway
	g.sessions.Put()
	if s.config.Limits.SessionsPerAddress > 0 {
		g.addresses.Put(s.door.rules.mask.Masked(c.RemoteAddr().Addr()))
	}
}

// check returns what is wrong with what a program has made of a request, or nil.
func (r *Request) check(limits *Limits, h *Hub) error {
	if r.Form >= Forms {
		return fmt.Errorf("form %d; there are %d", r.Form, Forms)
	}
	if r.Subprotocol != "" && !r.offers(r.Subprotocol) {
		return fmt.Errorf("subprotocol %s, which the client does not offer", printable(r.Subprotocol))
	}
	return r.Identity.check(limits, h)
}

// offers reports whether the client offers a subprotocol.
func (r *Request) offers(subprotocol string) bool {
	for name := range r.Protocols() {
		if name == subprotocol {
			return true
		}
	}
	return false
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
