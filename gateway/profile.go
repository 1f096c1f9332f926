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
	notes  map[string]string

	// Loop only.
	memberships []membership
	dropped     uint64 // messages that the session was too slow for
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
	if p == nil {
		return nil
	}
	return p.notes
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
	if i.User == "" && len(i.Metadata) == 0 {
		return
	}
	x.profile = &profile{userID: i.User, notes: i.Metadata}
}

// profileOf returns the session's profile, making it if need be.
func (s *shard) profileOf(x *session) *profile {
	if x.profile == nil {
		x.profile = new(profile)
	}
	return x.profile
}
