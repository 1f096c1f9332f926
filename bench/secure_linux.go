package bench

// secure begins the TLS handshake of a connection that TCP has established.
func (l *loop) secure(c *conn) {
	c.state = stateSecuring
	l.channels[c.slot] = newChannel(c.fd, l.dial.tls)
	l.shake(c)
}

// shake goes on with the TLS handshake of c, and asks for the upgrade behind it.
func (l *loop) shake(c *conn) {
	ch := l.channels[c.slot]
	done, err := ch.shake()
	switch {
	case err != nil:
		l.end(c, failure{StageTLS, cause(err)})
	case done:
		l.tally.ciphers.add(ch.tls.ConnectionState())
		l.ask(c)
		if c.state == stateUpgrading {
			l.upgrade(c, 0)
		}
	}
}

// channel returns the TLS of c, or nil.
func (l *loop) channel(c *conn) *channel {
	if l.channels == nil {
		return nil
	}
	return l.channels[c.slot]
}

// unsecure ends the TLS of c, and its handshake if that is under way.
func (l *loop) unsecure(c *conn) {
	if ch := l.channel(c); ch != nil {
		if ch.abandon != nil {
			ch.abandon()
		}
		l.channels[c.slot] = nil
	}
}
