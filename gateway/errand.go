package gateway

import (
	"context"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/poller"
)

// Selection says which sessions of a hub, a group or a user are meant. The zero
// value means all.
type Selection struct {
	// Except and Filter are as in [Publication].
	Except []Session
	Filter func(*Recipient) bool
}

// errandSize is what an errand counts for among what waits for a loop, in bytes.
const errandSize = 256

// errand makes a publication that has something done rather than sent. It takes
// the way of messages, so it is done in their order and in slices.
func (which *Selection) errand(do func(*Recipient)) *publication {
	return &publication{errand: do, size: errandSize, except: which.Except, filter: which.Filter, begun: time.Now()}
}

// errand is [Selection.errand] for sessions of the hub.
func (h *Hub) errand(which *Selection, do func(*Recipient)) *publication {
	made := which.errand(do)
	made.hub = h
	return made
}

// runErrand runs an errand for one session. A panic is logged, and the errand goes on
// with the next session.
func (s *shard) runErrand(c *poller.Conn, x *session, do func(*Recipient)) (became outcome) {
	if !receives(c, x) {
		return outcomeGone
	}
	s.recipient = Recipient{s, c, x}
	defer func() {
		s.recipient = Recipient{}
		if fault := recover(); fault != nil {
			s.gateway.journal.panicked("errand", s.session(c), fault)
			became = outcomeWithheld
		}
	}()
	do(&s.recipient)
	return outcomeSent
}

// Each has do called for every session of the hub that is selected: on the
// session's loop, on several loops at once. What was published to the hub before comes
// first, and waits for its window no longer. do must not block. It may call what does
// not wait, such as [Session.Close] and [Group.Join], of any session. Errors are
// [ErrBusy] and [ErrEnded], as with [Hub.Publish].
func (h *Hub) Each(which Selection, do func(*Recipient)) error {
	return h.publishToAll(h.errand(&which, do))
}

// Visit is Each, and waits until do has returned for all. It returns their number,
// and must not be called on a loop.
func (h *Hub) Visit(ctx context.Context, which Selection, do func(*Recipient)) (int, error) {
	return visited(h.errand(&which, do).deliver(ctx, h.gateway, h.publishToAll))
}

// CloseAll is [Session.Close] for every session of the hub that is selected.
func (h *Hub) CloseAll(which Selection, code ws.StatusCode, reason string) error {
	return closeAll(h.Each, which, code, reason)
}

// Each is [Hub.Each] for the members of the group.
func (g Group) Each(which Selection, do func(*Recipient)) error {
	return g.publish(g.hub.errand(&which, do))
}

// Visit is [Hub.Visit] for the members of the group.
func (g Group) Visit(ctx context.Context, which Selection, do func(*Recipient)) (int, error) {
	return visited(g.hub.errand(&which, do).deliver(ctx, g.hub.gateway, g.publish))
}

// CloseAll is [Session.Close] for every member of the group that is selected.
func (g Group) CloseAll(which Selection, code ws.StatusCode, reason string) error {
	return closeAll(g.Each, which, code, reason)
}

// Each is [Hub.Each] for the sessions of the user.
func (u User) Each(which Selection, do func(*Recipient)) error {
	return u.publish(u.hub.errand(&which, do))
}

// Visit is [Hub.Visit] for the sessions of the user.
func (u User) Visit(ctx context.Context, which Selection, do func(*Recipient)) (int, error) {
	return visited(u.hub.errand(&which, do).deliver(ctx, u.hub.gateway, u.publish))
}

// CloseAll is [Session.Close] for every session of the user that is selected.
func (u User) CloseAll(which Selection, code ws.StatusCode, reason string) error {
	return closeAll(u.Each, which, code, reason)
}

// Visit has do called for the session, on its loop, after what was sent to it
// before, and waits until that has returned. The error is [ErrEnded] if the
// session has ended, [ErrBusy], or ctx's. do must not block, and Visit must not be
// called on a loop.
func (s Session) Visit(ctx context.Context, do func(*Recipient)) error {
	if s.shard == nil {
		return ErrEnded
	}
	n, err := visited((&Selection{}).errand(do).deliver(ctx, s.shard.gateway, s.publish))
	if err == nil && n == 0 {
		return ErrEnded
	}
	return err
}

// visited returns the number of sessions that an errand was run for.
func visited(r Reach, err error) (int, error) { return r.Sent, err }

// closeAll closes the sessions that each reaches.
func closeAll(each func(Selection, func(*Recipient)) error, which Selection, code ws.StatusCode, reason string) error {
	if err := checkCloseCode(code); err != nil {
		return err
	}
	letter := poller.Letter{Kind: letterClose, Bytes: codec.AppendClose(nil, code, reason)}
	return each(which, func(r *Recipient) { r.Session().summon(letter) })
}
