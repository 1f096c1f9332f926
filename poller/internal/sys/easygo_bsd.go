//go:build darwin || freebsd

package sys

import (
	"errors"

	"github.com/mailru/easygo/netpoll"
)

// poll is easygo's kqueue.
//
// easygo can neither be told to end its waiting goroutine nor trigger an event
// of its own. A one-shot timer of zero length does both: it is an event that
// happens at once.
type poll struct {
	// Fixed after newPoll.
	kqueue *netpoll.Kqueue
	rung   func()

	// Loop only.
	rang bool
}

const (
	// identQuit is the identifier at which easygo's waiting goroutine ends.
	identQuit = -1
	// identBell is the identifier of the timer behind ring. No descriptor is
	// negative.
	identBell = -2
)

var atOnce = netpoll.Kevents{{Filter: netpoll.EVFILT_TIMER, Flags: netpoll.EV_ADD | netpoll.EV_ONESHOT}}

// newPoll starts easygo's waiting goroutine, on which all callbacks run. It
// calls rung after each ring, and failed if it ends for want of a working
// kernel.
func newPoll(rung func(), failed func(error)) (*poll, error) {
	kqueue, err := netpoll.KqueueCreate(&netpoll.KqueueConfig{OnWaitError: failed})
	if err != nil {
		return nil, err
	}
	return &poll{kqueue: kqueue, rung: rung}, nil
}

// add registers fd; report is called with each event.
func (p *poll) add(fd int, report func(Ready)) error {
	err := p.kqueue.Add(fd, bothFilters(netpoll.EV_ADD|netpoll.EV_CLEAR), 2, func(event netpoll.Kevent) { report(fromKqueue(event)) })
	if err != nil {
		// easygo keeps the callback of a registration that the kernel refused.
		p.kqueue.Del(fd)
	}
	return err
}

// remove ends the registration of fd. Events already taken from the kernel may
// still be reported.
func (p *poll) remove(fd int) error {
	// Del drops the callback alone and leaves the filters to the closing of fd.
	return errors.Join(p.kqueue.Mod(fd, bothFilters(netpoll.EV_DELETE), 2), p.kqueue.Del(fd))
}

func bothFilters(flags netpoll.KeventFlag) netpoll.Kevents {
	return netpoll.Kevents{
		{Filter: netpoll.EVFILT_READ, Flags: flags},
		{Filter: netpoll.EVFILT_WRITE, Flags: flags},
	}
}

func fromKqueue(event netpoll.Kevent) Ready {
	var r Ready
	ended := event.Flags&netpoll.EV_EOF != 0
	switch event.Filter {
	case netpoll.EVFILT_READ:
		r = Readable
		if ended {
			r |= PeerClosed
		}
	case netpoll.EVFILT_WRITE:
		r = Writable
	}
	// With EV_EOF, fflags is the socket's error, if any (kqueue(2)). EV_EOF of
	// the write filter alone also follows the socket's own CloseWrite.
	if ended && event.Fflags != 0 {
		r |= Failed
	}
	return r
}

// ring makes the waiting goroutine call rung, after it has looked up the
// callbacks of all events that it took from the kernel before.
func (p *poll) ring() error {
	if p.rang {
		// The timer is gone once it has fired; its callback is not.
		if err := p.kqueue.Del(identBell); err != nil {
			return err
		}
	}
	p.rang = true
	return p.kqueue.Add(identBell, atOnce, 1, func(netpoll.Kevent) { p.rung() })
}

// close ends the waiting goroutine, which closes the kqueue.
func (p *poll) close() error { return p.kqueue.Add(identQuit, atOnce, 1, nil) }
