package gateway

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/gateway/internal/hub"
	"github.com/sluicegate/sluice/poller"
)

// Publication is one message for any number of sessions.
type Publication struct {
	// Type says what Payload is.
	Type MessageType
	// Payload is borrowed until the call returns.
	Payload []byte
	// Key is what the message updates, for the policy [Conflate]: "player 7",
	// for example. Keys of one group do not meet those of another.
	Key string
	// Except are sessions that are not sent the message. It is kept, and must
	// not change.
	Except []Session
	// Filter, if set, chooses among the other sessions. It is called for each on
	// the session's loop, on several loops at once, and must not block.
	Filter func(*Recipient) bool
	// Content, if set, is the message in further forms, for the sessions that have
	// a form or an encoder of their own. Type and Payload are form 0.
	Content Content
}

// Reach is what became of a message, in numbers of sessions.
type Reach struct {
	// Sent is how many it is on its way to: the kernel has it, or it waits.
	Sent int
	// Dropped is how many it was withheld from because they are too slow.
	Dropped int
	// Closed is how many were ended for being too slow.
	Closed int
}

// Recipient is a session as a [Publication]'s filter, or an errand, sees it. It is
// valid during the call.
type Recipient struct {
	shard   *shard
	conn    *poller.Conn
	session *session
}

// Session returns the session.
func (r *Recipient) Session() Session { return r.shard.session(r.conn) }

// User returns the session's user id, or "".
func (r *Recipient) User() string { return r.session.profile.user() }

// Hub returns the name of the session's hub, or "".
func (r *Recipient) Hub() string {
	if h := r.shard.route(r.session).hub; h != nil {
		return h.name
	}
	return ""
}

// Groups returns the number of groups that the session is in.
func (r *Recipient) Groups() int { return r.shard.memberships.count(r.session.profile.list()) }

// Metadata returns what the session's metadata have for a key, or "".
func (r *Recipient) Metadata(key string) string { return r.shard.metadata(r.conn.Slot())[key] }

// Form returns the session's form.
func (r *Recipient) Form() Form { return r.session.form }

// Handler returns the session's handler: its own, or its route's.
func (r *Recipient) Handler() Handler { return r.shard.handler(r.session) }

// InGroup reports whether the session is a member of a group.
func (r *Recipient) InGroup(name string) bool {
	return r.shard.memberOf(r.session, name) != nil
}

// publication is a [Publication] on its way, or an errand.
type publication struct {
	// Fixed once published.
	hub     *Hub             // nil: for one session
	group   *hub.Group       // nil: everyone of the hub
	class   *class           // nil: that of the session's route
	errand  func(*Recipient) // nil: it is a message
	plain   encoded          // in form 0
	forms   *forms           // in the other ones; nil: all sessions are sent form 0
	size    int              // what keeping it costs, in bytes
	key     string
	except  []Session
	filter  func(*Recipient) bool
	receipt *receipt  // nil: nobody waits for one
	begun   time.Time // of a hub's or a group's: when it was published
}

// encode makes a publication of p: its bytes are made once for all its
// receivers.
func encode(p *Publication) (*publication, error) {
	if err := p.Type.check(); err != nil {
		return nil, err
	}
	made := &publication{
		plain:  encoded{frame: codec.Encode(ws.OpCode(p.Type), p.Payload)},
		key:    p.Key,
		except: p.Except,
		filter: p.Filter,
	}
	made.size = made.plain.frame.Len()
	if p.Content != nil {
		made.forms = &forms{content: p.Content}
	}
	return made, nil
}

// encode makes a publication of p for sessions of the hub.
func (h *Hub) encode(p *Publication, class *class) (*publication, error) {
	begun := time.Now()
	made, err := encode(p)
	if err != nil {
		return nil, err
	}
	h.published.Add(1)
	made.hub, made.class, made.begun = h, class, begun
	if h.compresses {
		made.plain.deflated = new(deflated)
		if made.forms != nil {
			made.forms.compressed = true
		}
	}
	return made, nil
}

// isFor reports whether a session is to have the message.
func (p *publication) isFor(s *shard, c *poller.Conn, x *session) bool {
	for _, e := range p.except {
		if e.shard == s && e.handle == c.Handle() {
			return false
		}
	}
	return p.filter == nil || p.chooses(s, c, x)
}

// chooses asks the filter. One that panics chooses nobody: it is a program's
// own, and its loop serves others too.
func (p *publication) chooses(s *shard, c *poller.Conn, x *session) (is bool) {
	s.recipient = Recipient{s, c, x}
	defer func() {
		s.recipient = Recipient{}
		if fault := recover(); fault != nil {
			s.gateway.journal.panicked("filter", s.session(c), fault)
		}
	}()
	return p.filter(&s.recipient)
}

// give does for one session what the publication is for: it sends the message,
// in the session's form, or runs the errand.
func (s *shard) give(c *poller.Conn, x *session, p *publication, scope uint64) outcome {
	if p.errand != nil {
		return s.runErrand(c, x, p.errand)
	}
	m := outgoing{frame: p.plain.frame.Bytes(), shared: true, deflated: p.plain.deflated, class: p.class, key: p.key, scope: scope}
	if p.forms != nil && x.formed() && !s.form(c, x, p.forms, &m) {
		return outcomeWithheld
	}
	return s.send(c, x, m)
}

// post gives a loop a task that brings the message to sessions there, and
// finishes its part of the receipt.
func (p *publication) post(l *poller.Loop, task poller.Task) error {
	p.receipt.begin()
	err := l.Offer(task, p.size)
	if err != nil {
		p.receipt.finish()
	}
	return sendError(err)
}

// deliver sends the publication and waits to learn what became of it.
func (p *publication) deliver(ctx context.Context, g *Gateway, send func(*publication) error) (Reach, error) {
	p.receipt = newReceipt()
	err := send(p)
	p.receipt.finish()
	if err != nil {
		return Reach{}, err
	}
	return p.receipt.await(ctx, g)
}

// receipt counts what becomes of a publication, for whoever waits for it.
type receipt struct {
	// Fixed.
	done chan struct{} // closed when all parts are done

	// Atomic.
	sent, dropped, closed atomic.Int64
	left                  atomic.Int64 // parts that are not done
}

// newReceipt returns a receipt with one part, that of the publisher.
func newReceipt() *receipt {
	r := &receipt{done: make(chan struct{})}
	r.left.Store(1)
	return r
}

// note counts the outcome for one session.
func (r *receipt) note(o outcome) {
	switch {
	case r == nil:
	case o == outcomeSent:
		r.sent.Add(1)
	case o == outcomeDropped:
		r.dropped.Add(1)
	case o == outcomeClosed:
		r.closed.Add(1)
	}
}

// begin adds a part.
func (r *receipt) begin() {
	if r != nil {
		r.left.Add(1)
	}
}

// finish ends one part. The last one wakes who waits.
func (r *receipt) finish() {
	if r != nil && r.left.Add(-1) == 0 {
		close(r.done)
	}
}

// await waits for all parts. A gateway that ends may leave some undone: those
// that waited for the end of a window.
func (r *receipt) await(ctx context.Context, g *Gateway) (Reach, error) {
	select {
	case <-r.done:
		return Reach{Sent: int(r.sent.Load()), Dropped: int(r.dropped.Load()), Closed: int(r.closed.Load())}, nil
	case <-g.ended:
		return Reach{}, ErrEnded
	case <-ctx.Done():
		return Reach{}, ctx.Err()
	}
}
