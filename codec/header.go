package codec

import (
	"encoding/binary"

	"github.com/gobwas/ws"
)

// MaxHeader is the longest frame header, in bytes: two of flags and short
// length, eight of long length, four of masking key (RFC 6455 §5.2).
const MaxHeader = 14

// The three forms of the payload length, RFC 6455 §5.2.
const (
	maxLen7  = 125
	maxLen16 = 0xffff
	lenIs16  = 126
	lenIs64  = 127
)

const (
	finBit  = 0x80
	maskBit = 0x80
	lenBits = 0x7f
)

var (
	errLengthTopBit     = protocolError("§5.2", "64-bit payload length with its top bit set")
	errLengthNotMinimal = protocolError("§5.2", "payload length not in its shortest form")
)

// ParseHeader reads the frame header at the start of b, which it borrows. n is
// the header's length in bytes; 0 with a nil error means that b holds only a
// part of it, and then h has no meaning. An [*Error] of code 1002 is returned as
// soon as the bytes show that no legal length can follow. What else RFC 6455
// forbids is for [Check].
func ParseHeader(b []byte) (h ws.Header, n int, err error) {
	n, err = parseHeader(b, &h)
	return h, n, err
}

// parseHeader is ParseHeader into the caller's h. To copy a Header whose bytes
// were just stored one by one stalls the processor on the stores: by pointer,
// header and check cost the decoder 16 ns, by value 25 ns.
func parseHeader(b []byte, h *ws.Header) (n int, err error) {
	if len(b) < 2 {
		return 0, nil
	}
	flags, short := b[0], b[1]
	length := int64(short & lenBits)
	n = 2
	if length > maxLen7 {
		if length, n, err = parseLongLength(b); n == 0 {
			return 0, err
		}
	}
	if short&maskBit != 0 {
		if len(b) < n+4 {
			return 0, nil
		}
		h.Mask = [4]byte(b[n:])
		n += 4
	}
	h.Fin = flags&finBit != 0
	h.Rsv = flags >> 4 & 7
	h.OpCode = ws.OpCode(flags & 0x0f)
	h.Masked = short&maskBit != 0
	h.Length = length
	return n, nil
}

// parseLongLength reads the 16-bit or 64-bit payload length of the header at
// the start of b, of which at least two bytes are there. n is where the length
// ends, or 0 as in ParseHeader.
func parseLongLength(b []byte) (length int64, n int, err error) {
	if b[1]&lenBits == lenIs16 {
		if len(b) < 4 {
			return 0, 0, nil
		}
		v := binary.BigEndian.Uint16(b[2:])
		if v <= maxLen7 {
			return 0, 0, errLengthNotMinimal
		}
		return int64(v), 4, nil
	}
	var prefix [8]byte
	got := copy(prefix[:], b[2:])
	v := binary.BigEndian.Uint64(prefix[:])
	switch {
	case v>>63 != 0:
		return 0, 0, errLengthTopBit
	case got >= 6 && v <= maxLen16: // six zero bytes leave 16 bits at most
		return 0, 0, errLengthNotMinimal
	case got < 8:
		return 0, 0, nil
	}
	return int64(v), 10, nil
}

// AppendHeader appends the wire form of h to dst and returns the extended
// slice; it takes dst. h.Length is 0 to 1<<63-1 and is written in its shortest
// form; h.Mask is written only if h.Masked.
func AppendHeader(dst []byte, h ws.Header) []byte {
	flags := h.Rsv&7<<4 | byte(h.OpCode)&0x0f
	if h.Fin {
		flags |= finBit
	}
	var mask byte
	if h.Masked {
		mask = maskBit
	}
	switch n := h.Length; {
	case n <= maxLen7:
		dst = append(dst, flags, mask|byte(n))
	case n <= maxLen16:
		dst = append(dst, flags, mask|lenIs16, byte(n>>8), byte(n))
	default:
		dst = append(dst, flags, mask|lenIs64)
		dst = binary.BigEndian.AppendUint64(dst, uint64(n))
	}
	if h.Masked {
		dst = append(dst, h.Mask[0], h.Mask[1], h.Mask[2], h.Mask[3])
	}
	return dst
}

// HeaderLen returns how many bytes [AppendHeader] writes for h: 2 to
// [MaxHeader].
func HeaderLen(h ws.Header) int {
	n := 2
	switch {
	case h.Length > maxLen16:
		n += 8
	case h.Length > maxLen7:
		n += 2
	}
	if h.Masked {
		n += 4
	}
	return n
}
