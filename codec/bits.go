package codec

import "encoding/binary"

// bitReader reads a compressed message and then inflateEnd, from the lowest bit
// of each byte on (RFC 1951 §3.1.1). It borrows the message.
type bitReader struct {
	message []byte
	at      int    // the next byte, counted on into inflateEnd
	bits    uint64 // the next bits, as many as left says; those above are no others than will come
	left    int    // negative: more were taken than there are
}

// refill brings left to 56 or more, as far as there are bytes.
func (r *bitReader) refill() {
	if r.at+8 <= len(r.message) && r.left >= 0 {
		r.bits |= binary.LittleEndian.Uint64(r.message[r.at:]) << r.left
		r.at += (63 - r.left) >> 3
		r.left |= 56
		return
	}
	r.refillAtEnd()
}

func (r *bitReader) refillAtEnd() {
	for 0 <= r.left && r.left < 56 {
		next := r.peek(1)
		if len(next) == 0 {
			return
		}
		r.bits |= uint64(next[0]) << r.left
		r.at++
		r.left += 8
	}
}

// peek returns up to n of the bytes behind bits, 0 at the end of all and not
// always all that there are.
func (r *bitReader) peek(n int) []byte {
	if r.at < len(r.message) {
		return r.message[r.at:min(len(r.message), r.at+n)]
	}
	end := r.at - len(r.message)
	return inflateEndBytes[end:min(len(inflateEndBytes), end+n)]
}

var inflateEndBytes = []byte(inflateEnd)

// drop takes n bits and reports whether they were there.
func (r *bitReader) drop(n int) bool {
	r.bits >>= uint(n) & 63
	r.left -= n
	return r.left >= 0
}

// take takes the value of n bits, at most 32, and reports whether they were
// there.
func (r *bitReader) take(n uint) (v uint64, ok bool) {
	r.refill()
	v = r.bits & (1<<n - 1)
	return v, r.drop(int(n))
}

// align drops the bits up to the next byte.
func (r *bitReader) align() { r.drop(r.left & 7) }

// unread returns how many bytes are left, of those that are whole.
func (r *bitReader) unread() int {
	return len(r.message) + len(inflateEnd) - r.at + r.left/8
}

// unreadBits gives whole bytes back, so that at is the next one. It stands at the
// beginning of a byte.
func (r *bitReader) unreadBits() {
	r.at -= r.left / 8
	r.bits, r.left = 0, 0
}
