package bench

import "golang.org/x/sys/unix"

// end closes c. err says why, and is counted unless c was closing anyway.
func (l *loop) end(c *conn, err error) {
	switch c.state {
	case stateConnecting, stateSecuring, stateUpgrading:
		unix.Close(int(c.fd))
		l.dial.release(c)
		l.fail(err)
	case stateOpen:
		unix.Close(int(c.fd))
		l.live--
		if l.mixed == nil || !l.mixed.lost(c.slot, err) {
			l.lose(err)
		}
	case stateClosing:
		abort(c.fd)
		l.live--
	}
	l.unsecure(c)
	if c.aside {
		delete(l.asides, c.slot)
		c.aside = false
	}
	c.state = stateEnded
}

// lose counts a connection that was open.
func (l *loop) lose(err error) {
	l.tally.lost++
	l.count(err)
}

// fail counts a connection that never opened.
func (l *loop) fail(err error) {
	l.tally.failed++
	l.count(err)
}

func (l *loop) count(err error) {
	l.tally.failures.add(failed(StageDisconnect, err), 1)
}
