package gateway

import "context"

// User is the sessions of one user of a hub: those whose [Identity] names it. It
// is a value, as [Group] is, and its methods may be called from any goroutine.
type User struct {
	hub *Hub
	id  string
}

// User returns the user with that id.
func (h *Hub) User(id string) User { return User{h, id} }

// ID returns the user's id.
func (u User) ID() string { return u.id }

// Sessions returns the user's open sessions, in no order.
func (u User) Sessions() []Session {
	var all []Session
	for _, p := range u.hub.users.Of(u.id, nil) {
		all = append(all, Session{u.hub.gateway.shards[p.handle.Loop], p.handle})
	}
	return all
}

// Publish sends a message to every session of the user; see [Hub].
func (u User) Publish(p Publication) error {
	made, err := u.hub.encode(&p, u.hub.class)
	if err != nil {
		return err
	}
	return u.publish(made)
}

// Deliver is Publish, and waits to learn what became of the message.
func (u User) Deliver(ctx context.Context, p Publication) (Reach, error) {
	made, err := u.hub.encode(&p, u.hub.class)
	if err != nil {
		return Reach{}, err
	}
	return made.deliver(ctx, u.hub.gateway, u.publish)
}

func (u User) publish(p *publication) error {
	var failed error
	for _, s := range u.Sessions() {
		if err := s.publish(p); err != nil {
			failed = err
		}
	}
	return failed
}
