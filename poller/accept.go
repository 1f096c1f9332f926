package poller

import (
	"sync"
	"syscall"
	"time"

	"github.com/sluicegate/sluice/poller/internal/sys"
)

// acceptor is a loop's listeners: one, unless they were inherited from a process
// with more loops. The engine reports them edge-triggered, so the loop remembers
// whether connections may wait.
type acceptor struct {
	// Fixed once running.
	listeners []int
	reserve   func() (int, error) // opens a descriptor that only holds a place
	table     *sync.RWMutex       // of the loops that share a descriptor table

	// Loop only.
	open    bool
	ready   bool          // connections may wait
	at      int           // the listener to accept from next
	dry     int           // how many in a row had none
	spare   int           // the reserve descriptor, or -1
	retry   time.Duration // on the loop's clock; no accept before
	last    time.Duration // no accept from then on; 0: there is no end
	failing bool          // resources are short, and that was reported
}

const (
	// acceptBatch is how many connections a turn accepts: established ones
	// must not wait for a storm of new ones.
	acceptBatch = 64
	// acceptBackoff is how long a loop without descriptors leaves its listener
	// alone. Each time it then sheds a batch, so that clients learn quickly.
	acceptBackoff = 100 * time.Millisecond
	// lastAccepts is for how long a loop that is to close its listeners accepts what
	// waits there. A full backlog takes less, and a flood has no end.
	lastAccepts = time.Second
)

// announced notes that connections wait at some listener.
func (a *acceptor) announced() { a.ready, a.dry = true, 0 }

// exhausted notes that none waits at the present listener, and goes on to the
// next one.
func (a *acceptor) exhausted() {
	a.at = (a.at + 1) % len(a.listeners)
	a.dry++
	a.ready = a.dry < len(a.listeners)
}

func (a *acceptor) due(now time.Duration) bool {
	return a.open && a.ready && a.retry <= now
}

// acceptPending accepts a batch, if connections may wait, and closes the listeners
// of a loop that was told to stop once none does.
func (l *Loop) acceptPending() {
	a := &l.acceptor
	if a.due(l.began) {
		l.acceptSome()
	}
	if a.last > 0 && (!a.due(l.began) || l.began >= a.last) {
		l.CloseListeners()
	}
}

func (l *Loop) acceptSome() {
	a := &l.acceptor
	a.table.RLock()
	defer a.table.RUnlock()
	if err := a.holdReserve(); err != nil {
		l.acceptFailed(err) // the reserve comes before connections
		return
	}
	until := l.clock() + yieldBudget
	for n := range acceptBatch {
		if n > 0 && l.clock() >= until {
			return
		}
		fd, peer, err := l.sockets.Accept(a.listeners[a.at])
		switch err {
		case nil:
			a.failing, a.dry = false, 0
			l.open(fd, peer)
		case sys.EAGAIN:
			if a.exhausted(); !a.ready {
				return
			}
		case syscall.EMFILE, syscall.ENFILE:
			l.acceptFailed(err)
			a.table.RUnlock()
			shed := l.shed()
			a.table.RLock()
			if !shed {
				return
			}
		case syscall.ECONNABORTED, syscall.EPERM, syscall.EPROTO, syscall.ETIMEDOUT,
			syscall.ENETDOWN, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.EHOSTUNREACH:
			// The connection was at fault, not the listener: it was reset
			// while it waited, or a firewall forbids it (accept(2)).
			l.stats.AcceptErrors++
		default:
			l.acceptFailed(err)
			return
		}
	}
}

func (l *Loop) acceptFailed(err error) {
	a := &l.acceptor
	l.stats.AcceptErrors++
	a.retry = l.began + acceptBackoff
	if !a.failing && l.config.AcceptFailed != nil {
		l.config.AcceptFailed(l.index, err)
	}
	a.failing = true
}

// shed gives up the reserve descriptor to accept a connection that cannot be
// served, and resets it: otherwise it would wait, unseen, for ever. It regains the
// reserve, and reports whether it did both. Meanwhile no other loop accepts, or it
// would take the place.
func (l *Loop) shed() bool {
	a := &l.acceptor
	a.table.Lock()
	defer a.table.Unlock()
	l.sockets.Close(a.spare)
	a.spare = -1
	fd, _, err := l.sockets.Accept(a.listeners[a.at])
	switch err {
	case nil:
		l.sockets.Reset(fd)
		l.stats.Shed++
	case sys.EAGAIN:
		a.exhausted()
	}
	return a.holdReserve() == nil && err == nil
}

// holdReserve opens the reserve descriptor, unless it is held. Another thread
// may have taken its place.
func (a *acceptor) holdReserve() error {
	if a.spare >= 0 {
		return nil
	}
	fd, err := a.reserve()
	if err != nil {
		return err
	}
	a.spare = fd
	return nil
}

// stopAccepting has the loop accept what waits already, which a closed listener
// would reset, and close the listeners. It goes on turn by turn: a backlog of 4,000
// takes some 60 ms, in which those that are open are served.
func (l *Loop) stopAccepting() {
	a := &l.acceptor
	if !a.open || a.last > 0 {
		return
	}
	a.announced()
	a.retry, a.last = 0, l.clock()+lastAccepts
}

// Accepting reports whether connections may still come: the listeners are open.
func (l *Loop) Accepting() bool { return l.acceptor.open }

// CloseListeners closes the loop's listeners now, and leaves what waits at them to
// whoever else has the sockets.
func (l *Loop) CloseListeners() {
	a := &l.acceptor
	if !a.open {
		return
	}
	a.open = false
	for _, listener := range a.listeners {
		l.engine.Remove(listener)
		l.sockets.Close(listener)
	}
	if a.spare >= 0 {
		l.sockets.Close(a.spare)
	}
}
