package main

import "encoding/binary"

// maxFrame bounds one frame, and with it what a connection can make the loop
// hold: 16 MiB.
const maxFrame = 16 << 20

const (
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xA

	opMask   = 0x0F
	maskBit  = 0x80
	sizeMask = 0x7F
)

// header is what the loop needs of a client's frame header (RFC 6455 §5.2).
type header struct {
	size    int // header length in bytes, masking key included
	payload int // payload length in bytes
}

// parseHeader reads the header at the start of p. A size of 0 means that more
// bytes are needed; ok is false for an unmasked or too long frame.
func parseHeader(p []byte) (h header, ok bool) {
	if len(p) < 6 {
		return header{}, true
	}
	if p[1]&maskBit == 0 {
		return header{}, false
	}
	switch n := int(p[1] & sizeMask); n {
	case 126:
		if len(p) < 8 {
			return header{}, true
		}
		return header{8, int(binary.BigEndian.Uint16(p[2:]))}, true
	case 127:
		if len(p) < 14 {
			return header{}, true
		}
		long := binary.BigEndian.Uint64(p[2:])
		return header{14, int(min(long, maxFrame))}, long < maxFrame
	default:
		return header{6, n}, true
	}
}

// longFrame returns the length of the frame at the start of p if it is longer
// than the loop's buffer, otherwise 0.
func longFrame(p []byte) int {
	h, ok := parseHeader(p)
	if n := h.size + h.payload; ok && n > bufferSize {
		return n
	}
	return 0
}

// verdict says how a connection goes on after its frames were answered.
type verdict uint8

const (
	goOn   verdict = iota
	finish         // a close frame was answered: send the reply, then close
	fault          // a frame that the loop does not understand: close
)

// echo turns the whole frames at the start of p into their replies, in place:
// a server's frame lacks the four bytes of masking key, so replies never
// overtake the frames they are made from. Both results alias p: reply is what
// to send, rest the partial frame behind the last whole one.
func echo(p []byte) (reply, rest []byte, v verdict) {
	from, to := 0, 0
	for {
		h, ok := parseHeader(p[from:])
		if !ok {
			return p[:to], nil, fault
		}
		if h.size == 0 || len(p)-from < h.size+h.payload {
			return p[:to], p[from:], goOn
		}
		op := p[from] & opMask
		if op != opPong {
			to += answer(p[to:], p[from:], h)
		}
		from += h.size + h.payload
		if op == opClose {
			return p[:to], nil, finish
		}
	}
}

// answer writes the reply to the frame at the start of src to dst and returns
// its length. dst may overlap src if it does not begin behind it.
func answer(dst, src []byte, h header) int {
	short := h.size - 4
	key := binary.LittleEndian.Uint32(src[short:])
	first := src[0]
	if first&opMask == opPing {
		first ^= opPing ^ opPong
	}
	copy(dst[:short], src[:short])
	dst[0] = first
	dst[1] &^= maskBit
	unmask(dst[short:short+h.payload], src[h.size:h.size+h.payload], key)
	return short + h.payload
}

// unmask writes src, unmasked with key, to dst of the same length, which may
// overlap src if it begins before it.
func unmask(dst, src []byte, key uint32) {
	wide := uint64(key)<<32 | uint64(key)
	for len(src) >= 8 && len(dst) >= 8 {
		binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(src)^wide)
		src, dst = src[8:], dst[8:]
	}
	for i := range src {
		dst[i] = src[i] ^ byte(key>>(8*(i&3)))
	}
}
