package poller

import (
	"net/netip"
	"slices"
	"time"

	"github.com/sluicegate/sluice/internal/shrinkmap"
	"github.com/sluicegate/sluice/poller/buf"
	"github.com/sluicegate/sluice/poller/internal/sys"
	"github.com/sluicegate/sluice/poller/slab"
)

// Handler makes sense of the bytes of one loop's connections. Its methods are
// called on the loop's goroutine, never concurrently, and must not block. Each
// loop has a handler of its own.
//
// A method may end its connection with [Conn.Abort], [Conn.Reset] or
// [Conn.HandOff]; it must not touch that connection afterwards.
type Handler interface {
	// Opened announces an accepted connection.
	Opened(c *Conn)
	// Data delivers input. It borrows p, and may write to it. The next read, in
	// the same turn, overwrites p unless [Loop.Retain] keeps it: so p itself
	// must not be queued.
	Data(c *Conn, p []byte)
	// Mail delivers a letter posted for c.
	Mail(c *Conn, letter Letter)
	// Drained reports that output which had to wait has all been taken.
	Drained(c *Conn)
	// Sweep visits c for timeouts, every [Config].Sweep.
	Sweep(c *Conn)
	// Closed announces the end of c, whatever ended it: [io.EOF] for the peer,
	// or the cause. It is called exactly once, last of all.
	Closed(c *Conn, cause error)
	// TurnEnding is called when the turn's input, letters and timeouts have been
	// dealt with and its output is yet to be written: what many of them call for
	// once is done there.
	TurnEnding()
	// TurnDone is called after a turn's output was written.
	TurnDone()
}

// Loop is an event loop. Its exported methods belong to its goroutine, and so
// to its [Handler], unless they say otherwise.
type Loop struct {
	// Fixed once running.
	index   int
	config  Config
	clock   clock
	engine  sys.Engine
	sockets sys.Sockets
	porter  porter
	handler Handler
	mailbox *mailbox
	pool    *buf.Pool

	// Atomic, for who watches the loop.
	watched watched

	// Loop only: connections.
	conns      slab.Table[Conn]
	slots      slab.Slots
	generation uint32
	acceptor   acceptor
	lingerers  []lingerer
	timers     timers
	security   security                      // if connections are secured
	gate       Gate                          // nil: none
	early      shrinkmap.Map[uint32, []byte] // input of connections at the gate, by slot

	// Loop only: the turn.
	began     time.Duration // of the present turn, on the clock
	awake     time.Duration // when it last got a P, having given one up
	rested    bool          // it has given its P up since
	now       Tick          // when the turn began, coarse
	events    []sys.Event   // of the last wait
	ready     int           // how many there are
	handled   int           // and how many of them were dealt with
	next      []Handle      // connections to look at in the next turn
	yielding  []Handle      // connections to look at when the others were
	mail      *batch        // of letters that are being delivered; nil: none
	delivered int           // how many of them were
	owed      int           // letters to be delivered whatever time they take
	reading   *buf.Segment
	used      int // bytes of reading that are spoken for
	retained  bool
	later     []byte // what is replayed behind the input that is being delivered
	output    output
	sweeper   sweeper
	again     bool // the next turn has work that no event announces
	stopping  bool
	stats     Stats
	longest   longestTurn
}

func newLoop(index int, config Config, now clock, wake func() error, pool *buf.Pool) *Loop {
	l := &Loop{
		index:   index,
		config:  config,
		clock:   now,
		mailbox: newMailbox(wake),
		pool:    pool,
		events:  make([]sys.Event, eventBatch),
	}
	l.watched.began.Store(betweenTurns)
	return l
}

// Continue has the loop take another turn without waiting for events, for
// handlers that leave work over. It is called in each turn that should have a
// successor.
func (l *Loop) Continue() { l.again = true }

// Began returns the moment of the present turn's beginning, and Clock the
// present one, on one clock: what a turn has taken so far is the difference.
func (l *Loop) Began() time.Duration { return l.began }

// Clock is described at [Loop.Began].
func (l *Loop) Clock() time.Duration { return l.clock() }

// Flush writes what is queued on all connections now rather than at the end of
// the turn: the bytes are then still in the processor's cache. Bytes borrowed by
// [Conn.Queue] are free afterwards.
func (l *Loop) Flush() { l.flush() }

// Index returns the loop's number, from 0.
func (l *Loop) Index() int { return l.index }

// Now returns the moment at which the present turn began.
func (l *Loop) Now() Tick { return l.now }

// Post leaves a letter for the connection of h, whose bytes are head and body
// together; it borrows both. It may be called from any goroutine, and never
// blocks. Whether the connection still exists is found out on the loop.
func (l *Loop) Post(h Handle, kind Kind, head, body []byte) error {
	if int(h.Loop) != l.index {
		return ErrOtherLoop
	}
	return l.mailbox.post(h.Slot, h.Generation, kind, head, body)
}

// PostRef leaves a letter that refers to ref, which keeps size bytes in memory.
// It may be called from any goroutine.
func (l *Loop) PostRef(h Handle, kind Kind, ref any, size int) error {
	if int(h.Loop) != l.index {
		return ErrOtherLoop
	}
	return l.mailbox.offer(envelope{slot: h.Slot, generation: h.Generation, kind: kind, ref: ref}, size)
}

// Do runs task on the loop, in order with the letters posted. It may be called
// from any goroutine and does not wait. It is how the loop itself is steered,
// so no number of letters keeps a task out: the only error is [ErrStopped].
func (l *Loop) Do(task Task) error {
	return l.mailbox.insist(envelope{task: true, ref: task})
}

// Offer is Do for tasks that others may produce without bound, each of which
// keeps size bytes in memory: they are refused like letters when too much
// waits.
func (l *Loop) Offer(task Task, size int) error {
	return l.mailbox.offer(envelope{task: true, ref: task}, size)
}

// MailWaiting returns how many letters and tasks wait for the loop, and how many
// bytes they take of the 64 MiB that may wait. It may be called from any
// goroutine.
func (l *Loop) MailWaiting() (letters, bytes int) { return l.mailbox.depth() }

// Conn returns the connection of h, or nil if it has ended.
func (l *Loop) Conn(h Handle) *Conn { return announced(l.named(h)) }

// named is Conn, and finds also connections that no handler has heard of.
func (l *Loop) named(h Handle) *Conn {
	if int(h.Loop) != l.index {
		return nil
	}
	return l.lookup(h.Slot, h.Generation)
}

// announced returns c if its handler has heard of it.
func announced(c *Conn) *Conn {
	if c == nil || c.state >= connSecuring {
		return nil
	}
	return c
}

// Slots returns the number of slots that there are: connections have numbers
// below it.
func (l *Loop) Slots() int { return l.conns.Pages() * slab.PageSize }

// ConnAt returns the connection at slot, or nil if there is none.
func (l *Loop) ConnAt(slot uint32) *Conn {
	c := l.conns.At(slot)
	if c == nil || c.generation == 0 {
		return nil
	}
	return announced(c)
}

func (l *Loop) lookup(slot, generation uint32) *Conn {
	c := l.conns.At(slot)
	if c == nil || c.generation != generation || generation == 0 {
		return nil
	}
	return c
}

// Each calls visit for every connection. visit may end the one it is given.
func (l *Loop) Each(visit func(*Conn)) {
	l.each(func(c *Conn) {
		if c.state < connSecuring {
			visit(c)
		}
	})
}

// each is Each, and visits also connections that no handler has heard of.
func (l *Loop) each(visit func(*Conn)) {
	for n := range l.conns.Pages() {
		page := l.conns.Page(n)
		for i := range page {
			if page[i].generation != 0 {
				visit(&page[i])
			}
		}
	}
}

// open makes a connection of an accepted socket.
func (l *Loop) open(fd int, peer netip.AddrPort) {
	l.generation++
	if l.generation == 0 {
		l.generation = 1
	}
	slot := l.slots.Take()
	if err := l.engine.Add(fd, connToken(slot, l.generation)); err != nil {
		l.slots.Put(slot)
		l.sockets.Close(fd)
		l.stats.AcceptErrors++
		return
	}
	c := l.conns.Claim(slot)
	*c = Conn{loop: l, fd: int32(fd), slot: slot, generation: l.generation, peer: peer.Addr().As16(), peerPort: peer.Port()}
	l.stats.Accepted++
	l.arrive(c)
}

// close ends c for good.
func (l *Loop) close(c *Conn, cause error) {
	fd := l.release(c, cause)
	l.sockets.Close(fd)
}

func (l *Loop) reset(c *Conn, cause error) {
	fd := l.release(c, cause)
	l.sockets.Reset(fd)
}

// release ends c but for its descriptor, which is returned.
func (l *Loop) release(c *Conn, cause error) int {
	switch c.state {
	case connAtGate:
		l.gate.Abandoned(c, cause)
	case connSecuring:
		l.abandonHandshake(c, cause)
	default:
		l.handler.Closed(c, cause)
	}
	fd := int(c.fd)
	l.engine.Remove(fd)
	l.forget(c)
	return fd
}

// forget drops c, whose descriptor is still open.
func (l *Loop) forget(c *Conn) {
	if l.gate != nil {
		l.early.Delete(c.slot)
		l.gate.Gone(c)
	}
	if c.waiting != nil {
		l.stats.WaitingBytes -= c.waiting.Len()
		c.waiting.Close()
	}
	if c.flags&flagSecure != 0 {
		l.security.release(c.slot)
	}
	l.slots.Put(c.slot)
	l.conns.Release(c.slot)
}

func (l *Loop) handOff(c *Conn, read []byte) error {
	// Once carried, the descriptor is another goroutine's to close.
	l.engine.Remove(int(c.fd))
	goes := parcel{read: read, session: l.sessionOf(c), remote: c.RemoteAddr()}
	if goes.session != nil {
		l.security.warm.Forget(goes.session)
		goes.sealed = slices.Concat(l.security.sealed, l.later)
		goes.certificate = l.security.shown.Get(c.slot)
	} else {
		goes.read = append(goes.read, l.later...)
	}
	busy := l.porter.carry(int(c.fd), goes)
	if busy == nil {
		l.forget(c)
		return nil
	}
	if err := l.engine.Add(int(c.fd), connToken(c.slot, c.generation)); err != nil {
		fd := int(c.fd)
		l.handler.Closed(c, err)
		l.forget(c)
		l.sockets.Close(fd)
		return err
	}
	return busy
}

// teardown ends everything the loop holds. It accepts nothing: it would only end that.
func (l *Loop) teardown() {
	l.CloseListeners()
	l.finishMail()
	l.flush()
	l.each(func(c *Conn) { l.close(c, ErrStopped) })
	for _, e := range l.mailbox.close().letters {
		if e.task {
			e.ref.(Task).Run(l)
		}
	}
	if l.reading != nil {
		l.reading.Release()
	}
	l.engine.Close()
}
