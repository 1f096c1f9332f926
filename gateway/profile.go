package gateway

import (
	"time"

	"github.com/sluicegate/sluice/poller"
)

// Identity is who a session belongs to. [Route].Authorize may give it one; it
// does not change afterwards.
type Identity struct {
	// User is the user's id; empty: nobody's in particular.
	User string
	// Groups are the groups that the session is a member of from its beginning.
	// They are not counted for [Limits].Identity.
	Groups []string
	// Expires, if set, is when the session ends with [ReasonExpired], at most a
	// quarter of the shortest of [Timeouts] late.
	Expires time.Time
	// Metadata are what the program notes about the session.
	Metadata map[string]string
}

// size is what counts for [Limits].Identity.
func (i *Identity) size() int {
	size := len(i.User)
	for key, value := range i.Metadata {
		size += len(key) + len(value)
	}
	return size
}

// profile is what some sessions have and most do not. A plain session has none.
type profile struct {
	// Fixed before the hub's users have it, whose goroutines read them.
	userID string
	handle poller.Handle // set for those with a user

	// Loop only.
	memberships uint32 // a list of the loop's; it fills a word with handle

	// Fixed.
	equipment *equipment // nil: none
	notes     map[string]string
}

// equipment is what a program has given a session alone.
type equipment struct {
	// Fixed.
	handler Handler // nil: the route's
	encoder Encoder // nil: none
}

// UserID implements [hub.Member]. It may be called from any goroutine.
func (p *profile) UserID() string { return p.userID }

func (p *profile) user() string {
	if p == nil {
		return ""
	}
	return p.userID
}

func (p *profile) metadata() map[string]string {
	if p == nil {
		return nil
	}
	return p.notes
}

// list returns the list of the session's memberships.
func (p *profile) list() uint32 {
	if p == nil {
		return noMembership
	}
	return p.memberships
}

// identify notes whose session it is.
func (s *shard) identify(c *poller.Conn, x *session, i *Identity) {
	if i.User != "" {
		p := s.profileOf(x)
		p.userID, p.handle = i.User, c.Handle()
	}
	if len(i.Metadata) > 0 {
		s.profileOf(x).notes = i.Metadata
	}
}

// equip gives the session what a program has given its request.
func (s *shard) equip(x *session, r *Request) {
	x.form = r.Form
	if r.Handler != nil {
		x.flags |= flagHandler
	}
	if r.Encoder != nil {
		x.flags |= flagEncoder
	}
	if x.flags&(flagHandler|flagEncoder) != 0 {
		s.profileOf(x).equipment = &equipment{r.Handler, r.Encoder}
	}
}

// profileOf returns the session's profile, making it if need be.
func (s *shard) profileOf(x *session) *profile {
	if x.profile == nil {
		x.profile = new(profile)
	}
	return x.profile
}
