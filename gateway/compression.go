package gateway

import (
	"sync"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/poller"
)

// keptInflated bounds what an inflateBuffer keeps. The default limit of an inflated
// message is below it, so that one made to inflate to more leaves no garbage: with a
// bound of 64 KiB 500 of those a second had the garbage collector run all the time,
// for 55 % of the CPU time.
const keptInflated = 1 << 20

// inflateBuffer holds a message while its handler borrows it. There are as many as
// workers and loops at most, not one for each inbox or session, and the pool gives
// them back after two garbage collections without use.
type inflateBuffer struct{ bytes []byte }

var inflateBuffers = sync.Pool{New: func() any { return new(inflateBuffer) }}

// recycle gives b back. b may be nil.
func (b *inflateBuffer) recycle() {
	if b != nil && cap(b.bytes) <= keptInflated {
		inflateBuffers.Put(b)
	}
}

// inflateInline inflates a message on the loop and hands it to the session's handler.
func (s *shard) inflateInline(c *poller.Conn, x *session, m Message) {
	b := inflateBuffers.Get().(*inflateBuffer)
	defer b.recycle()
	var err error
	if b.bytes, err = s.gateway.inflate(b.bytes[:0], m); err != nil {
		s.fail(c, x, err)
		return
	}
	m.Payload = b.bytes
	s.runInline(c, x, func(session Session, h Handler) { h.Message(session, m) })
}

// inflate appends the payload of a compressed message to dst, which it takes.
func (g *Gateway) inflate(dst []byte, m Message) ([]byte, error) {
	most := g.live.Load().Limits.Inflated
	if m.Type == Text {
		return codec.InflateText(dst, m.Payload, most)
	}
	return codec.Inflate(dst, m.Payload, most)
}

// deflated is the compressed forms of one broadcast, by what was agreed with its
// receivers: each form is made once, by the first loop that needs it.
type deflated [windows]struct {
	once  sync.Once
	frame []byte
}

// windows is the number of windows that can be agreed on, 8 to 15 bits.
const windows = 8

// compress returns m as a session that has agreed on compression is sent it.
func (s *shard) compress(x *session, m outgoing) outgoing {
	if m.deflated == nil {
		return s.compressForOne(x, m)
	}
	form := &m.deflated[x.deflate%windows]
	form.once.Do(func() {
		if op, small := s.deflateFrame(x, m.frame); small != nil {
			form.frame = codec.EncodeCompressed(op, small).Bytes()
		}
	})
	if form.frame != nil {
		m.frame = form.frame
	}
	return m
}

// compressForOne compresses a message with one receiver. Its frame stands among
// the turn's responses: garbage for each message would have the heap grow to
// twice what it holds, as much as all idle sessions take.
func (s *shard) compressForOne(x *session, m outgoing) outgoing {
	op, small := s.deflateFrame(x, m.frame)
	switch {
	case small == nil:
		return m
	case len(small) >= sharedFrom:
		m.frame, m.shared = codec.EncodeCompressed(op, small).Bytes(), true
		return m
	}
	s.reserve(codec.MaxHeader + len(small))
	at := len(s.responses)
	s.responses = codec.AppendCompressedFrame(s.responses, op, small)
	m.frame, m.shared = s.responses[at:], false
	return m
}

// deflateFrame compresses the payload of a frame. The result holds until the
// next call; it is nil if the frame is better sent as it is (RFC 7692 §6).
func (s *shard) deflateFrame(x *session, frame []byte) (op ws.OpCode, small []byte) {
	header, start, _ := codec.ParseHeader(frame)
	payload := frame[start:]
	if len(payload) < s.route(x).compression.Threshold {
		return 0, nil
	}
	small = x.deflate.AppendMessage(s.small[:0], payload, s.route(x).compression.Level)
	s.keepSmall(small)
	if len(small) >= len(payload) {
		return 0, nil
	}
	return header.OpCode, small
}
