package bench

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// traffic is what a scenario does on the open connections of one loop. All of
// it runs on that loop.
type traffic interface {
	// data takes a piece of a message, which it borrows. An error ends the
	// connection.
	data(l *loop, c *conn, p piece) error
	// write sends what c may send now, until nothing is left or c is blocked.
	write(l *loop, c *conn) error
	// busy reports whether c still owes or awaits something.
	busy(c *conn) bool
}

// scheduled is traffic that acts by the clock too.
type scheduled interface {
	traffic
	// wait returns how long after now the next act is due, both on the loop's
	// clock.
	wait(now int64) time.Duration
	// advance does what is due. It is called in every turn.
	advance(l *loop)
}

// mixed is traffic whose connections differ.
type mixed interface {
	traffic
	// target returns where the connection in a slot asks for its upgrade. The
	// address is the loop's in any case.
	target(slot uint32) *Target
	// stopsReading reports whether the connection in a slot is to stop reading,
	// and needs a small buffer for that.
	stopsReading(slot uint32) bool
	// lost takes note of the end of an open connection, and reports whether it
	// is no loss to the run.
	lost(slot uint32, err error) (accepted bool)
}

// returning is traffic whose connections come back: it has them opened anew, see
// reopen.
type returning interface {
	traffic
	// opened takes note that a connection has opened, so long after it was begun.
	opened(l *loop, slot uint32, took time.Duration)
	// refused takes note that a connection which was to come back did not.
	refused(l *loop, slot uint32, err error)
	// left takes note of the end of an open connection. err is nil if that had
	// been asked for. It reports whether the end is no loss to the run.
	left(l *loop, slot uint32, err error) (accepted bool)
}

// pinger is traffic that sends pings.
type pinger interface {
	traffic
	// pong takes the payload of a pong, which it borrows.
	pong(l *loop, c *conn, payload []byte)
}

// loop is one event loop: a thread, an epoll instance, and a share of the
// connections. Registration is edge-triggered for both directions, made once.
type loop struct {
	// Fixed after newLoop.
	index   int
	first   uint32 // number of the connection in slot 0
	traffic traffic
	clocked scheduled // traffic, if it acts by the clock, or nil
	mixed   mixed     // traffic, if its connections differ, or nil
	pinger  pinger    // traffic, if it sends pings, or nil
	comes   returning // traffic, if its connections come back, or nil
	epoch   time.Time
	wakeFD  int
	dialed  chan struct{} // closed once every connection has opened or failed
	ended   chan struct{} // closed by the loop as its last act

	// Loop only, until ended is closed.
	epoll     int
	events    []unix.EpollEvent
	in        []byte
	now       int64 // nanoseconds since epoch: one reading of the clock serves a read and the write that follows
	conns     []conn
	live      int // connections in stateOpen and stateClosing
	unread    []uint32
	asides    map[uint32]*aside
	channels  []*channel // by slot; nil without TLS
	inflater  *inflater  // nil until compression was agreed on
	dial      dialer
	tally     tally
	meter     *meter // of the traffic's messages, until the next sample
	finishing bool
	deadline  int64 // of finishing

	// Guarded by mu.
	mu     sync.Mutex
	posted []func()

	// Atomic.
	called atomic.Bool // posted may have entries
}

const (
	// wakeSlot marks the events of the loop's eventfd.
	wakeSlot = -1
	// eventBatch keeps a turn short: the events behind it wait for the clock
	// of their own read.
	eventBatch = 128
	readSize   = 64 << 10
	// readsPerTurn is how often one connection is read before others are.
	readsPerTurn = 4
)

func newLoop(index int, first uint32, connections int, dial dialer, t traffic) (*loop, error) {
	wake, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	clocked, _ := t.(scheduled)
	mixed, _ := t.(mixed)
	pinger, _ := t.(pinger)
	comes, _ := t.(returning)
	var channels []*channel
	if dial.tls != nil {
		channels = make([]*channel, connections)
	}
	return &loop{
		index:    index,
		first:    first,
		traffic:  t,
		clocked:  clocked,
		mixed:    mixed,
		pinger:   pinger,
		comes:    comes,
		epoch:    time.Now(),
		wakeFD:   wake,
		dialed:   make(chan struct{}),
		ended:    make(chan struct{}),
		events:   make([]unix.EpollEvent, eventBatch),
		in:       make([]byte, readSize),
		conns:    make([]conn, connections),
		asides:   make(map[uint32]*aside),
		channels: channels,
		dial:     dial,
		tally:    newTally(),
		meter:    newMeter(),
	}, nil
}

// clock returns the nanoseconds since the loop was made.
func (l *loop) clock() int64 { return int64(time.Since(l.epoch)) }

// post runs f on the loop at the beginning of its next turn. Safe from any
// goroutine until the loop has ended; an ended loop never runs it.
func (l *loop) post(f func()) {
	l.mu.Lock()
	l.posted = append(l.posted, f)
	l.called.Store(true)
	l.mu.Unlock()
	wake(l.wakeFD)
}

// prepare makes the epoll instance. It runs on the loop's thread, whose
// descriptor table may be its own.
func (l *loop) prepare() (err error) {
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return fmt.Errorf("epoll_create1: %w", err)
	}
	// Edge-triggered, so that nobody has to read it: a late wake must not keep
	// the loop awake.
	wake := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET&math.MaxUint32, Fd: wakeSlot}
	if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, l.wakeFD, &wake); err != nil {
		unix.Close(l.epoll)
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

// run turns until the loop has finished.
func (l *loop) run() {
	dialing := true
	for !l.finished() {
		l.turn()
		if dialing && l.dial.done() {
			dialing = false
			close(l.dialed)
		}
	}
	for i := range l.conns {
		if c := &l.conns[i]; c.state != stateUnborn && c.state != stateEnded {
			abort(c.fd)
			l.unsecure(c)
		}
	}
	unix.Close(l.epoll)
}

func (l *loop) turn() {
	n := l.wait()
	// The eventfd may stand behind thousands of sockets in epoll's queue.
	if l.called.Load() {
		l.runPosted()
	}
	for _, e := range l.events[:n] {
		if e.Fd != wakeSlot {
			l.serve(&l.conns[e.Fd], e.Events)
		}
	}
	again := len(l.unread)
	for _, slot := range l.unread[:again] {
		if c := &l.conns[slot]; c.state == stateOpen || c.state == stateClosing {
			l.exchange(c, unix.EPOLLIN|unix.EPOLLRDHUP)
		}
	}
	l.unread = append(l.unread[:0], l.unread[again:]...)
	if l.clocked != nil {
		l.now = l.clock()
		l.clocked.advance(l)
	}
	if !l.dial.done() {
		l.now = l.clock()
		l.advance()
	}
}

// wait fills events, sleeping as long as nothing is due.
func (l *loop) wait() int {
	n, errno := pollNow(l.epoll, l.events)
	if n > 0 {
		return n
	}
	timeout := l.timeout()
	if timeout == 0 || errno != 0 {
		return 0
	}
	return sleep(l.epoll, l.events, timeout)
}

// timeout returns how long to sleep.
func (l *loop) timeout() time.Duration {
	if len(l.unread) > 0 {
		return 0
	}
	now := l.clock()
	wait := forever
	if !l.dial.done() {
		wait = l.dial.wait(now)
	}
	if l.clocked != nil {
		wait = min(wait, l.clocked.wait(now))
	}
	if l.finishing {
		wait = min(wait, time.Duration(max(0, l.deadline-now)))
	}
	return wait
}

func (l *loop) runPosted() {
	l.mu.Lock()
	posted := l.posted
	l.posted = nil
	l.called.Store(false)
	l.mu.Unlock()
	for _, f := range posted {
		l.now = l.clock()
		f()
	}
}

// watch registers fd with an epoll instance, for both directions and
// edge-triggered.
func watch(epoll, fd int, slot uint32) error {
	both := unix.EpollEvent{
		Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET&math.MaxUint32,
		Fd:     int32(slot),
	}
	return unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fd, &both)
}

// finish closes connections as soon as their traffic is no longer busy, and
// lets the loop end when all are closed or patience is over. Loop only.
func (l *loop) finish(patience time.Duration) {
	l.finishing = true
	l.deadline = l.clock() + int64(patience)
	l.dial.stop()
	l.flushAll()
}

// flushAll writes what the open connections have to write.
func (l *loop) flushAll() {
	for i := range l.conns {
		c := &l.conns[i]
		if c.state != stateOpen {
			continue
		}
		if err := l.flush(c); err != nil {
			l.end(c, err)
		}
	}
}

func (l *loop) finished() bool {
	return l.finishing && (l.live == 0 && l.dial.done() || l.clock() >= l.deadline)
}
