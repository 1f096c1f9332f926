package bench

import (
	"crypto/tls"
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// dialer opens a loop's connections: so many at a time, at a steady pace, each
// once. Loop only.
type dialer struct {
	// Fixed after newDialer.
	target  *Target
	address unix.Sockaddr
	sources sources
	pace    ramp
	timeout time.Duration
	upgrade upgrade
	tls     *tls.Config // nil: none

	// Loop only.
	total    int // connections to begin
	begun    int
	since    int64 // when the first began, on the loop's clock
	attempts []attempt
	free     []uint16 // unused places in attempts
	again    []uint32 // slots to open anew, the oldest first
	request  []byte
	swept    int64 // when attempts were last looked through
}

// attempt is what a connection needs only until it is open.
type attempt struct {
	active bool
	again  bool // the connection was open before
	slot   uint32
	began  int64 // on the loop's clock
	key    handshakeKey
	answer []byte // what has arrived of an answer that came in parts
}

// sweepEvery is how often attempts are checked for their timeout.
const sweepEvery = 100 * time.Millisecond

var (
	errConnectTimeout = failure{StageConnect, "timed out"}
	errTLSTimeout     = failure{StageTLS, "timed out"}
	errAnswerTimeout  = failure{StageHandshake, "timed out"}
	errRequestShort   = failure{StageHandshake, "the socket did not take the whole request"}
)

func newDialer(load Load, target *Target, secured *tls.Config, from sources, connections int) dialer {
	d := dialer{
		target:   target,
		address:  sockaddr(target.Address),
		sources:  from,
		pace:     ramp{pace(load.ConnectRate / float64(load.Loops)), load.ConnectRamp},
		timeout:  load.ConnectTimeout,
		upgrade:  load.upgrade(),
		tls:      secured,
		total:    connections,
		attempts: make([]attempt, min(load.ConnectInFlight, connections)),
	}
	for i := range d.attempts {
		d.free = append(d.free, uint16(i))
	}
	return d
}

// done reports whether every connection has been opened or has failed.
func (d *dialer) done() bool {
	return d.begun == d.total && len(d.free) == len(d.attempts) && len(d.again) == 0
}

// stop begins no further connection.
func (d *dialer) stop() { d.total, d.again = d.begun, nil }

// late reports whether the next connection was due long before now.
func (d *dialer) late(now int64) bool {
	return d.pace.pace > 0 && now-d.since-int64(d.pace.at(d.begun)) > int64(lateAfter)
}

// wait returns how long the loop may sleep before advance is due.
func (d *dialer) wait(now int64) time.Duration {
	wait := forever
	if len(d.free) < len(d.attempts) {
		wait = sweepEvery
	}
	if len(d.again) > 0 && len(d.free) > 0 {
		return 0
	}
	if d.begun < d.total && len(d.free) > 0 {
		wait = min(wait, d.pace.wait(time.Duration(now-d.since), d.begun))
	}
	return wait
}

// advance begins the connections that are due and ends those that took too
// long.
func (l *loop) advance() {
	d := &l.dial
	if d.begun == 0 && d.total > 0 {
		d.since = l.now
		l.tally.firstBegan = l.now
	}
	due := min(d.total, d.pace.due(time.Duration(l.now-d.since)))
	for d.begun < due && len(d.free) > 0 {
		if d.late(l.now) {
			l.tally.lateBegun++
		}
		l.begin(uint32(d.begun), false)
		d.begun++
	}
	// A storm of them must leave the loop time for others.
	for n := 0; n < eventBatch && len(d.again) > 0 && len(d.free) > 0; n++ {
		slot := d.again[0]
		d.again = d.again[1:]
		l.begin(slot, true)
	}
	if l.now-d.swept >= int64(sweepEvery) {
		d.swept = l.now
		l.sweepAttempts()
	}
}

func (l *loop) sweepAttempts() {
	d := &l.dial
	for i := range d.attempts {
		a := &d.attempts[i]
		if !a.active || l.now-a.began < int64(d.timeout) {
			continue
		}
		switch c := &l.conns[a.slot]; c.state {
		case stateConnecting:
			l.end(c, errConnectTimeout)
		case stateSecuring:
			l.end(c, errTLSTimeout)
		default:
			l.end(c, errAnswerTimeout)
		}
	}
}

// reopen has a connection that has ended opened anew. Loop only.
func (l *loop) reopen(slot uint32) {
	if !l.finishing {
		l.dial.again = append(l.dial.again, slot)
	}
}

// begin starts connection slot. again says that it was open before.
func (l *loop) begin(slot uint32, again bool) {
	d, c := &l.dial, &l.conns[slot]
	fd, err := l.connect(slot)
	if err != nil {
		l.unopened(slot, again, err)
		return
	}
	// A socket that has not begun to connect reports EPOLLHUP: it is added
	// only now. Nothing is missed, its state is reported at once.
	if err := watch(l.epoll, fd, slot); err != nil {
		unix.Close(fd)
		l.unopened(slot, again, failure{StageConnect, "epoll_ctl: " + err.Error()})
		return
	}
	*c = conn{fd: int32(fd), slot: slot, state: stateConnecting, attempt: d.free[len(d.free)-1]}
	d.free = d.free[:len(d.free)-1]
	a := &d.attempts[c.attempt]
	a.active, a.again, a.slot, a.began, a.answer = true, again, slot, l.now, a.answer[:0]
}

// connect begins to open the socket of connection slot. Errors are connect
// failures.
func (l *loop) connect(slot uint32) (fd int, err error) {
	d := &l.dial
	from := d.sources.of(l.first + slot)
	if l.mixed != nil && l.mixed.stopsReading(slot) {
		return connectDeaf(from, d.address)
	}
	return connectNow(from, d.address)
}

// release gives back the attempt of c.
func (d *dialer) release(c *conn) {
	d.attempts[c.attempt].active = false
	d.free = append(d.free, c.attempt)
}

// connected goes on with a connection that TCP has established, or learns that
// it has not.
func (l *loop) connected(c *conn, ready uint32) {
	if ready&(unix.EPOLLERR|unix.EPOLLHUP) != 0 {
		err := pendingError(c.fd)
		if err == nil {
			err = errors.New("closed by the server")
		}
		l.end(c, failure{StageConnect, err.Error()})
		return
	}
	if l.dial.tls != nil {
		l.secure(c)
		return
	}
	l.ask(c)
	if c.state == stateUpgrading && ready&(unix.EPOLLIN|unix.EPOLLRDHUP) != 0 {
		l.upgrade(c, ready)
	}
}

// ask sends the upgrade request.
func (l *loop) ask(c *conn) {
	d := &l.dial
	a := &d.attempts[c.attempt]
	a.key = newHandshakeKey()
	target := d.target
	if l.mixed != nil {
		target = l.mixed.target(c.slot)
	}
	d.request = appendRequest(d.request[:0], target, a.key, &d.upgrade, l.first+c.slot)
	n, err := l.write(c, d.request)
	if err == nil && n < len(d.request) {
		err = errRequestShort
	}
	if err != nil {
		l.end(c, failure{StageHandshake, cause(err)})
		return
	}
	c.state = stateUpgrading
}

// upgrade reads the answer to the upgrade request, and opens the connection
// once it is complete.
func (l *loop) upgrade(c *conn, ready uint32) {
	a := &l.dial.attempts[c.attempt]
	for {
		n, err := l.read(c)
		if err != nil && !errors.Is(err, errEnded) {
			l.end(c, failure{StageHandshake, cause(err)})
			return
		}
		if n == 0 && err == nil {
			return
		}
		b := l.in[:n]
		if len(a.answer) > 0 {
			a.answer = append(a.answer, b...)
			b = a.answer
		}
		head, refused := readAnswer(b, a.key, &l.dial.upgrade, err != nil)
		switch {
		case refused != nil:
			l.end(c, refused)
			return
		case head > 0:
			l.agree(c, b[:head])
			l.open(c, b[head:])
			if c.state == stateOpen && !l.drained(n, ready) {
				l.unread = append(l.unread, c.slot)
			}
			return
		case len(a.answer) == 0:
			a.answer = append(a.answer, b...)
		}
	}
}

// open takes connection c into service; rest is what followed the answer.
func (l *loop) open(c *conn, rest []byte) {
	a := &l.dial.attempts[c.attempt]
	l.dial.release(c)
	c.state = stateOpen
	l.live++
	took := time.Duration(l.clock() - a.began)
	if !a.again {
		l.tally.opened++
		l.tally.lastOpened = a.began + int64(took)
		l.tally.handshakes.record(took)
	}
	if l.comes != nil {
		l.comes.opened(l, c.slot, took)
	}
	err := l.take(c, rest)
	if err == nil {
		err = l.flush(c)
	}
	if err != nil {
		l.end(c, err)
	}
}
