package gateway

import (
	"context"
	"errors"
	"time"

	"github.com/sluicegate/sluice/poller"
)

// Decide decides on an upgrade before it is answered, as [Authorize] does, but on
// a goroutine of its own: it may ask others and take its time. ctx ends after
// [Timeouts].Decide, or when the client leaves, as one does that ends its stream,
// or the gateway stops. Frames that the client has sent already are handled after
// the upgrade. It borrows r.
type Decide func(ctx context.Context, r *Request) error

// decision is an upgrade that a program is deciding on. The loop, and a goroutine
// of the crew, share what is fixed; the outcome goes back as a task.
type decision struct {
	// Fixed.
	shard   *shard
	handle  poller.Handle
	route   *route
	ctx     context.Context
	cancel  context.CancelFunc
	request *Request // its fields are the program's until the outcome is posted

	// Loop only.
	behind []byte // what came after the request

	// The crew's until the outcome is posted, then the loop's.
	refused *refusal
}

// maxBehind is how many bytes are kept of what a client sends ahead of the
// decision. With more it is not read, and the end of its stream is not seen.
const maxBehind = 16 << 10

// errUndecided is why a context ends once its time has passed.
var errUndecided = errors.New("gateway: no decision in time")

// exited is the outcome of a Decide that does not return.
var exited = &refusal{reason: ReasonInternal, cause: errors.New("gateway: Decide called runtime.Goexit")}

// deliberate has the program decide on an upgrade that has its places. It borrows
// behind.
func (s *shard) deliberate(c *poller.Conn, x *session, rt *route, r *Request, behind []byte) {
	g := s.gateway
	if !g.undecided.Take(s.config.Limits.Undecided) {
		s.vacate(c, rt)
		s.refuse(c, x, &refusal{reason: ReasonUndecidedFull})
		return
	}
	d := &decision{shard: s, handle: c.Handle(), route: rt, request: r}
	d.ctx, d.cancel = context.WithTimeoutCause(context.Background(), s.config.Timeouts.Decide, errUndecided)
	s.undecided.Put(c.Slot(), d)
	x.state, x.asked = undecided, s.loop.Now()
	g.crew.Submit(d)
	s.keepBehind(c, x, behind)
}

// keepBehind keeps what a client has sent ahead of the decision. Few send anything
// then, for they do not know yet that they are heard (RFC 6455 §4.1): where all do, an
// upgrade is refused rather than memory filled.
func (s *shard) keepBehind(c *poller.Conn, x *session, p []byte) {
	d := s.undecided.Get(c.Slot())
	d.behind = append(d.behind, p...)
	s.undecidedBytes += len(p)
	switch {
	case s.undecidedBytes > s.config.Limits.Backlog/len(s.gateway.shards):
		s.refuseUndecided(c, x, &refusal{reason: ReasonUndecidedFull})
	case len(d.behind) > maxBehind:
		c.Pause()
	}
}

// Run asks the program. It runs on a goroutine of the crew.
func (d *decision) Run() {
	defer d.report() // also if the program ends the goroutine
	if d.ctx.Err() == nil {
		d.refused = exited
		d.refused = d.ask()
	}
}

// report sends the outcome back to the loop.
func (d *decision) report() {
	if context.Cause(d.ctx) == errUndecided {
		d.refused = &refusal{reason: ReasonUndecided}
	}
	d.cancel()
	d.shard.gateway.undecided.Put() // not before: who has left stands in line, too
	d.shard.loop.Do((*outcomeOf)(d))
}

// ask calls the route's Decide. If that panics, the answer is no.
func (d *decision) ask() (refused *refusal) {
	defer func() {
		if fault := recover(); fault != nil {
			d.shard.gateway.journal.panicked("Decide", Session{d.shard, d.handle}, fault)
			refused = &refusal{reason: ReasonInternal}
		}
	}()
	if err := d.route.decide(d.ctx, d.request); err != nil {
		return unauthorized(err)
	}
	return nil
}

// outcomeOf is a decision on its way back to the loop.
type outcomeOf decision

// Run answers the upgrade, unless its client has left or its time has passed.
func (o *outcomeOf) Run(l *poller.Loop) {
	d := (*decision)(o)
	s, c := d.shard, l.Conn(d.handle)
	if c == nil || !c.Open() || s.undecided.Get(d.handle.Slot) != d {
		return
	}
	x := s.sessions.At(c.Slot())
	if d.refused != nil {
		s.refuseUndecided(c, x, d.refused)
		return
	}
	s.forgetDecision(d)
	c.Resume()
	s.unheld = true
	s.grant(c, x, d.route, d.request, d.behind)
	s.unheld = false
}

// abandonDecision forgets a decision that nobody waits for any more, and gives back
// the places.
func (s *shard) abandonDecision(c *poller.Conn) {
	d := s.undecided.Get(c.Slot())
	s.forgetDecision(d)
	d.cancel()
	s.vacate(c, d.route)
}

func (s *shard) forgetDecision(d *decision) {
	s.undecided.Delete(d.handle.Slot)
	s.undecidedBytes -= len(d.behind)
}

// refuseUndecided answers an upgrade that was not granted.
func (s *shard) refuseUndecided(c *poller.Conn, x *session, r *refusal) {
	s.abandonDecision(c)
	c.Resume()
	s.refuse(c, x, r)
}

// sweepUndecided refuses an upgrade that was not decided on in time: it may still
// stand in line, or its program does not heed its context.
func (s *shard) sweepUndecided(c *poller.Conn, x *session) {
	if s.loop.Now().Since(x.asked) >= s.config.Timeouts.Decide+decideSlack {
		s.refuseUndecided(c, x, &refusal{reason: ReasonUndecided})
	}
}

// decideSlack is how long a program has to return after its context has ended.
const decideSlack = 100 * time.Millisecond
