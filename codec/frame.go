package codec

import "github.com/gobwas/ws"

// AppendFrame appends a whole server frame to dst: final, unmasked, its payload
// copied. It takes dst, borrows payload and returns the extended slice.
func AppendFrame(dst []byte, op ws.OpCode, payload []byte) []byte {
	dst = AppendHeader(dst, ws.Header{Fin: true, OpCode: op, Length: int64(len(payload))})
	return append(dst, payload...)
}

// AppendCompressedFrame is [AppendFrame] for a text or binary message that
// [Deflate.AppendMessage] compressed: the frame has RSV1 set (RFC 7692 §6).
func AppendCompressedFrame(dst []byte, op ws.OpCode, deflated []byte) []byte {
	dst = AppendHeader(dst, ws.Header{Fin: true, Rsv: rsv1, OpCode: op, Length: int64(len(deflated))})
	return append(dst, deflated...)
}

// AppendMaskedFrame is [AppendFrame] for a client, whose frames are masked with
// a key that the peer cannot foresee (RFC 6455 §10.3). payload is left as it is.
func AppendMaskedFrame(dst []byte, op ws.OpCode, payload []byte, key [4]byte) []byte {
	return appendMasked(dst, ws.Header{Fin: true, OpCode: op, Mask: key}, payload)
}

// AppendMaskedCompressedFrame is [AppendCompressedFrame] for a client, as
// [AppendMaskedFrame] is [AppendFrame].
func AppendMaskedCompressedFrame(dst []byte, op ws.OpCode, deflated []byte, key [4]byte) []byte {
	return appendMasked(dst, ws.Header{Fin: true, Rsv: rsv1, OpCode: op, Mask: key}, deflated)
}

// appendMasked appends the frame of h, of which it sets length and mask bit.
func appendMasked(dst []byte, h ws.Header, payload []byte) []byte {
	h.Masked, h.Length = true, int64(len(payload))
	dst = append(AppendHeader(dst, h), payload...)
	Unmask(dst[len(dst)-len(payload):], h.Mask, 0)
	return dst
}

// Frame is a server frame encoded once and shared by every session it is sent
// to. It is immutable, so any goroutine may read it at any time, and it is
// freed by the garbage collector after its last reader. The zero value is no
// frame: no bytes.
type Frame struct {
	wire []byte
}

// Encode returns payload as a [Frame]. It borrows payload and allocates once,
// exactly what the frame needs.
func Encode(op ws.OpCode, payload []byte) Frame {
	size := HeaderLen(ws.Header{Length: int64(len(payload))}) + len(payload)
	return Frame{AppendFrame(make([]byte, 0, size), op, payload)}
}

// EncodeCompressed is [Encode] for a message that [Deflate.AppendMessage]
// compressed. It suits the sessions that agreed on that Deflate.
func EncodeCompressed(op ws.OpCode, deflated []byte) Frame {
	size := HeaderLen(ws.Header{Length: int64(len(deflated))}) + len(deflated)
	return Frame{AppendCompressedFrame(make([]byte, 0, size), op, deflated)}
}

// Bytes returns the frame as it goes on the wire. The caller borrows it and
// must not write to it; an append copies it first.
func (f Frame) Bytes() []byte { return f.wire[:len(f.wire):len(f.wire)] }

// Len returns the length of [Frame.Bytes], header included.
func (f Frame) Len() int { return len(f.wire) }
