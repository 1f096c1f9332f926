package bench

import (
	"bytes"

	"golang.org/x/sys/unix"
)

// foe is one connection of an assault. Loop only.
type foe struct {
	fd     int32
	state  foeState
	number uint64 // how many connections were begun before
	sent   uint64 // frames
	rest   []byte // of what was sent last and did not fit; borrowed
	answer []byte // what has arrived of the answer to the upgrade
	since  int64  // when it came to be held, on the loop's clock
	// blocked: the socket took no more bytes; epoll will tell when it does.
	blocked bool
	// queued: it stands in the queue of those that may send.
	queued bool
}

// foeState is where an attacker's connection is in its life.
type foeState uint8

const (
	// foeEnded: the descriptor is closed, or there was none yet.
	foeEnded foeState = iota
	// foeConnecting: TCP is connecting.
	foeConnecting
	// foeUpgrading: the request is sent, the answer is not complete.
	foeUpgrading
	// foeAttacking: it does what its mode does.
	foeAttacking
	// foeHeld: the server has ended it, and it keeps its own end open.
	foeHeld
)

const gone = unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR

// serve acts on the readiness of the foe in slot.
func (a *assault) serve(slot uint32, ready uint32) {
	f := &a.foes[slot]
	if f.state == foeConnecting && !a.connected(slot, ready) {
		return
	}
	if f.state == foeUpgrading {
		a.upgrade(slot, ready)
	}
	if f.state != foeAttacking {
		return
	}
	if ready&unix.EPOLLOUT != 0 {
		f.blocked = false
		a.enqueue(slot)
	}
	switch {
	case a.mode.deaf && ready&gone != 0:
		a.lose(slot)
	case !a.mode.deaf && ready&^unix.EPOLLOUT != 0:
		a.discard(slot)
	}
}

// connected reports whether the foe in slot has got to the server.
func (a *assault) connected(slot, ready uint32) bool {
	f := &a.foes[slot]
	if ready&(unix.EPOLLERR|unix.EPOLLHUP) != 0 {
		cause := "closed by the server"
		if err := pendingError(f.fd); err != nil {
			cause = err.Error()
		}
		a.fail(slot, failure{StageConnect, cause})
		return false
	}
	if len(a.request) == 0 {
		a.engage(slot)
		return true
	}
	n, errno := writeNow(f.fd, a.request)
	if n < len(a.request) {
		err := errRequestShort
		if n < 0 {
			err.cause = errno.Error()
		}
		a.fail(slot, err)
		return false
	}
	f.state = foeUpgrading
	return true
}

var errNoDeflate = failure{StageHandshake, "the server does not accept permessage-deflate"}

// upgrade reads the answer to the upgrade request. What it must be for an honest
// client is of no matter here.
func (a *assault) upgrade(slot, ready uint32) {
	f := &a.foes[slot]
	for {
		n, errno := readNow(f.fd, a.in)
		switch {
		case n > 0:
			f.answer = append(f.answer, a.in[:n]...)
		case errno == unix.EAGAIN && ready&gone == 0:
			return
		case errno != unix.EINTR:
			a.fail(slot, errNoAnswer)
			return
		}
		head, _, complete := bytes.Cut(f.answer, []byte("\r\n\r\n"))
		if !complete {
			continue
		}
		line, fields, _ := bytes.Cut(head, []byte("\r\n"))
		_, extended := field(fields, "Sec-WebSocket-Extensions")
		status, isHTTP := bytes.CutPrefix(line, []byte("HTTP/1.1 "))
		switch {
		case !isHTTP:
			a.fail(slot, errNotHTTP)
		case !bytes.HasPrefix(status, []byte("101")):
			a.fail(slot, refusal(status, nil))
		case a.mode.begins == onDeflate && !extended:
			a.fail(slot, errNoDeflate)
		default:
			f.answer = f.answer[:0]
			a.engage(slot)
		}
		return
	}
}

// engage begins the attack of the foe in slot.
func (a *assault) engage(slot uint32) {
	a.foes[slot].state = foeAttacking
	a.open++
	a.tally.open = max(a.tally.open, a.open)
	a.enqueue(slot)
}

// discard reads all that has arrived.
func (a *assault) discard(slot uint32) {
	for {
		n, errno := readNow(a.foes[slot].fd, a.in)
		switch {
		case n > 0 || errno == unix.EINTR && n < 0:
		case n < 0 && errno == unix.EAGAIN:
			return
		default:
			a.lose(slot)
			return
		}
	}
}

// send has the foe in slot send at most most frames.
func (a *assault) send(slot uint32, most int) {
	f := &a.foes[slot]
	b := f.rest
	if len(b) == 0 {
		var frames int
		if b, frames = a.attacker.next(f.number, f.sent, most); len(b) == 0 {
			return
		}
		f.sent += uint64(frames)
		a.tally.frames += uint64(frames)
		a.frames.spend(frames)
	}
	n, errno := writeNow(f.fd, b)
	if n < 0 && errno != unix.EAGAIN && errno != unix.EINTR {
		a.lose(slot)
		return
	}
	n = max(0, n)
	a.tally.bytes += uint64(n)
	f.rest = b[n:]
	f.blocked = len(f.rest) > 0 && errno != unix.EINTR
	if !f.blocked {
		a.enqueue(slot)
	}
}

// enqueue puts the foe in slot last in the queue of those that may send.
func (a *assault) enqueue(slot uint32) {
	if f := &a.foes[slot]; !f.queued {
		f.queued = true
		a.queue = append(a.queue, slot)
	}
}

// lose counts an attack that the server has ended.
func (a *assault) lose(slot uint32) {
	f := &a.foes[slot]
	a.tally.ended++
	a.open--
	if a.mode.holds > 0 {
		f.state, f.since = foeHeld, a.now
		a.held = append(a.held, slot)
		return
	}
	a.end(slot)
}

// fail counts a connection that never came to attack.
func (a *assault) fail(slot uint32, f failure) {
	a.tally.failed++
	a.tally.failures.add(f, 1)
	a.end(slot)
}

// end closes the foe in slot, which is then free for another.
func (a *assault) end(slot uint32) {
	f := &a.foes[slot]
	abort(f.fd)
	*f = foe{answer: f.answer[:0], queued: f.queued}
	a.free = append(a.free, slot)
}
