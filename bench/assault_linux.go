package bench

import (
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sluicegate/sluice/poller/fdtable"
)

// assault is the attackers of a run: an event loop on a thread of its own, with
// a descriptor table of its own, so that neither their work nor their number is
// at the expense of the connections that measure; where those have to share a
// CPU with it, it comes second. What the server ends is begun anew, at a pace.
type assault struct {
	// Fixed after newAssault.
	mode     *AttackMode
	attacker attacker
	address  unix.Sockaddr
	sources  sources
	request  []byte // to upgrade with; none if the attack begins before
	epoch    time.Time
	wakeFD   int
	ended    chan struct{} // closed by the loop as its last act

	// Loop only, until ended is closed.
	epoll    int
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
	tally    assaultTally

	// Atomic.
	stopped atomic.Bool
}

// assaultTally is what an assault counts.
type assaultTally struct {
	open          int // the most at once
	ended, failed uint64
	frames, bytes uint64
	failures      failures
	cpu           time.Duration
}

// beat is how often connections are begun and frames sent. One sleep for each
// frame at a high rate would cost more than the frames.
const beat = time.Millisecond

func newAssault(a Attack, target *Target) (*assault, error) {
	mode := modeNamed(a.Mode)
	// So many may leave a port in TIME_WAIT in the course of the attack.
	most := a.Attackers + int(min(a.AttackConnectRate*a.During.Seconds(), 1e6))
	from, err := chooseSources(a.Sources, target.Address.Addr(), most)
	if err != nil {
		return nil, err
	}
	wake, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	s := &assault{
		mode:     mode,
		attacker: mode.attacker(target),
		address:  sockaddr(target.Address),
		sources:  from,
		request:  attackRequest(mode, target),
		epoch:    time.Now(),
		wakeFD:   wake,
		ended:    make(chan struct{}),
		events:   make([]unix.EpollEvent, eventBatch),
		in:       make([]byte, readSize),
		foes:     make([]foe, a.Attackers),
		connects: throttle{pace: pace(a.AttackConnectRate)},
		frames:   throttle{pace: pace(a.AttackRate)},
		tally:    assaultTally{failures: failures{}},
	}
	for slot := range s.foes {
		s.free = append(s.free, uint32(slot))
	}
	return s, nil
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

// start begins the assault on a thread of its own, pinned as the loop after
// the last of load would be. The caller must finish it.
func (a *assault) start(load Load) error {
	if err := fdtable.Prepare(); err != nil {
		return err
	}
	prepared := make(chan error)
	fdtable.Run(func() {
		err := a.settle(load)
		prepared <- err
		if err == nil {
			a.run()
			close(a.ended)
		}
	})
	err := <-prepared
	if err != nil {
		unix.Close(a.wakeFD)
	}
	return err
}

// settle makes the calling thread the assault's.
func (a *assault) settle(load Load) (err error) {
	if len(load.CPUs) > 0 {
		if err := pin(load.CPUs[load.Loops%len(load.CPUs)]); err != nil {
			return err
		}
	}
	if err := yieldToOthers(); err != nil {
		return err
	}
	if err := fdtable.Leave(a.wakeFD); err != nil {
		return err
	}
	if a.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return fmt.Errorf("epoll_create1: %w", err)
	}
	wake := unix.EpollEvent{Events: unix.EPOLLIN, Fd: wakeSlot}
	if err := unix.EpollCtl(a.epoll, unix.EPOLL_CTL_ADD, a.wakeFD, &wake); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

// finish ends the assault and waits until it has. Its tally may be read
// afterwards.
func (a *assault) finish() {
	a.stopped.Store(true)
	one := [8]byte{7: 1}
	_, _ = unix.Write(a.wakeFD, one[:])
	<-a.ended
	unix.Close(a.wakeFD)
}

// run turns until the assault is stopped. The thread takes its descriptors
// along, but the last of a connection is to be a reset.
func (a *assault) run() {
	a.tally.cpu = -threadTime()
	for !a.stopped.Load() {
		a.turn()
	}
	a.tally.cpu += threadTime()
	for i := range a.foes {
		if f := &a.foes[i]; f.state != foeEnded {
			abort(f.fd)
		}
	}
	unix.Close(a.epoll)
}

func (a *assault) turn() {
	n, errno := pollNow(a.epoll, a.events)
	if n <= 0 && errno == 0 {
		if wait := a.wait(); wait > 0 {
			n = sleep(a.epoll, a.events, wait)
		}
	}
	a.now = int64(time.Since(a.epoch))
	for _, e := range a.events[:max(0, n)] {
		if e.Fd != wakeSlot {
			a.serve(uint32(e.Fd), e.Events)
		}
	}
	a.release()
	if a.now-a.acted >= int64(beat) {
		a.acted = a.now
		a.begin()
		a.fire()
	}
}

// wait returns how long there is nothing to do.
func (a *assault) wait() time.Duration {
	elapsed := time.Since(a.epoch)
	wait := forever
	next := max(0, time.Duration(a.acted)+beat-elapsed)
	if len(a.queue) > 0 {
		wait = min(wait, max(next, a.frames.wait(elapsed)))
	}
	if len(a.free) > 0 {
		wait = min(wait, max(next, a.connects.wait(elapsed)))
	}
	if len(a.held) > 0 {
		wait = min(wait, max(0, a.holdsUntil()-elapsed))
	}
	return wait
}

// holdsUntil is when the connection held longest is let go.
func (a *assault) holdsUntil() time.Duration {
	return time.Duration(a.foes[a.held[0]].since) + a.mode.holds
}

// release ends the connections that were held long enough.
func (a *assault) release() {
	for len(a.held) > 0 && a.holdsUntil() <= time.Duration(a.now) {
		a.end(a.held[0])
		a.held = a.held[1:]
	}
}

// begin begins the connections that are due.
func (a *assault) begin() {
	for due := a.connects.allow(time.Duration(a.now)); due > 0 && len(a.free) > 0; due-- {
		a.connects.spend(1)
		a.connect(a.free[len(a.free)-1])
	}
}

// connect begins a connection in slot, which is the last of the free ones.
func (a *assault) connect(slot uint32) {
	number := a.begun
	a.begun++
	fd, err := a.openSocket(slot, number)
	if err != nil {
		a.tally.failed++
		a.tally.failures.add(failed(StageConnect, err), 1)
		return
	}
	a.free = a.free[:len(a.free)-1]
	f := &a.foes[slot]
	f.fd, f.state, f.number = int32(fd), foeConnecting, number
}

// openSocket returns the descriptor of a connection that has begun, watched for
// slot.
func (a *assault) openSocket(slot uint32, number uint64) (fd int, err error) {
	connect := connectNow
	if a.mode.deaf {
		connect = connectDeaf
	}
	if fd, err = connect(a.sources.of(uint32(number)), a.address); err != nil {
		return -1, err
	}
	if err = watch(a.epoll, fd, slot); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// fire has each of those that may send do so, as far as the pace allows.
func (a *assault) fire() {
	due := a.frames.allow(time.Duration(a.now))
	for turns := len(a.queue); turns > 0 && due > 0; turns-- {
		slot := a.queue[0]
		a.queue = a.queue[1:]
		f := &a.foes[slot]
		f.queued = false
		if f.state != foeAttacking || f.blocked {
			continue
		}
		before := a.tally.frames
		a.send(slot, max(1, due/turns))
		due -= int(a.tally.frames - before)
	}
}
