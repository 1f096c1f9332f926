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
	handler Handler // nil: the route's
}

// rarity is what few sessions have, even of those with a profile. It is found by slot:
// in the profiles it would cost each of them 40 bytes.
type rarity struct {
	// Fixed.
	notes   map[string]string
	encoder Encoder // nil: none

	// Loop only.
	dropped uint64 // messages that the session was too slow for
	refused error  // why it is none, for the log; nil: that needs no words
}

// UserID implements [hub.Member]. It may be called from any goroutine.
func (p *profile) UserID() string { return p.userID }

func (p *profile) user() string {
	if p == nil {
		return ""
	}
	return p.userID
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
		s.rarityOf(c.Slot()).notes = i.Metadata
	}
}

// equip gives the session what a program has given its request.
func (s *shard) equip(slot uint32, x *session, r *Request) {
	x.form = r.Form
	if r.Handler != nil {
		s.profileOf(x).handler = r.Handler
		x.flags |= flagHandler
	}
	if r.Encoder != nil {
		s.rarityOf(slot).encoder = r.Encoder
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

// rarityOf returns what is rare of the session at slot, making it if need be.
func (s *shard) rarityOf(slot uint32) *rarity {
	r := s.rarities.Get(slot)
	if r == nil {
		r = new(rarity)
		s.rarities.Put(slot, r)
	}
	return r
}

// metadata returns the notes on the session at slot.
func (s *shard) metadata(slot uint32) map[string]string {
	if r := s.rarities.Get(slot); r != nil {
		return r.notes
	}
	return nil
}

// dropped returns how many messages the session at slot was too slow for.
func (s *shard) dropped(slot uint32) uint64 {
	if r := s.rarities.Get(slot); r != nil {
		return r.dropped
	}
	return 0
}

// causeOf returns why the connection at slot has ended, which the poller knows the last
// part of.
func (s *shard) causeOf(slot uint32, last error) error {
	if r := s.rarities.Get(slot); r != nil && r.refused != nil {
		return r.refused
	}
	return last
}
