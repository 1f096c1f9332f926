package bench

import "golang.org/x/sys/unix"

// end closes c. err says why, and is counted unless c was closing anyway.
func (l *loop) end(c *conn, err error) {
	switch c.state {
	case stateConnecting, stateSecuring, stateUpgrading:
		unix.Close(int(c.fd))
		again := l.dial.attempts[c.attempt].again
		l.dial.release(c)
		l.unopened(c.slot, again, err)
	case stateOpen:
		unix.Close(int(c.fd))
		l.live--
		if !l.accepts(c.slot, err) {
			l.lose(err)
		}
	case stateClosing:
		abort(c.fd)
		l.live--
		if l.comes != nil {
			l.comes.left(l, c.slot, nil)
		}
	}
	l.unsecure(c)
	if c.aside {
		delete(l.asides, c.slot)
		c.aside = false
	}
	c.state = stateEnded
}

// drop ends an open connection at once, with a reset, as asked for.
func (l *loop) drop(c *conn) {
	c.state = stateClosing
	l.end(c, nil)
}

// accepts reports whether the end of an open connection is no loss to the run.
func (l *loop) accepts(slot uint32, err error) bool {
	return l.mixed != nil && l.mixed.lost(slot, err) || l.comes != nil && l.comes.left(l, slot, err)
}

// unopened takes note of a connection that did not open.
func (l *loop) unopened(slot uint32, again bool, err error) {
	if again {
		l.comes.refused(l, slot, err)
		return
	}
	l.fail(err)
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
