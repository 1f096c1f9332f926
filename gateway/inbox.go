package gateway

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/gateway/internal/workers"
	"github.com/sluicegate/sluice/poller"
	"github.com/sluicegate/sluice/poller/buf"
)

// inbox is what a session has for its pooled handler. It changes hands and is
// never shared: the loop collects deliveries while a worker runs the batch it
// was given, and the worker sends the inbox back through the loop's mailbox. So
// a session's deliveries run one at a time and in order, on any worker, and
// nothing is locked. An idle session has none.
type inbox struct {
	// Fixed while in use.
	shard   *shard
	session Session
	handler Handler

	// Loop only.
	waiting      []delivery
	waitingBytes int // of their payloads
	batchBytes   int
	listed       bool // stands in shard.runnable
	running      bool // a worker has batch
	detached     bool // the session has ended

	// The worker's while running, else the loop's.
	batch    []delivery
	handedAt time.Time      // to the pool
	waited   time.Duration  // for a worker
	inflated *inflateBuffer // nil: none was needed
	failed   bool           // a handler panicked or a message was broken: only the end is still told
	next     int            // of batch: those before it are done
	kept     bool           // the handler keeps its turn

	// Atomic.
	partings atomic.Int32 // who has let go of a kept turn: its worker, and Turn.End
}

// delivery is one call of a handler.
type delivery struct {
	call       callKind
	reason     Reason
	compressed bool // the message is
	message    Message
	request    *Request     // of callOpen
	verdict    *verdict     // of callEnd
	segment    *buf.Segment // to be released after the call, or nil
}

type callKind uint8

const (
	callMessage callKind = iota
	callOpen
	callEnd // no call: the verdict goes on its way
	callClose
)

const (
	// spareInboxes and keptDeliveries bound what a shard keeps for reuse.
	spareInboxes   = 1024
	keptDeliveries = 64
)

func (s *shard) openLater(c *poller.Conn, x *session, r *Request) {
	s.list(s.inboxOf(c, x), delivery{call: callOpen, request: r})
}

// closeLater delivers the end of a session after everything before it.
func (s *shard) closeLater(c *poller.Conn, x *session) {
	if x.inbox == nil && s.isQuiet(x) {
		return
	}
	in := s.inboxOf(c, x)
	in.detached = true
	x.inbox = nil
	if !s.isQuiet(x) {
		s.list(in, delivery{call: callClose, reason: x.reason})
	}
}

// deliverLater queues a message, and stops reading a session that has too many.
func (s *shard) deliverLater(c *poller.Conn, x *session, m Message, u codec.Unit) {
	in := s.inboxOf(c, x)
	in.waitingBytes += len(m.Payload)
	s.undone += len(m.Payload)
	s.list(in, delivery{message: m, compressed: u.Compressed})
	if !u.Owned && !s.unheld && len(m.Payload) > 0 {
		s.holdSegment(in)
	}
	limits := &s.config.Limits
	switch {
	case x.flags&flagPaused != 0:
	case in.bytes() > limits.Inbound || in.deliveries() > limits.InboundMessages:
		x.flags |= flagPaused
		s.counts.readPauses++
		c.Pause()
	case s.workersBusy():
		x.flags |= flagPaused
		s.counts.busyPauses++
		c.Pause()
	}
}

// workersBusy reports whether so much of all sessions waits for workers that
// those with something there must not be read.
func (s *shard) workersBusy() bool {
	return s.undone > s.config.Limits.Backlog/len(s.gateway.shards)
}

// bytes and deliveries are what the handler has not finished with.
func (in *inbox) bytes() int      { return in.waitingBytes + in.batchBytes }
func (in *inbox) deliveries() int { return len(in.waiting) + len(in.batch) }

// holdSegment keeps the segment under the message listed last. One reference
// serves all messages of a read: the last one holds it, for they run in order.
func (s *shard) holdSegment(in *inbox) {
	if s.segment == nil {
		s.segment = s.loop.Retain()
	} else {
		in.waiting[s.holder].segment = nil
	}
	s.holder = len(in.waiting) - 1
	in.waiting[s.holder].segment = s.segment
}

func (s *shard) inboxOf(c *poller.Conn, x *session) *inbox {
	if x.inbox != nil {
		return x.inbox
	}
	if n := len(s.spare); n > 0 {
		x.inbox = s.spare[n-1]
		s.spare = s.spare[:n-1]
	} else {
		x.inbox = &inbox{shard: s}
	}
	s.inboxes++
	x.inbox.session, x.inbox.handler = s.session(c), s.handler(x)
	return x.inbox
}

// list adds d to what waits, and in to those that a worker should have.
func (s *shard) list(in *inbox, d delivery) {
	in.waiting = append(in.waiting, d)
	if !in.running && !in.listed {
		in.listed = true
		s.runnable = append(s.runnable, in)
	}
}

// submit gives the turn's inboxes and exchanges to the pool, all at once.
func (s *shard) submit() {
	if len(s.runnable)+len(s.jobs) == 0 {
		return
	}
	now := time.Now()
	for _, in := range s.runnable {
		in.handedAt = now
		in.batch, in.waiting = in.waiting, in.batch[:0]
		in.batchBytes, in.waitingBytes = in.waitingBytes, 0
		in.listed, in.running = false, true
		s.jobs = append(s.jobs, in)
	}
	s.gateway.pool.Submit(s.jobs)
	clear(s.runnable)
	clear(s.jobs)
	s.runnable, s.jobs = s.runnable[:0], s.jobs[:0]
	// On a machine with few cores the workers get theirs now; what they answer
	// is in the mailbox when the loop comes back.
	runtime.Gosched()
}

var _ workers.Job = (*inbox)(nil)

// Run calls the handler for each delivery of the batch. It runs on a worker, and on
// another one after a turn that was kept.
func (in *inbox) Run() {
	if in.next == 0 {
		in.waited = time.Since(in.handedAt)
	}
	for in.next < len(in.batch) {
		in.next += in.deliver(in.batch[in.next:])
		if in.parks() {
			return
		}
	}
	in.next = 0
	in.deflated()
	in.shard.loop.Do((*finishedBatch)(in))
}

// deflated gives back what inflated messages stood in.
func (in *inbox) deflated() {
	in.inflated.recycle()
	in.inflated = nil
}

// deliver returns how many deliveries are done: all of them, unless the handler
// keeps its turn or panics. If it ends its goroutine, another worker goes on.
func (in *inbox) deliver(batch []delivery) (done int) {
	returns := false
	defer func() {
		if returns {
			return
		}
		fault := recover()
		exits := fault == nil
		if exits {
			fault = "runtime.Goexit"
		}
		in.shard.gateway.journal.panicked("handler", in.session, fault)
		in.failed, in.kept = true, false
		in.insist(poller.Letter{Kind: letterPanic})
		batch[done].release()
		done++
		if exits {
			in.next += done
			in.shard.gateway.pool.Submit([]workers.Job{in})
		}
	}()
	for ; done < len(batch) && !in.kept; done++ {
		in.call(&batch[done])
		batch[done].release()
	}
	returns = true
	return done
}

func (in *inbox) call(d *delivery) {
	switch {
	case d.call == callClose:
		in.handler.Close(in.session, d.reason)
	case d.call == callEnd:
		in.insist(poller.Letter{Kind: letterEnd, Ref: d.verdict})
	case in.failed:
	case d.call == callOpen:
		in.handler.Open(in.session, d.request)
	case d.compressed && !in.inflate(d):
	default:
		in.message(d.message)
	}
}

func (in *inbox) message(m Message) {
	if taker, takes := in.handler.(Taker); takes {
		taker.Take(in.session, m, Turn{in})
		return
	}
	in.handler.Message(in.session, m)
}

// inflate inflates a message, on the worker: that of 64 KiB takes longer than a
// hundred plain ones. It reports whether it could.
func (in *inbox) inflate(d *delivery) bool {
	if in.inflated == nil {
		in.inflated = inflateBuffers.Get().(*inflateBuffer)
	}
	b := in.inflated
	var err error
	b.bytes, err = in.shard.gateway.inflate(b.bytes[:0], d.message)
	if err != nil {
		in.failed = true
		in.insist(poller.Letter{Kind: letterFault, Ref: err})
		return false
	}
	d.message.Payload = b.bytes
	return true
}

// release gives up the segment under the message.
func (d *delivery) release() {
	if d.segment != nil {
		d.segment.Release()
	}
}

// insist has the session end as a letter says, however much waits for its loop: else
// it would go on without the messages that its handler has not had.
func (in *inbox) insist(letter poller.Letter) { in.session.summon(letter) }

// summon leaves a letter that no full mailbox keeps out. The error is [ErrEnded].
func (s Session) summon(letter poller.Letter) error {
	return sendError(s.shard.loop.Do(&summons{s, letter}))
}

// summons is such a letter.
type summons struct {
	session Session
	letter  poller.Letter
}

// Run delivers the letter. It runs on the loop.
func (m *summons) Run(l *poller.Loop) {
	if c := l.Conn(m.session.handle); c != nil {
		m.session.shard.Mail(c, m.letter)
	}
}

// finishedBatch is an inbox on its way back from a worker.
type finishedBatch inbox

// Run takes the inbox back. It runs on the loop.
func (f *finishedBatch) Run(l *poller.Loop) {
	in := (*inbox)(f)
	s := in.shard
	in.running = false
	s.counts.workerWait.Add(in.waited)
	clear(in.batch)
	s.undone -= in.batchBytes
	in.batch, in.batchBytes = in.batch[:0], 0
	if len(in.waiting) > 0 {
		in.listed = true
		s.runnable = append(s.runnable, in)
	}
	if !in.detached {
		s.relieve(l.Conn(in.session.handle), in)
	}
	if !in.listed {
		s.putAway(in)
	}
}

// relieve reads a session again whose inbox has emptied to a half, or, while the
// workers are busy, altogether.
func (s *shard) relieve(c *poller.Conn, in *inbox) {
	x := s.sessions.At(c.Slot())
	limits := &s.config.Limits
	emptied := in.bytes() <= limits.Inbound/2 && in.deliveries() <= limits.InboundMessages/2
	if s.workersBusy() {
		emptied = in.deliveries() == 0
	}
	if x.flags&flagPaused != 0 && emptied {
		x.flags &^= flagPaused
		if x.flags&flagDelayed == 0 {
			c.Resume()
		}
	}
	if !in.listed {
		x.inbox = nil
	}
}

// putAway keeps an inbox that nobody uses for the next session that needs one. One
// that has failed may have a turn that is yet to be ended.
func (s *shard) putAway(in *inbox) {
	s.inboxes--
	if in.failed || len(s.spare) == spareInboxes || cap(in.batch)+cap(in.waiting) > 2*keptDeliveries {
		return
	}
	in.session, in.handler = Session{}, nil
	in.detached = false
	s.spare = append(s.spare, in)
}
