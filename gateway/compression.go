package gateway

import (
	"sync"

	"github.com/sluicegate/sluice/codec"
)

// keptInflated bounds the memory that is kept for inflating the next message.
const keptInflated = 64 << 10

// inflate appends the payload of a compressed message to dst, which it takes.
func (g *Gateway) inflate(dst []byte, m Message) ([]byte, error) {
	if m.Type == Text {
		return codec.InflateText(dst, m.Payload, g.config.Limits.Inflated)
	}
	return codec.Inflate(dst, m.Payload, g.config.Limits.Inflated)
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
func (rt *route) compress(d codec.Deflate, m outgoing) outgoing {
	if m.deflated == nil {
		if frame := rt.deflate(d, m.frame); frame != nil {
			m.frame, m.shared = frame, true
		}
		return m
	}
	form := &m.deflated[d%windows]
	form.once.Do(func() { form.frame = rt.deflate(d, m.frame) })
	if form.frame != nil {
		m.frame = form.frame
	}
	return m
}

// deflate returns the compressed form of a frame, returned owned, or nil if the
// frame is better sent as it is (RFC 7692 §6).
func (rt *route) deflate(d codec.Deflate, frame []byte) []byte {
	header, start, _ := codec.ParseHeader(frame)
	payload := frame[start:]
	if len(payload) < rt.compression.Threshold {
		return nil
	}
	small := d.AppendMessage(make([]byte, 0, len(payload)/2), payload, rt.compression.Level)
	if len(small) >= len(payload) {
		return nil
	}
	return codec.EncodeCompressed(header.OpCode, small).Bytes()
}
