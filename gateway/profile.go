package gateway

import "time"

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
	// Fixed.
	userID string

	// Loop only.
	memberships []membership
	rare        *rarities // nil: none
}

// rarities are what few of the sessions have that have a profile. In a profile
// they would cost each of them 16 bytes.
type rarities struct {
	// Fixed.
	notes   map[string]string
	handler Handler // nil: the route's
	encoder Encoder // nil: none

	// Loop only.
	dropped uint64 // messages that the session was too slow for
}

// membership is a session's place in a group.
type membership struct {
	share uint32 // the loop's part of the group
	seat  uint32 // there
}

func (p *profile) user() string {
	if p == nil {
		return ""
	}
	return p.userID
}

func (p *profile) metadata() map[string]string {
	if p == nil || p.rare == nil {
		return nil
	}
	return p.rare.notes
}

func (p *profile) dropped() uint64 {
	if p == nil || p.rare == nil {
		return 0
	}
	return p.rare.dropped
}

// groups returns the memberships; they are borrowed until the next one begins
// or ends.
func (p *profile) groups() []membership {
	if p == nil {
		return nil
	}
	return p.memberships
}

// identify notes whose session it is.
func (s *shard) identify(x *session, i *Identity) {
	if i.User != "" {
		s.profileOf(x).userID = i.User
	}
	if len(i.Metadata) > 0 {
		s.raritiesOf(x).notes = i.Metadata
	}
}

// equip gives the session what a program has given its request.
func (s *shard) equip(x *session, r *Request) {
	x.form = r.Form
	if r.Handler != nil {
		s.raritiesOf(x).handler = r.Handler
		x.flags |= flagHandler
	}
	if r.Encoder != nil {
		s.raritiesOf(x).encoder = r.Encoder
		x.flags |= flagEncoder
	}
}

// profileOf returns the session's profile, making it if need be.
func (s *shard) profileOf(x *session) *profile {
	if x.profile == nil {
		x.profile = new(profile)
	}
	return x.profile
}

// raritiesOf returns what is rare of the session's profile, making it if need be.
func (s *shard) raritiesOf(x *session) *rarities {
	p := s.profileOf(x)
	if p.rare == nil {
		p.rare = new(rarities)
	}
	return p.rare
}
