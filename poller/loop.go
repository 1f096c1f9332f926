package poller

import (
	"io"
	"net/netip"
	"runtime"
	"time"

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

	// Loop only: connections.
	conns      slab.Table[Conn]
	slots      slab.Slots
	generation uint32
	acceptor   acceptor
	lingerers  []lingerer

	// Loop only: the turn.
	began    time.Duration // of the present turn, on the clock
	now      Tick          // the same moment, coarse
	events   []sys.Event
	next     []Handle // connections to look at in the next turn
	reading  *buf.Segment
	used     int // bytes of reading that are spoken for
	retained bool
	output   output
	sweeper  sweeper
	stopping bool
	stats    Stats
	longest  longestTurn
}

const (
	// eventBatch is how many events a turn takes: enough to share the cost of
	// the wait, few enough that nobody waits long for the turn's end.
	eventBatch = 256
	// leastRead is the least room in the segment that a read is made with. A
	// segment that has less is left to those who retain it.
	leastRead = 16 << 10
)

func newLoop(index int, config Config, now clock, wake func() error, pool *buf.Pool) *Loop {
	return &Loop{
		index:   index,
		config:  config,
		clock:   now,
		mailbox: newMailbox(wake),
		pool:    pool,
		events:  make([]sys.Event, eventBatch),
	}
}

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

// Conn returns the connection of h, or nil if it has ended.
func (l *Loop) Conn(h Handle) *Conn {
	if int(h.Loop) != l.index {
		return nil
	}
	return l.lookup(h.Slot, h.Generation)
}

// ConnAt returns the connection at slot, or nil if there is none.
func (l *Loop) ConnAt(slot uint32) *Conn {
	c := l.conns.At(slot)
	if c == nil || c.generation == 0 {
		return nil
	}
	return c
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
	for n := range l.conns.Pages() {
		page := l.conns.Page(n)
		for i := range page {
			if page[i].generation != 0 {
				visit(&page[i])
			}
		}
	}
}

// Retain keeps the segment under the bytes of the present [Handler.Data] call
// until its Release, which any goroutine may call. The caller owns the
// reference.
func (l *Loop) Retain() *buf.Segment {
	l.retained = true
	l.reading.Retain()
	return l.reading
}

// run is the life of the loop, after it was given its engine.
func (l *Loop) run() {
	for !l.stopping {
		l.turn()
	}
	l.teardown()
}

// turn is one round: wait, read, mail, sweep, write.
func (l *Loop) turn() {
	ready := l.wait()
	l.began = l.clock()
	l.now = Tick(l.began / time.Millisecond)
	l.stats.Turns++

	scheduled := len(l.next)
	for _, event := range l.events[:ready] {
		l.dispatch(event)
	}
	l.continueScheduled(scheduled)
	l.acceptPending()
	l.readMail()
	l.sweep()
	l.endLingering()
	l.flush()

	ended := l.clock()
	l.longest.add(ended-l.began, ended)
	l.handler.TurnDone()
}

// wait returns the number of events, after sleeping if there is nothing to do.
func (l *Loop) wait() int {
	if n := l.poll(0); n > 0 || l.pending() {
		return n
	}
	// Let handlers on other goroutines run before this one blocks: what they
	// post now needs no wake-up.
	runtime.Gosched()
	if l.pending() {
		return l.poll(0)
	}
	if !l.mailbox.fallAsleep() {
		return l.poll(0)
	}
	n := l.poll(l.untilDue())
	if l.mailbox.awake() {
		l.stats.Wakes++
	}
	return n
}

func (l *Loop) poll(timeout time.Duration) int {
	n, err := l.engine.Wait(l.events, timeout)
	if err != nil {
		// The engine's own descriptor is at fault: nothing on this loop can
		// work again, and to go on would spin.
		panic("poller: wait for events: " + err.Error())
	}
	return n
}

// pending reports whether there is work that no event will announce.
func (l *Loop) pending() bool {
	return len(l.next) > 0 || len(l.output.dirty) > 0 || l.mailbox.filled.Load() || l.acceptor.due(l.clock())
}

// untilDue returns how long the loop may sleep; negative: without limit.
func (l *Loop) untilDue() time.Duration {
	now := l.clock()
	due := time.Duration(-1)
	earlier := func(at time.Duration) {
		if d := max(0, at-now); due < 0 || d < due {
			due = d
		}
	}
	if l.slots.Used() > 0 {
		earlier(l.sweeper.next)
	}
	if len(l.lingerers) > 0 {
		earlier(l.lingerers[0].until)
	}
	if l.acceptor.open && l.acceptor.ready {
		earlier(l.acceptor.retry)
	}
	return due
}

func (l *Loop) dispatch(event sys.Event) {
	if event.Token == listenerToken {
		l.acceptor.ready = true
		return
	}
	c := l.lookup(fromToken(event.Token))
	if c == nil {
		l.stats.StaleEvents++
		return
	}
	if event.Ready&sys.PeerClosed != 0 {
		c.flags |= flagEnding
	}
	if c.flags&flagScheduled != 0 && event.Ready&sys.Failed == 0 {
		// Its turn comes anyway, and a connection has one.
		c.flags |= flagUnread | flagUnwritten
		return
	}
	if c.waiting != nil && event.Ready&(sys.Writable|sys.Failed) != 0 {
		generation := c.generation
		if l.drain(c); c.generation != generation {
			return
		}
	}
	switch {
	case event.Ready&(sys.Readable|sys.PeerClosed|sys.Failed) == 0:
	case c.flags&flagPaused == 0:
		l.read(c)
	case event.Ready&sys.Failed != 0:
		l.close(c, l.failure(c)) // there is no back-pressure on the dead
	default:
		c.flags |= flagUnread
	}
}

// schedule has c looked at in the next turn.
func (l *Loop) schedule(c *Conn) {
	if c.flags&flagScheduled == 0 {
		c.flags |= flagScheduled
		l.next = append(l.next, c.Handle())
	}
}

// continueScheduled goes on with the first todo connections of the list, which
// an earlier turn left before the kernel had said EAGAIN.
func (l *Loop) continueScheduled(todo int) {
	for _, h := range l.next[:todo] {
		c := l.lookup(h.Slot, h.Generation)
		if c == nil {
			continue
		}
		c.flags &^= flagScheduled
		if c.flags&flagUnwritten != 0 && c.waiting != nil {
			if l.drain(c); c.generation != h.Generation {
				continue
			}
		}
		if c.flags&(flagUnread|flagPaused) == flagUnread {
			l.read(c)
		}
	}
	l.next = l.next[:copy(l.next, l.next[todo:])]
}

// read takes one fair share of input from c.
func (l *Loop) read(c *Conn) {
	c.flags &^= flagUnread
	if l.reading == nil || buf.SegmentSize-l.used < leastRead {
		l.renewSegment()
	}
	room := l.reading.Bytes()[l.used:]
	n, err := l.sockets.Read(int(c.fd), room)
	switch {
	case err == sys.EAGAIN:
		return
	case err != nil:
		l.close(c, err)
		return
	case n == 0:
		l.ended(c)
		return
	}
	l.stats.BytesIn += uint64(n)
	if c.state == connOpen {
		l.deliver(c, room[:n:n])
	}
	// A short read has emptied the socket, and what comes later is an event of
	// its own; but an end of the stream that was there already is not.
	if c.generation != 0 && (n == len(room) || c.flags&flagEnding != 0) {
		c.flags |= flagUnread
		if c.flags&flagPaused == 0 {
			l.schedule(c)
		}
	}
}

// failure throws away the input of a failed connection until its error shows.
func (l *Loop) failure(c *Conn) error {
	if l.reading == nil || buf.SegmentSize-l.used < leastRead {
		l.renewSegment()
	}
	for {
		n, err := l.sockets.Read(int(c.fd), l.reading.Bytes()[l.used:])
		switch {
		case err == sys.EAGAIN || err == nil && n == 0:
			return io.EOF
		case err != nil:
			return err
		}
	}
}

func (l *Loop) deliver(c *Conn, p []byte) {
	l.retained = false
	l.handler.Data(c, p)
	if l.retained {
		// Messages begin on their own cache line: their workers are elsewhere.
		l.used = (l.used + len(p) + 63) &^ 63
	}
}

func (l *Loop) renewSegment() {
	if l.reading != nil {
		l.reading.Release()
	}
	l.reading, l.used = l.pool.Get(), 0
}

// ended handles the end of the peer's stream. What was queued and what this
// turn still produces is sent: the peer may have closed its half only.
func (l *Loop) ended(c *Conn) {
	c.flags |= flagEnded
	switch c.state {
	case connLingering:
		l.close(c, c.cause())
	case connOpen:
		c.state = connFinishing
		l.output.touch(c)
	}
}

// cause is why a connection ends whose peer has ended its stream.
func (c *Conn) cause() error {
	if c.flags&flagFinished != 0 {
		return ErrFinished
	}
	return io.EOF
}

// takesMail reports whether letters still reach c's handler. Those of the turn
// in which the peer ended its stream do.
func (c *Conn) takesMail() bool {
	return c.state == connOpen || c.state == connFinishing && c.flags&flagFinished == 0
}

// readMail delivers the letters that wait.
func (l *Loop) readMail() {
	b := l.mailbox.take()
	if b == nil {
		return
	}
	l.stats.Letters += uint64(len(b.letters))
	for i := range b.letters {
		e := &b.letters[i]
		if e.task {
			e.ref.(Task).Run(l)
			continue
		}
		c := l.lookup(e.slot, e.generation)
		if c == nil || !c.takesMail() {
			l.stats.DeadLetters++
			continue
		}
		l.handler.Mail(c, Letter{Kind: e.kind, Bytes: b.bytes[e.start:e.end], Ref: e.ref})
	}
	// Queued output refers to the batch: write it before the batch is reused.
	l.flush()
	l.mailbox.release(b)
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
	l.handler.Opened(c)
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
	l.handler.Closed(c, cause)
	fd := int(c.fd)
	l.engine.Remove(fd)
	l.forget(c)
	return fd
}

// forget drops c, whose descriptor is still open.
func (l *Loop) forget(c *Conn) {
	if c.waiting != nil {
		l.stats.WaitingBytes -= c.waiting.Len()
		c.waiting.Close()
	}
	l.slots.Put(c.slot)
	l.conns.Release(c.slot)
}

func (l *Loop) handOff(c *Conn, read []byte) error {
	// Once carried, the descriptor is another goroutine's to close.
	l.engine.Remove(int(c.fd))
	busy := l.porter.carry(int(c.fd), read)
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

// teardown ends everything the loop holds.
func (l *Loop) teardown() {
	l.stopAccepting()
	l.readMail()
	l.flush()
	l.Each(func(c *Conn) { l.close(c, ErrStopped) })
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
