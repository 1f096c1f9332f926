package bench

import (
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sluicegate/sluice/poller/fdtable"
)

// foeLoop is the event loop of an [Assault], on a thread of its own, with a
// descriptor table of its own. What the server ends is begun anew, at a pace.
type foeLoop struct {
	// Fixed after newFoeLoop.
	mode    *AttackMode
	cpus    []int
	target  *Target
	address unix.Sockaddr
	sources sources
	request []byte // to upgrade with; none if the attack begins before
	wakeFD  int
	ended   chan struct{} // closed by the loop as its last act

	// Fixed after prepare.
	attacker attacker
	epoch    time.Time
	epoll    int

	// Loop only, until ended is closed.
	events   []unix.EpollEvent
	in       []byte
	now      int64 // nanoseconds since epoch, at the beginning of the turn
	foes     []foe
	free     []uint32 // slots without a connection
	queue    []uint32 // slots that may send, the next one first
	held     []uint32 // slots in foeHeld, the oldest first
	open     int      // foes in foeAttacking
	begun    uint64
	acted    int64 // when connections were last begun and frames sent
	connects throttle
	frames   throttle
	tally    foeTally

	// Atomic.
	stopped atomic.Bool
}

// foeTally is what a foeLoop counts.
type foeTally struct {
	open          int // the most at once
	ended, failed uint64
	frames, bytes uint64
	failures      failures
	took, cpu     time.Duration
}

// beat is how often connections are begun and frames sent. One sleep for each
// frame at a high rate would cost more than the frames.
const beat = time.Millisecond

func newFoeLoop(a Assault, target *Target) (*foeLoop, error) {
	mode := modeNamed(a.Mode)
	// So many may leave a port in TIME_WAIT in the course of the attack.
	most := a.Attackers + int(min(a.AttackConnectRate*a.Duration.Seconds(), 1e6))
	from, err := chooseSources(a.Sources, target.Address.Addr(), most)
	if err != nil {
		return nil, err
	}
	wake, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	l := &foeLoop{
		mode:     mode,
		cpus:     a.CPUs,
		target:   target,
		address:  sockaddr(target.Address),
		sources:  from,
		request:  attackRequest(mode, target),
		wakeFD:   wake,
		ended:    make(chan struct{}),
		events:   make([]unix.EpollEvent, eventBatch),
		in:       make([]byte, readSize),
		foes:     make([]foe, a.Attackers),
		connects: throttle{pace: pace(a.AttackConnectRate)},
		frames:   throttle{pace: pace(a.AttackRate)},
		tally:    foeTally{failures: failures{}},
	}
	for slot := range l.foes {
		l.free = append(l.free, uint32(slot))
	}
	return l, nil
}

// attackRequest returns the upgrade request of a mode, or none.
func attackRequest(m *AttackMode, target *Target) []byte {
	if m.begins == onConnect {
		return nil
	}
	var extensions offer
	if m.begins == onDeflate {
		extensions = offerDeflate
	}
	return appendRequest(nil, target, newHandshakeKey(), &upgrade{offer: extensions}, 0)
}

// start begins the attack on a thread of its own. The caller must finish it.
func (l *foeLoop) start() error {
	if err := fdtable.Prepare(); err != nil {
		return err
	}
	prepared := make(chan error)
	fdtable.Run(func() {
		err := l.prepare()
		prepared <- err
		if err == nil {
			l.run()
			close(l.ended)
		}
	})
	err := <-prepared
	if err != nil {
		unix.Close(l.wakeFD)
	}
	return err
}

// prepare makes the calling thread the loop's, and on it what attackers send: to
// make that takes some milliseconds of CPU time too.
func (l *foeLoop) prepare() (err error) {
	if len(l.cpus) > 0 {
		if err := pin(l.cpus...); err != nil {
			return err
		}
	}
	if err := yieldToOthers(); err != nil {
		return err
	}
	if err := fdtable.Leave(l.wakeFD); err != nil {
		return err
	}
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return fmt.Errorf("epoll_create1: %w", err)
	}
	wake := unix.EpollEvent{Events: unix.EPOLLIN, Fd: wakeSlot}
	if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, l.wakeFD, &wake); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	l.attacker = l.mode.attacker(l.target)
	l.epoch = time.Now()
	return nil
}

// finish ends the attack and waits until it has ended. The tally may be read
// afterwards.
func (l *foeLoop) finish() {
	l.stopped.Store(true)
	wake(l.wakeFD)
	<-l.ended
	unix.Close(l.wakeFD)
}

// run turns until the attack is to end. The thread takes its descriptors
// along, but the last of a connection is to be a reset.
func (l *foeLoop) run() {
	l.tally.cpu = -threadTime()
	for !l.stopped.Load() {
		l.turn()
	}
	l.tally.cpu += threadTime()
	l.tally.took = time.Since(l.epoch)
	for i := range l.foes {
		if f := &l.foes[i]; f.state != foeEnded {
			abort(f.fd)
		}
	}
	unix.Close(l.epoll)
}

func (l *foeLoop) turn() {
	n, errno := pollNow(l.epoll, l.events)
	if n <= 0 && errno == 0 {
		if wait := l.wait(); wait > 0 {
			n = sleep(l.epoll, l.events, wait)
		}
	}
	l.now = int64(time.Since(l.epoch))
	for _, e := range l.events[:max(0, n)] {
		if e.Fd != wakeSlot {
			l.serve(uint32(e.Fd), e.Events)
		}
	}
	l.release()
	if l.now-l.acted >= int64(beat) {
		l.acted = l.now
		l.begin()
		l.fire()
	}
}

// wait returns how long there is nothing to do.
func (l *foeLoop) wait() time.Duration {
	elapsed := time.Since(l.epoch)
	wait := forever
	next := max(0, time.Duration(l.acted)+beat-elapsed)
	if len(l.queue) > 0 {
		wait = min(wait, max(next, l.frames.wait(elapsed)))
	}
	if len(l.free) > 0 {
		wait = min(wait, max(next, l.connects.wait(elapsed)))
	}
	if len(l.held) > 0 {
		wait = min(wait, max(0, l.holdsUntil()-elapsed))
	}
	return wait
}

// holdsUntil is when the connection held longest is let go.
func (l *foeLoop) holdsUntil() time.Duration {
	return time.Duration(l.foes[l.held[0]].since) + l.mode.holds
}

// release ends the connections that were held long enough.
func (l *foeLoop) release() {
	for len(l.held) > 0 && l.holdsUntil() <= time.Duration(l.now) {
		l.end(l.held[0])
		l.held = l.held[1:]
	}
}

// begin begins the connections that are due.
func (l *foeLoop) begin() {
	for due := l.connects.allow(time.Duration(l.now)); due > 0 && len(l.free) > 0; due-- {
		l.connects.spend(1)
		l.connect(l.free[len(l.free)-1])
	}
}

// connect begins a connection in slot, which is the last of the free ones.
func (l *foeLoop) connect(slot uint32) {
	number := l.begun
	l.begun++
	fd, err := l.openSocket(slot, number)
	if err != nil {
		l.tally.failed++
		l.tally.failures.add(failed(StageConnect, err), 1)
		return
	}
	l.free = l.free[:len(l.free)-1]
	f := &l.foes[slot]
	f.fd, f.state, f.number = int32(fd), foeConnecting, number
}

// openSocket returns the descriptor of a connection that has begun, watched for
// slot.
func (l *foeLoop) openSocket(slot uint32, number uint64) (fd int, err error) {
	connect := connectNow
	if l.mode.deaf {
		connect = connectDeaf
	}
	if fd, err = connect(l.sources.of(uint32(number)), l.address); err != nil {
		return -1, err
	}
	if err = watch(l.epoll, fd, slot); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// fire has each of those that may send do so, as far as the pace allows.
func (l *foeLoop) fire() {
	due := l.frames.allow(time.Duration(l.now))
	for turns := len(l.queue); turns > 0 && due > 0; turns-- {
		slot := l.queue[0]
		l.queue = l.queue[1:]
		f := &l.foes[slot]
		f.queued = false
		if f.state != foeAttacking || f.blocked {
			continue
		}
		before := l.tally.frames
		l.send(slot, max(1, due/turns))
		due -= int(l.tally.frames - before)
	}
}
