package sys

import (
	"errors"

	"github.com/mailru/easygo/netpoll"
)

// poll is easygo's epoll instance.
type poll struct {
	// Fixed after newPoll.
	epoll *netpoll.Epoll
	bell  *Waker
}

const (
	interest     = netpoll.EPOLLIN | netpoll.EPOLLOUT | netpoll.EPOLLRDHUP | netpoll.EPOLLET
	bellInterest = netpoll.EPOLLIN | netpoll.EPOLLET
)

// newPoll starts easygo's waiting goroutine, on which all callbacks run. It
// calls rung after each ring, and failed if it ends for want of a working
// kernel.
func newPoll(rung func(), failed func(error)) (*poll, error) {
	bell, err := NewWaker()
	if err != nil {
		return nil, err
	}
	epoll, err := netpoll.EpollCreate(&netpoll.EpollConfig{OnWaitError: failed})
	if err != nil {
		return nil, errors.Join(err, bell.Close())
	}
	p := &poll{epoll: epoll, bell: bell}
	err = epoll.Add(bell.FD(), bellInterest, func(event netpoll.EpollEvent) {
		// easygo also calls back when it closes, with an event of its own.
		if event&netpoll.EPOLLIN != 0 {
			rung()
		}
	})
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// add registers fd; report is called with each event.
func (p *poll) add(fd int, report func(Ready)) error {
	err := p.epoll.Add(fd, interest, func(event netpoll.EpollEvent) { report(fromEpoll(uint32(event))) })
	if err != nil {
		// easygo keeps the callback of a registration that the kernel refused.
		p.epoll.Del(fd)
	}
	return err
}

// remove ends the registration of fd. Events already taken from the kernel may
// still be reported.
func (p *poll) remove(fd int) error { return p.epoll.Del(fd) }

// ring makes the waiting goroutine call rung, after it has looked up the
// callbacks of all events that it took from the kernel before.
func (p *poll) ring() error { return p.bell.Wake() }

// close ends the waiting goroutine and releases its descriptors.
func (p *poll) close() error { return errors.Join(p.epoll.Close(), p.bell.Close()) }
