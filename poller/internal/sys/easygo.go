//go:build linux || darwin || freebsd

package sys

import (
	"slices"
	"sync"
	"syscall"
	"time"
)

// Easygo is the portable engine, on mailru/easygo/netpoll: epoll on Linux,
// kqueue on macOS and FreeBSD.
//
// That package waits on a goroutine of its own and calls back from there. The
// callbacks only queue what became ready; Wait takes it from the queue, so the
// loop's work stays on the loop's goroutine.
type Easygo struct {
	// Fixed after NewEasygo.
	poll    *poll
	changed chan struct{} // holds a value when Wait should look again
	passed  chan struct{} // holds a value when the waiting goroutine came by
	failed  chan struct{} // closed when the waiting goroutine has ended

	// Loop only.
	registered map[int]*registration
	removed    map[int]bool // descriptors removed since the last settle
	timer      *time.Timer

	// Guarded by mu.
	mu     sync.Mutex
	queue  []*registration // first to be reported first
	woken  bool
	closed bool
	err    error // of the waiting goroutine, which has ended by it
}

var _ Engine = (*Easygo)(nil)

// registration is one registered descriptor. It stands in the queue at most
// once, with its events merged, so the queue is as long as the descriptors are
// many at most.
type registration struct {
	// Fixed after Add.
	engine *Easygo
	token  Token

	// Guarded by engine.mu.
	ready   Ready // not 0 while queued
	removed bool
}

// NewEasygo returns an engine whose waiting goroutine runs until Close.
func NewEasygo() (*Easygo, error) {
	e := &Easygo{
		changed:    make(chan struct{}, 1),
		passed:     make(chan struct{}, 1),
		failed:     make(chan struct{}),
		registered: make(map[int]*registration),
		removed:    make(map[int]bool),
		timer:      time.NewTimer(0),
	}
	e.timer.Stop()
	p, err := newPoll(e.pass, e.fail)
	if err != nil {
		return nil, err
	}
	e.poll = p
	return e, nil
}

// Add implements [Engine].
func (e *Easygo) Add(fd int, token Token) error {
	if e.isClosed() {
		return syscall.EBADF
	}
	if e.registered[fd] != nil {
		return syscall.EEXIST
	}
	if err := e.settle(fd); err != nil {
		return err
	}
	r := &registration{engine: e, token: token}
	if err := e.poll.add(fd, r.report); err != nil {
		return err
	}
	e.registered[fd] = r
	return nil
}

// settle makes fd safe to register. easygo looks callbacks up by descriptor
// number, after the kernel has handed out the events: an event of a descriptor
// that was closed in between would be reported to the next owner of its number,
// under that owner's token. So where fd was in use a moment ago, all events
// taken before its removal must have been looked up first.
//
// One passage of the waiting goroutine settles all descriptors removed so far.
func (e *Easygo) settle(fd int) error {
	if !e.removed[fd] {
		return nil
	}
	if err := e.poll.ring(); err != nil {
		return err
	}
	select {
	case <-e.passed:
		clear(e.removed)
		return nil
	case <-e.failed:
		return e.failure()
	}
}

func (e *Easygo) failure() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}

// Remove implements [Engine].
func (e *Easygo) Remove(fd int) error {
	if e.isClosed() {
		return syscall.EBADF
	}
	r := e.registered[fd]
	if r == nil {
		return syscall.ENOENT
	}
	delete(e.registered, fd)
	e.removed[fd] = true
	e.forget(r)
	return e.poll.remove(fd)
}

func (e *Easygo) forget(r *registration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r.removed = true
	if r.ready != 0 {
		e.queue = slices.DeleteFunc(e.queue, func(q *registration) bool { return q == r })
	}
}

// Wait implements [Engine].
func (e *Easygo) Wait(events []Event, timeout time.Duration) (int, error) {
	n, done, err := e.take(events)
	if done || timeout == 0 {
		return n, err
	}
	var expired <-chan time.Time
	if timeout > 0 {
		e.timer.Reset(timeout)
		defer e.timer.Stop()
		expired = e.timer.C
	}
	for {
		select {
		case <-e.changed:
			if n, done, err := e.take(events); done {
				return n, err
			}
		case <-expired:
			return 0, nil
		}
	}
}

// take moves queued events into events, without blocking. It reports whether
// Wait is done: there were events, a wake or an error.
func (e *Easygo) take(events []Event) (n int, done bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed:
		return 0, true, syscall.EBADF
	case e.err != nil:
		return 0, true, e.err
	case len(events) == 0:
		return 0, true, syscall.EINVAL
	}
	n = min(len(events), len(e.queue))
	for i, r := range e.queue[:n] {
		events[i] = Event{Token: r.token, Ready: r.ready}
		r.ready = 0
	}
	e.queue = slices.Delete(e.queue, 0, n)
	done = n > 0 || e.woken
	e.woken = false
	return n, done, nil
}

// report is the callback. It runs on easygo's goroutine.
func (r *registration) report(ready Ready) {
	e := r.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.removed || ready == 0 {
		return
	}
	if r.ready == 0 {
		e.queue = append(e.queue, r)
	}
	r.ready |= ready
	e.notifyLocked()
}

// pass is called on easygo's goroutine, once for each ring.
func (e *Easygo) pass() { e.passed <- struct{}{} }

// fail is called on easygo's goroutine when waiting has failed for good.
func (e *Easygo) fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		return
	}
	e.err = err
	close(e.failed)
	e.notifyLocked()
}

// Wake implements [Engine].
func (e *Easygo) Wake() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return syscall.EBADF
	}
	e.woken = true
	e.notifyLocked()
	return nil
}

func (e *Easygo) notifyLocked() {
	select {
	case e.changed <- struct{}{}:
	default:
	}
}

// Close implements [Engine].
func (e *Easygo) Close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return syscall.EBADF
	}
	e.closed = true
	e.queue = nil
	e.mu.Unlock()
	// Not under mu: closing waits for callbacks, and they take it.
	return e.poll.close()
}

func (e *Easygo) isClosed() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.closed
}
