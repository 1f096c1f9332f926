package main

// relay is the response that sends messages to all others: the data frames among
// the whole frames at the start of p become those of a server, in place, and go
// to each of the others in one write. What it returns is what echo returns, for
// control frames; the reply is the loop's.
func (l *loop) relay(fd int32, p []byte) (reply, rest []byte, v verdict) {
	from, to := 0, 0
	reply = l.control[:0]
	for v == goOn {
		h, ok := parseHeader(p[from:])
		if !ok {
			v = fault
			break
		}
		size := h.size + h.payload
		if h.size == 0 || len(p)-from < size {
			rest = p[from:]
			break
		}
		switch op := p[from] & opMask; {
		case op < opClose:
			to += answer(p[to:], p[from:], h)
		case op != opPong:
			reply = append(reply, p[from:from+size]...)
			at := len(reply) - size
			reply = reply[:at+answer(reply[at:], reply[at:], h)]
			if op == opClose {
				v = finish
			}
		}
		from += size
	}
	l.control = reply
	if to > 0 {
		l.tell(fd, p[:to])
	}
	return reply, rest, v
}

// tell writes p, which it borrows, to every open connection but one.
func (l *loop) tell(except int32, p []byte) {
	for page, conns := range l.conns {
		for i := range conns {
			c, fd := &conns[i], int32(page*pageSize+i)
			if c.opened && !c.ending && fd != except {
				push(fd, c, p)
			}
		}
	}
}

// push writes p and keeps what the socket does not take. That the connection has
// failed its own turn finds out.
func push(fd int32, c *conn, p []byte) {
	if c.spill != nil && len(c.spill.out) > 0 {
		c.spill.out = append(c.spill.out, p...)
		return
	}
	n, _ := write(fd, p)
	if n = max(n, 0); n == len(p) {
		return
	}
	var in []byte
	if c.spill != nil {
		in = c.spill.in
	}
	c.hold(in, p[n:])
}
