package bench

import (
	"bytes"
	"strings"

	"github.com/gobwas/ws"
	"github.com/sluicegate/sluice/codec"
)

// greetings is the traffic of connections that send one message each, await its
// echo, and then only receive. Loop only, until the loop has ended.
type greetings struct {
	// Fixed after newGreetings.
	text  []byte
	frame []byte

	// Loop only. Two bits for each connection.
	sent, echoed bitset
	rest         discards
}

func newGreetings(load Load, connections int) *greetings {
	// 308 B: a short message, and yet longer than the gateway's threshold.
	text := []byte(strings.Repeat(`{"greeting": "hello there", "count": 12345},`, 7))
	frame := codec.AppendMaskedFrame(nil, ws.OpText, text, controlKey)
	if load.Compression {
		frame = codec.AppendMaskedCompressedFrame(nil, ws.OpText, newDeflater().message(text), controlKey)
	}
	return &greetings{
		text:   text,
		frame:  frame,
		sent:   newBitset(connections),
		echoed: newBitset(connections),
	}
}

var _ traffic = (*greetings)(nil)

var errGreetingShort = failure{StageDisconnect, "the socket did not take the whole first message"}

func (g *greetings) write(l *loop, c *conn) error {
	if g.sent.has(c.slot) {
		return nil
	}
	g.sent.add(c.slot)
	n, err := l.write(c, g.frame)
	switch {
	case err != nil:
		return failure{StageDisconnect, cause(err)}
	case n < len(g.frame):
		return errGreetingShort
	}
	return nil
}

func (g *greetings) data(l *loop, c *conn, p piece) error {
	if g.echoed.has(c.slot) {
		return g.rest.data(l, c, p)
	}
	payload, complete, err := l.whole(c, p)
	switch {
	case !complete || err != nil:
		return err
	case !bytes.Equal(payload, g.text):
		return errBytes
	case p.op != ws.OpText:
		return errOtherKind
	}
	g.echoed.add(c.slot)
	return nil
}

func (g *greetings) busy(c *conn) bool { return !g.echoed.has(c.slot) }

// busy counts the open connections that await something.
func (l *loop) busy() (n uint64) {
	for i := range l.conns {
		if c := &l.conns[i]; c.state == stateOpen && l.traffic.busy(c) {
			n++
		}
	}
	return n
}

// bitset has a bit for each slot of a loop.
type bitset []uint64

func newBitset(slots int) bitset { return make(bitset, (slots+63)/64) }

func (b bitset) has(slot uint32) bool { return b[slot/64]>>(slot%64)&1 != 0 }

func (b bitset) add(slot uint32) { b[slot/64] |= 1 << (slot % 64) }
