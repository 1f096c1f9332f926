// Package reply answers WebSocket clients over libraries that move bytes and
// know no WebSocket. It takes bytes and gives bytes; masking and the handshake
// are those of gobwas/ws. Headers are parsed here, from the bytes in place:
// ws.ReadHeader reads from an io.Reader and allocates for each frame.
package reply

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/gobwas/ws"
)

// MaxFrame bounds the payload of one frame: 16 MiB.
const MaxFrame = 16 << 20

// Errors of frames that are not answered.
var (
	ErrUnmasked = errors.New("frame of a client is not masked")
	ErrTooLong  = errors.New("frame is longer than 16 MiB")
	ErrClosed   = errors.New("peer closed")

	ErrFragmented = errors.New("message is in fragments")
)

var endOfHead = []byte("\r\n\r\n")

// Upgrade answers the request head at the start of in. It returns the answer,
// owned by the caller, and the length of the head, which is 0 while the head is
// not complete. It borrows in.
func Upgrade(in []byte) (answer []byte, size int, err error) {
	end := bytes.Index(in, endOfHead)
	if end < 0 {
		return nil, 0, nil
	}
	size = end + len(endOfHead)
	var e exchange
	e.request.Reset(in[:size])
	_, err = ws.Upgrade(&e)
	return e.answer.Bytes(), size, err
}

// exchange is a request that has arrived, as the stream that ws.Upgrade wants.
type exchange struct {
	request bytes.Reader
	answer  bytes.Buffer
}

func (e *exchange) Read(p []byte) (int, error)  { return e.request.Read(p) }
func (e *exchange) Write(p []byte) (int, error) { return e.answer.Write(p) }

// Append appends to dst the replies to the whole frames at the start of in,
// which it borrows and unmasks in place. It returns how many bytes of in it has
// answered; the rest is a partial frame, or follows a close frame, for which it
// returns [ErrClosed].
func Append(dst, in []byte) (out []byte, used int, err error) {
	for {
		header, payload, size, err := next(in[used:])
		if size == 0 || err != nil {
			return dst, used, err
		}
		used += size
		if header.OpCode != ws.OpPong {
			dst = appendReply(dst, header, payload)
		}
		if header.OpCode == ws.OpClose {
			return dst, used, ErrClosed
		}
	}
}

// Relay is Append for servers that pass messages on: data frames are appended to
// messages, as a server sends them, and only the replies to control frames to
// replies. Messages in fragments are not passed on; the error is
// [ErrFragmented].
func Relay(replies, messages, in []byte) (outReplies, outMessages []byte, used int, err error) {
	for {
		header, payload, size, err := next(in[used:])
		if size == 0 || err != nil {
			return replies, messages, used, err
		}
		used += size
		switch {
		case header.OpCode == ws.OpPong:
		case header.OpCode.IsControl():
			replies = appendReply(replies, header, payload)
		case !header.Fin || header.OpCode == ws.OpContinuation:
			return replies, messages, used, ErrFragmented
		default:
			messages = appendReply(messages, header, payload)
		}
		if header.OpCode == ws.OpClose {
			return replies, messages, used, ErrClosed
		}
	}
}

// next unmasks the frame at the start of in and returns its payload, which lies
// in in, and its size. A size of 0 means that it is not whole.
func next(in []byte) (header ws.Header, payload []byte, size int, err error) {
	header, size, err = parse(in)
	end := size + int(header.Length)
	if err != nil || size == 0 || end > len(in) {
		return header, nil, 0, err
	}
	payload = in[size:end]
	ws.Cipher(payload, header.Mask, 0)
	return header, payload, end, nil
}

// Missing returns how many more bytes than in it takes, at least, to make the
// frame at the start of in whole; 0 if it is whole or will not be answered.
func Missing(in []byte) int {
	header, size, err := parse(in)
	switch {
	case err != nil:
		return 0
	case size == 0:
		return 1
	}
	return max(size+int(header.Length)-len(in), 0)
}

// appendReply appends the server's frame that answers one of a client: data and
// close frames come back, a ping becomes a pong (RFC 6455 §5.5).
func appendReply(dst []byte, header ws.Header, payload []byte) []byte {
	if header.OpCode == ws.OpPing {
		header.OpCode = ws.OpPong
	}
	first := header.Rsv<<4 | byte(header.OpCode)
	if header.Fin {
		first |= 0x80
	}
	switch n := len(payload); {
	case n < 126:
		dst = append(dst, first, byte(n))
	case n <= 0xFFFF:
		dst = binary.BigEndian.AppendUint16(append(dst, first, 126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, first, 127), uint64(n))
	}
	return append(dst, payload...)
}

// parse reads a client's frame header. A size of 0 means that more bytes are
// needed.
func parse(p []byte) (header ws.Header, size int, err error) {
	if len(p) < 2 {
		return header, 0, nil
	}
	if p[1]&0x80 == 0 {
		return header, 0, ErrUnmasked
	}
	size = 2 + 4
	switch p[1] & 0x7F {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if len(p) < size {
		return header, 0, nil
	}
	length := uint64(p[1] & 0x7F)
	switch length {
	case 126:
		length = uint64(binary.BigEndian.Uint16(p[2:]))
	case 127:
		length = binary.BigEndian.Uint64(p[2:])
	}
	if length > MaxFrame {
		return header, 0, ErrTooLong
	}
	header = ws.Header{
		Fin:    p[0]&0x80 != 0,
		Rsv:    p[0] & 0x70 >> 4,
		OpCode: ws.OpCode(p[0] & 0x0F),
		Masked: true,
		Length: int64(length),
	}
	copy(header.Mask[:], p[size-4:])
	return header, size, nil
}
