package pubsub

import (
	"slices"
	"strings"
	"sync"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/api"
	"github.com/sluicegate/sluice/internal/shrinkmap"
)

// index is the reliable clients of a hub, with or without a socket. Its lock comes
// before that of a circle, and both before a client's.
type index struct {
	// Guarded by mu.
	mu       sync.RWMutex
	byID     shrinkmap.Map[string, *client]
	everyone circle
	groups   circles
	users    circles
}

// circle is reliable clients that are told something together, in one order for all.
type circle struct {
	// Guarded by the index's lock.
	members members

	order sync.Mutex // held while they are told
}

// members are those of a circle, and circles those of some kind, by name.
type (
	members = shrinkmap.Map[*client, struct{}]
	circles = shrinkmap.Map[string, *circle]
)

// find returns the client of a connection id, or nil.
func (x *index) find(id string) *client {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.byID.Get(id)
}

// len returns the number of clients.
func (x *index) len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.byID.Len()
}

// all returns every client.
func (x *index) all() []*client { return x.chosen(api.Selection{}) }

// add takes in a client with its first groups.
func (x *index) add(c *client, groups []string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.byID.Put(c.lasting.id, c)
	x.everyone.members.Put(c, struct{}{})
	if c.user != "" {
		enter(&x.users, c.user, c)
	}
	for _, name := range groups {
		x.enterGroup(c, name)
	}
}

// remove takes a client out of everything, and returns the groups that it was in.
func (x *index) remove(c *client) (groups []string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.byID.Delete(c.lasting.id)
	x.everyone.members.Delete(c)
	exit(&x.users, c.user, c)
	groups, c.lasting.groups = c.lasting.groups, nil
	for _, name := range groups {
		exit(&x.groups, name, c)
	}
	return groups
}

// join makes a client a member of a group, and reports whether it was none before. One
// that has ended does not join. For one that is in most groups, the error is
// [gateway.ErrTooManyGroups].
func (x *index) join(c *client, name string, most int) (joined bool, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(c.lasting.groups) >= most && !slices.Contains(c.lasting.groups, name) {
		return false, gateway.ErrTooManyGroups
	}
	return x.byID.Get(c.lasting.id) == c && x.enterGroup(c, name), nil
}

func (x *index) enterGroup(c *client, name string) bool {
	if !enter(&x.groups, name, c) {
		return false
	}
	c.lasting.groups = append(c.lasting.groups, name)
	return true
}

// leave ends a membership, and reports whether there was one.
func (x *index) leave(c *client, name string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !exit(&x.groups, name, c) {
		return false
	}
	at := slices.Index(c.lasting.groups, name)
	c.lasting.groups = slices.Delete(c.lasting.groups, at, at+1)
	return true
}

// groupsOf returns the groups of a client; the caller owns them.
func (x *index) groupsOf(c *client) []string {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return slices.Clone(c.lasting.groups)
}

// has reports whether a target has clients.
func (x *index) has(t api.Target) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.members(t).Len() > 0
}

// member returns the members of a group with ids after one, sorted by them.
func (x *index) member(group, after string, limit int) []api.Member {
	found := x.chosen(api.Selection{Target: api.Target{Scope: api.Group, Name: group}})
	slices.SortFunc(found, func(a, b *client) int { return strings.Compare(a.lasting.id, b.lasting.id) })
	var page []api.Member
	for _, c := range found {
		if c.lasting.id > after && len(page) < limit {
			page = append(page, api.Member{Connection: c.lasting.id, User: c.user, Cursor: reliableCursor + c.lasting.id})
		}
	}
	return page
}

// chosen returns the clients that a selection chooses.
func (x *index) chosen(which api.Selection) []*client {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var all []*client
	for c := range x.members(which.Target).All() {
		if x.chooses(&which, c) {
			all = append(all, c)
		}
	}
	return all
}

// send has a message numbered and kept for each client that is chosen, all but one,
// and sent to those that have a socket. It returns for how many it is kept, and how
// many were ended because they leave too much unacknowledged.
func (x *index) send(which *api.Selection, except *client, made *shared) (kept gateway.Reach) {
	var overrun []*client
	x.mu.RLock()
	members, order := x.members(which.Target), x.orderOf(which.Target)
	if members.Len() > 0 {
		order.Lock()
		for c := range members.All() {
			if c == except || !x.chooses(which, c) {
				continue
			}
			if c.deliver(made.in(c.protocol.Encoding), made.expires) {
				kept.Sent++
			} else {
				overrun = append(overrun, c)
			}
		}
		order.Unlock()
	}
	x.mu.RUnlock()
	for _, c := range overrun {
		c.overrun()
	}
	kept.Closed = len(overrun)
	return kept
}

// nobody is never changed.
var nobody = new(members)

func (x *index) members(t api.Target) *members {
	if t.Scope == api.Connection {
		if c := x.byID.Get(t.Name); c != nil {
			one := new(members)
			one.Put(c, struct{}{})
			return one
		}
		return nobody
	}
	if found := x.circle(t); found != nil {
		return &found.members
	}
	return nobody
}

// orderOf returns the lock that gives a target's messages their order. Those to one
// client have that of everyone.
func (x *index) orderOf(t api.Target) *sync.Mutex {
	if found := x.circle(t); found != nil {
		return &found.order
	}
	return &x.everyone.order
}

func (x *index) circle(t api.Target) *circle {
	switch t.Scope {
	case api.Group:
		return x.groups.Get(t.Name)
	case api.User:
		return x.users.Get(t.Name)
	case api.All:
		return &x.everyone
	}
	return nil
}

func (x *index) chooses(which *api.Selection, c *client) bool {
	return !slices.Contains(which.Except, c.lasting.id) && which.Filter.Matches(indexed{x, c})
}

func enter(in *circles, name string, c *client) bool {
	found := in.Get(name)
	if found == nil {
		found = new(circle)
		in.Put(name, found)
	}
	_, was := found.members.Lookup(c)
	found.members.Put(c, struct{}{})
	return !was
}

func exit(in *circles, name string, c *client) bool {
	found := in.Get(name)
	if found == nil {
		return false
	}
	_, was := found.members.Lookup(c)
	if found.members.Delete(c); found.members.Len() == 0 {
		in.Delete(name)
	}
	return was
}

// indexed is a reliable client as a filter sees it while the index is locked.
type indexed struct {
	index  *index
	client *client
}

var _ api.Subject = indexed{}

func (i indexed) UserID() (string, bool)   { return i.client.user, i.client.user != "" }
func (i indexed) ConnectionID() string     { return i.client.lasting.id }
func (i indexed) InGroup(name string) bool { return slices.Contains(i.client.lasting.groups, name) }
func (i indexed) Groups() int              { return len(i.client.lasting.groups) }
func (i indexed) Protocol() string         { return i.client.protocol.String() }
