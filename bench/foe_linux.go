package bench

import (
	"bytes"

	"golang.org/x/sys/unix"
)

// foe is one connection of a foeLoop. Loop only.
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
func (l *foeLoop) serve(slot uint32, ready uint32) {
	f := &l.foes[slot]
	if f.state == foeConnecting && !l.connected(slot, ready) {
		return
	}
	if f.state == foeUpgrading {
		l.upgrade(slot, ready)
	}
	if f.state != foeAttacking {
		return
	}
	if ready&unix.EPOLLOUT != 0 {
		f.blocked = false
		l.enqueue(slot)
	}
	switch {
	case l.mode.deaf && ready&gone != 0:
		l.lose(slot)
	case !l.mode.deaf && ready&^unix.EPOLLOUT != 0:
		l.discard(slot)
	}
}

// connected reports whether the foe in slot has got to the server.
func (l *foeLoop) connected(slot, ready uint32) bool {
	f := &l.foes[slot]
	if ready&(unix.EPOLLERR|unix.EPOLLHUP) != 0 {
		cause := "closed by the server"
		if err := pendingError(f.fd); err != nil {
			cause = err.Error()
		}
		l.fail(slot, failure{StageConnect, cause})
		return false
	}
	if len(l.request) == 0 {
		l.engage(slot)
		return true
	}
	n, errno := writeNow(f.fd, l.request)
	if n < len(l.request) {
		err := errRequestShort
		if n < 0 {
			err.cause = errno.Error()
		}
		l.fail(slot, err)
		return false
	}
	f.state = foeUpgrading
	return true
}

var errNoDeflate = failure{StageHandshake, "the server does not accept permessage-deflate"}

// upgrade reads the answer to the upgrade request. What it must be for an honest
// client is of no matter here.
func (l *foeLoop) upgrade(slot, ready uint32) {
	f := &l.foes[slot]
	for {
		n, errno := readNow(f.fd, l.in)
		switch {
		case n > 0:
			f.answer = append(f.answer, l.in[:n]...)
		case errno == unix.EAGAIN && ready&gone == 0:
			return
		case errno != unix.EINTR:
			l.fail(slot, errNoAnswer)
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
			l.fail(slot, errNotHTTP)
		case !bytes.HasPrefix(status, []byte("101")):
			l.fail(slot, refusal(status, nil))
		case l.mode.begins == onDeflate && !extended:
			l.fail(slot, errNoDeflate)
		default:
			f.answer = f.answer[:0]
			l.engage(slot)
		}
		return
	}
}

// engage begins the attack of the foe in slot.
func (l *foeLoop) engage(slot uint32) {
	l.foes[slot].state = foeAttacking
	l.open++
	l.tally.open = max(l.tally.open, l.open)
	l.enqueue(slot)
}

// discard reads all that has arrived.
func (l *foeLoop) discard(slot uint32) {
	for {
		n, errno := readNow(l.foes[slot].fd, l.in)
		switch {
		case n > 0 || errno == unix.EINTR && n < 0:
		case n < 0 && errno == unix.EAGAIN:
			return
		default:
			l.lose(slot)
			return
		}
	}
}

// send has the foe in slot send at most most frames.
func (l *foeLoop) send(slot uint32, most int) {
	f := &l.foes[slot]
	b := f.rest
	if len(b) == 0 {
		var frames int
		if b, frames = l.attacker.next(f.number, f.sent, most); len(b) == 0 {
			return
		}
		f.sent += uint64(frames)
		l.tally.frames += uint64(frames)
		l.frames.spend(frames)
	}
	n, errno := writeNow(f.fd, b)
	if n < 0 && errno != unix.EAGAIN && errno != unix.EINTR {
		l.lose(slot)
		return
	}
	n = max(0, n)
	l.tally.bytes += uint64(n)
	f.rest = b[n:]
	f.blocked = len(f.rest) > 0 && errno != unix.EINTR
	if !f.blocked {
		l.enqueue(slot)
	}
}

// enqueue puts the foe in slot last in the queue of those that may send.
func (l *foeLoop) enqueue(slot uint32) {
	if f := &l.foes[slot]; !f.queued {
		f.queued = true
		l.queue = append(l.queue, slot)
	}
}

// lose counts an attack that the server has ended.
func (l *foeLoop) lose(slot uint32) {
	f := &l.foes[slot]
	l.tally.ended++
	l.open--
	if l.mode.holds > 0 {
		f.state, f.since = foeHeld, l.now
		l.held = append(l.held, slot)
		return
	}
	l.end(slot)
}

// fail counts a connection that never came to attack.
func (l *foeLoop) fail(slot uint32, f failure) {
	l.tally.failed++
	l.tally.failures.add(f, 1)
	l.end(slot)
}

// end closes the foe in slot, which is then free for another.
func (l *foeLoop) end(slot uint32) {
	f := &l.foes[slot]
	abort(f.fd)
	*f = foe{answer: f.answer[:0], queued: f.queued}
	l.free = append(l.free, slot)
}
