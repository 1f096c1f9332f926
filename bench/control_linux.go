package bench

import (
	"fmt"

	"github.com/gobwas/ws"
	"github.com/sluicegate/sluice/codec"
)

// control acts on a control frame once all of it is there.
func (l *loop) control(c *conn, p piece) error {
	payload := p.payload
	if !p.end || c.aside {
		a := l.setAside(c)
		a.control = append(a.control, p.payload...)
		if !p.end {
			return nil
		}
		payload = a.control
		a.control = nil
	}
	switch p.op {
	case ws.OpPing:
		l.tally.pings++
		a := l.setAside(c)
		a.out = codec.AppendMaskedFrame(a.out, ws.OpPong, payload, controlKey)
	case ws.OpPong:
		if l.pinger != nil {
			l.pinger.pong(l, c, payload)
		}
	case ws.OpClose:
		if c.state == stateOpen && !c.midFrame {
			l.queueClose(c)
			_ = l.writeAside(c) // the connection ends now, with or without it
		}
		return closedBy(payload)
	}
	return nil
}

// controlKey masks control frames. A peer of a load generator is no proxy to be
// protected from, so one key does (RFC 6455 §5.3 and §10.3).
var controlKey = [4]byte{0x5a, 0x17, 0xc3, 0x8e}

// closedBy is the failure of a connection that the server closed with the
// payload of a close frame.
func closedBy(payload []byte) error {
	code, reason, err := codec.ParseClose(payload)
	switch {
	case err != nil:
		return failure{StageProtocol, err.Error()}
	case code == ws.StatusNoStatusRcvd:
		return failure{StageDisconnect, "closed by the server without a status"}
	case len(reason) == 0:
		return failure{StageDisconnect, fmt.Sprintf("closed by the server with %d", code)}
	}
	return failure{StageDisconnect, fmt.Sprintf("closed by the server with %d: %s", code, reason)}
}

func (l *loop) setAside(c *conn) *aside {
	a := l.asides[c.slot]
	if a == nil {
		a = &aside{}
		l.asides[c.slot] = a
		c.aside = true
	}
	return a
}

func (l *loop) writeAside(c *conn) error {
	a := l.asides[c.slot]
	for len(a.out) > 0 && !c.blocked {
		n, err := l.write(c, a.out)
		if err != nil {
			return failure{StageDisconnect, cause(err)}
		}
		a.out = a.out[n:]
	}
	if len(a.out) == 0 && len(a.control) == 0 && len(a.message) == 0 {
		delete(l.asides, c.slot)
		c.aside = false
	}
	return nil
}

// sendClose begins the close handshake, RFC 6455 §7.1.2.
func (l *loop) sendClose(c *conn) error {
	l.queueClose(c)
	c.state = stateClosing
	return l.writeAside(c)
}

func (l *loop) queueClose(c *conn) {
	var status [2]byte
	ws.PutCloseFrameBody(status[:], ws.StatusNormalClosure, "")
	a := l.setAside(c)
	a.out = codec.AppendMaskedFrame(a.out, ws.OpClose, status[:], controlKey)
}
