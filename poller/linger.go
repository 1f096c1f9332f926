package poller

import "time"

// lingerer is a connection that was told to end, and is there until the peer has
// read what is left and ends its own stream. All linger equally long, so the
// queue is in the order of its deadlines.
type lingerer struct {
	handle Handle
	until  time.Duration // on the loop's clock
}

// linger bounds how long c may take to end, once it was told to.
func (l *Loop) linger(c *Conn) {
	l.lingerers = append(l.lingerers, lingerer{c.Handle(), l.began + l.config.Linger})
}

// endStream sends the end of the stream after the last byte.
func (l *Loop) endStream(c *Conn) {
	if c.flags&flagEnded != 0 {
		l.close(c, c.cause())
		return
	}
	if err := l.sockets.CloseWrite(int(c.fd)); err != nil {
		l.close(c, err)
		return
	}
	c.state = connLingering
	c.flags &^= flagPaused
	if c.flags&flagUnread != 0 {
		l.schedule(c)
	}
}

// endLingering resets the connections whose peers did not close in time: a
// peer that does not read would leave the end of the stream queued for ever.
func (l *Loop) endLingering() {
	done, resets := 0, 0
	for _, w := range l.lingerers {
		c := l.lookup(w.handle.Slot, w.handle.Generation)
		if c != nil && w.until > l.began {
			break
		}
		if c != nil {
			if resets == sweepActions {
				l.again = true
				break
			}
			resets++
			l.reset(c, ErrFinished)
		}
		done++
	}
	l.lingerers = consumed(l.lingerers, done)
}
