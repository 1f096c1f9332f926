package poller

import (
	"syscall"
	"time"

	"github.com/sluicegate/sluice/poller/internal/sys"
)

// acceptor is a loop's listener. The engine reports it edge-triggered, so the
// loop remembers whether connections may wait.
type acceptor struct {
	// Fixed once running.
	listener int
	reserve  func() (int, error) // opens a descriptor that only holds a place

	// Loop only.
	open    bool
	ready   bool          // connections may wait
	spare   int           // the reserve descriptor, or -1
	retry   time.Duration // on the loop's clock; no accept before
	failing bool          // resources are short, and that was reported
}

const (
	// acceptBatch is how many connections a turn accepts: established ones
	// must not wait for a storm of new ones.
	acceptBatch = 64
	// acceptBackoff is how long a loop without descriptors leaves its listener
	// alone. Each time it then sheds a batch, so that clients learn quickly.
	acceptBackoff = 100 * time.Millisecond
)

func (a *acceptor) due(now time.Duration) bool {
	return a.open && a.ready && a.retry <= now
}

// acceptPending accepts a batch, if connections may wait.
func (l *Loop) acceptPending() {
	a := &l.acceptor
	if !a.due(l.began) {
		return
	}
	for range acceptBatch {
		fd, peer, err := l.sockets.Accept(a.listener)
		switch err {
		case nil:
			a.failing = false
			l.open(fd, peer)
		case sys.EAGAIN:
			a.ready = false
			return
		case syscall.EMFILE, syscall.ENFILE:
			l.acceptFailed(err)
			l.shed()
			return
		case syscall.ENOBUFS, syscall.ENOMEM:
			l.acceptFailed(err)
			return
		default:
			// The connection was at fault, not the listener: it was reset
			// while it waited, or a firewall forbids it (accept(2)).
			l.stats.AcceptErrors++
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

// shed gives up the reserve descriptor to accept connections that cannot be
// served, and closes them: otherwise they would wait, unseen, for ever.
func (l *Loop) shed() {
	a := &l.acceptor
	if a.spare >= 0 {
		l.sockets.Close(a.spare)
		for range acceptBatch {
			fd, _, err := l.sockets.Accept(a.listener)
			if err != nil {
				if err == sys.EAGAIN {
					a.ready = false
				}
				break
			}
			l.sockets.Reset(fd)
			l.stats.Shed++
		}
	}
	a.holdReserve()
}

// holdReserve opens the reserve descriptor. Another thread may take the place
// first; then the loop only backs off until it gets one.
func (a *acceptor) holdReserve() {
	fd, err := a.reserve()
	if err != nil {
		fd = -1
	}
	a.spare = fd
}

// stopAccepting accepts what waits already, which a closed listener would
// reset, and closes the listener.
func (l *Loop) stopAccepting() {
	a := &l.acceptor
	if !a.open {
		return
	}
	a.ready, a.retry = true, 0
	for a.due(l.began) {
		l.acceptPending()
	}
	a.open = false
	l.engine.Remove(a.listener)
	l.sockets.Close(a.listener)
	if a.spare >= 0 {
		l.sockets.Close(a.spare)
	}
}
