package bench

// agree takes note of what the head of the server's 101 agrees to.
func (l *loop) agree(c *conn, head []byte) {
	if l.dial.upgrade.offer == "" {
		return
	}
	c.in.deflate = deflateAgreed
	if l.inflater == nil {
		l.inflater = newInflater()
		answer, _ := field(head, "Sec-WebSocket-Extensions")
		l.tally.agreed = string(answer)
	}
}

// compressed passes a message to the traffic that came compressed, once all of
// it is there.
func (l *loop) compressed(c *conn, p piece) error {
	payload, complete, err := l.whole(c, p)
	if !complete || err != nil {
		return err
	}
	inflated, err := l.inflater.message(payload)
	if err != nil {
		return err
	}
	l.tally.compressed.Messages++
	l.tally.compressed.Bytes += uint64(len(payload))
	l.tally.compressed.Inflated += uint64(len(inflated))
	return l.traffic.data(l, c, piece{op: p.op, payload: inflated, end: true})
}

// whole returns the payload of a message once all of it is there; complete tells.
// The caller borrows it for as long as p.
func (l *loop) whole(c *conn, p piece) (payload []byte, complete bool, err error) {
	if p.end && !c.aside {
		return p.payload, true, nil
	}
	a := l.setAside(c)
	if len(a.message)+len(p.payload) > maxInflated {
		return nil, false, errMessageLong
	}
	a.message = append(a.message, p.payload...)
	if !p.end {
		return nil, false, nil
	}
	payload = a.message
	a.message = nil
	return payload, true, nil
}
