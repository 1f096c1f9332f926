package codec

import (
	"encoding/binary"
	"sync"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

var (
	errInflate        = &Error{ws.StatusInvalidFramePayloadData, "RFC 7692 §7.2.2", "compressed message that cannot be inflated"}
	errInflatedTooBig = tooBig("compressed message that inflates to more than the limit")
	errInflateTables  = &Error{ws.StatusPolicyViolation, "RFC 7692 §8", "compressed message of too many Huffman codes"}
)

// Inflate appends to dst what the compressed message p inflates to, and returns
// the extended slice; it takes dst and borrows p. p is the payload of a [Unit]
// with Compressed set, of however many frames. Any goroutine may call it at any
// time.
//
// limit is how many bytes may be appended. It is enforced as they come: where dst
// lacks capacity it grows by what was produced and received so far, never beyond
// the limit, whatever p claims. The error is an [*Error], of code 1009 over the
// limit, of code 1007 if p is broken or truncated, and of code 1008 if it has more
// Huffman codes than a compressor makes; dst is then returned at the length that
// it had.
//
// JSON is inflated at 1 GB of output a second. A limit on output does not bound
// the time, for blocks may yield nothing; but no byte of p was found to cost more
// than 65 ns, and 64 KiB 4 ms. See BenchmarkInflateShapes.
func Inflate(dst, p []byte, limit int) ([]byte, error) {
	r := inflaters.Get().(*inflater)
	dst, err := r.appendMessage(dst, p, limit)
	inflaters.Put(r)
	return dst, err
}

// InflateText is [Inflate] for a text message: one that is not UTF-8 gives an
// error of code 1007.
func InflateText(dst, p []byte, limit int) ([]byte, error) {
	text, err := Inflate(dst, p, limit)
	if err == nil && !utf8.Valid(text[len(dst):]) {
		return text[:len(dst)], errText
	}
	return text, err
}

// inflateEnd follows a compressed message on its way to the decompressor: the
// tail that the sender took off (RFC 7692 §7.2.2) and an empty final block, which
// only a message that is complete lets the decompressor see as such.
const inflateEnd = deflateTail + "\x01\x00\x00\xff\xff"

// inflater is a pooled decompressor of 11 KB. A message is inflated from one
// slice to another, which is its window as well: none is taken over from the
// message before. The pool gives it back after two garbage collections without
// use.
type inflater struct {
	// Amid a message.
	in     bitReader
	out    []byte // as far as there is room
	at     int    // the next place in out
	start  int    // of the message in out
	window int    // no reference before here
	limit  int
	tables int // how many blocks brought codes of their own

	// Amid a block with codes of its own.
	lengths  [288 + 32]uint8
	literal  literalTable
	distance distanceTable // and, before, the code of the lengths
}

var inflaters = sync.Pool{New: func() any { return new(inflater) }}

// maxTables is how many blocks in the first n bytes of a message may bring Huffman
// codes.
// To make tables of them takes 1 to 2 µs, whatever is then read with them: 11 bytes
// may ask for it again and again. Compressors do so only where it makes a block
// shorter than without. zlib's have 127 symbols at least, and the shortest that it
// was found to make take 28 bytes each: memLevel 1, Z_HUFFMAN_ONLY, one letter.
func maxTables(n int) int { return 64 + n/24 }

// appendMessage is [Inflate].
func (r *inflater) appendMessage(dst, p []byte, limit int) ([]byte, error) {
	if limit < 0 {
		return dst, errInflatedTooBig
	}
	r.in = bitReader{message: p}
	r.start, r.at, r.window, r.limit = len(dst), len(dst), len(dst), limit
	r.tables = 0
	r.out = dst[:min(cap(dst), r.start+min(r.limit, cap(dst)))]
	err := r.blocks()
	dst = r.out[:r.at]
	if err != nil {
		dst = dst[:r.start]
	}
	r.in, r.out = bitReader{}, nil
	return dst, err
}

// blocks inflates block after block. The block behind a final one begins at the
// next byte (RFC 7692 §7.2.1), with an empty window: a final block is the last of
// its data set (RFC 1951 §3.2.3).
func (r *inflater) blocks() error {
	for {
		header, ok := r.in.take(3)
		if !ok {
			return errInflate
		}
		var err error
		switch header >> 1 {
		case 0:
			err = r.stored()
		case 1:
			err = r.compressed(fixedLiteral, fixedDistance)
		case 2:
			if err = r.readCodes(); err == nil {
				err = r.compressed(&r.literal, &r.distance)
			}
		default:
			err = errInflate
		}
		if err != nil {
			return err
		}
		if header&1 == 0 {
			continue
		}
		r.in.align()
		if r.atEnd() {
			return nil
		}
		r.window = r.at
	}
}

// atEnd reports whether the final block just read ended the message. That is
// the one behind the message, or the message's own last one if nothing of
// inflateEnd was touched: then the empty block that RFC 7692 §7.2.3.4 has behind
// it was left out, which receivers put up with.
func (r *inflater) atEnd() bool {
	unread := r.in.unread()
	return unread == 0 || unread == len(inflateEnd)
}

// stored copies a block that is not compressed, RFC 1951 §3.2.4.
func (r *inflater) stored() error {
	r.in.align()
	length, ok := r.in.take(16)
	complement, also := r.in.take(16)
	if !ok || !also || length != ^complement&0xffff {
		return errInflate
	}
	r.in.unreadBits()
	for left := int(length); left > 0; {
		part := r.in.peek(left)
		if len(part) == 0 {
			return errInflate
		}
		if r.at == len(r.out) && !r.grow() {
			return errInflatedTooBig
		}
		n := copy(r.out[r.at:], part)
		r.at += n
		r.in.at += n
		left -= n
	}
	return nil
}

// lengthOrder is the order in which the lengths of the code of the lengths come,
// RFC 1951 §3.2.7.
var lengthOrder = [precodeCodes]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readCodes reads the two codes of a block, RFC 1951 §3.2.7.
func (r *inflater) readCodes() error {
	if r.tables++; r.tables > maxTables(r.in.at) {
		return errInflateTables
	}
	head, ok := r.in.take(14)
	literals, distances := int(head&31)+257, int(head>>5&31)+1
	if !ok || literals > literalCodes || distances > distanceCodes {
		return errInflate
	}
	var precode [precodeCodes]uint8
	for _, s := range lengthOrder[:head>>10+4] {
		n, ok := r.in.take(3)
		if !ok {
			return errInflate
		}
		precode[s] = uint8(n)
	}
	if !buildTable(r.distance[:], precodeBits, precode[:], precodeSymbols[:]) || !r.readLengths(literals+distances) {
		return errInflate
	}
	if !buildTable(r.literal[:], literalBits, r.lengths[:literals], literalSymbols[:]) ||
		!buildTable(r.distance[:], distanceBits, r.lengths[literals:literals+distances], distanceSymbols[:]) {
		return errInflate
	}
	return nil
}

// readLengths reads n code lengths by the code that r.distance has for them. It
// reports whether it could.
func (r *inflater) readLengths(n int) bool {
	for i := 0; i < n; {
		r.in.refill()
		e := r.distance[r.in.bits&(1<<precodeBits-1)]
		if e == 0 || !r.in.drop(int(e.bits())) {
			return false
		}
		length, repeat := uint8(e.value()), 1
		var more uint64
		ok := true
		switch length {
		case 16:
			if i == 0 {
				return false
			}
			length = r.lengths[i-1]
			more, ok = r.in.take(2)
			repeat = 3
		case 17:
			length = 0
			more, ok = r.in.take(3)
			repeat = 3
		case 18:
			length = 0
			more, ok = r.in.take(7)
			repeat = 11
		}
		repeat += int(more)
		if !ok || i+repeat > n {
			return false
		}
		for range repeat {
			r.lengths[i] = length
			i++
		}
	}
	return true
}

// compressed inflates a block by its codes, RFC 1951 §3.2.3. What a literal, or a
// length and a distance, can take is at most 48 bits of the 56 that a refill
// brings, unless the input ends; then left becomes negative.
func (r *inflater) compressed(literal *literalTable, distance *distanceTable) error {
	message, out, at := r.in.message, r.out, r.at
	bits, left, next := r.in.bits, r.in.left, r.in.at // in registers, for speed
	for {
		if left < 48 {
			if next+8 <= len(message) {
				bits |= binary.LittleEndian.Uint64(message[next:]) << uint(left)
				next += (63 - left) >> 3
				left |= 56
			} else {
				r.in.bits, r.in.left, r.in.at = bits, left, next
				r.in.refillAtEnd()
				bits, left, next = r.in.bits, r.in.left, r.in.at
			}
		}
		e := literal[bits&(1<<literalBits-1)]
		if e.kind() == entryPart {
			e = literal[(e.value()+int(bits>>literalBits)&(1<<e.extra()-1))&(literalEntries-1)]
		}
		bits >>= e.bits()
		if left -= int(e.bits()); left < 0 {
			return errInflate
		}
		if e.kind() == entryLiteral {
			if at == len(out) {
				r.at = at
				if !r.grow() {
					return errInflatedTooBig
				}
				out = r.out
			}
			out[at] = byte(e.value())
			at++
			continue
		}
		if e.kind() != entryBase {
			r.in.bits, r.in.left, r.in.at, r.at = bits, left, next, at
			if e.kind() != entryEnd {
				return errInflate
			}
			return nil
		}
		length := e.value() + int(bits&(1<<e.extra()-1))
		bits >>= e.extra()
		left -= int(e.extra())

		e = distance[bits&(1<<distanceBits-1)]
		if e.kind() == entryPart {
			e = distance[(e.value()+int(bits>>distanceBits)&(1<<e.extra()-1))&(distanceEntries-1)]
		}
		bits >>= e.bits()
		back := e.value() + int(bits&(1<<e.extra()-1))
		bits >>= e.extra()
		left -= int(e.bits() + e.extra())
		if left < 0 || e.kind() != entryBase || back > at-r.window {
			return errInflate
		}
		for length > len(out)-at {
			r.at = at
			if !r.grow() {
				return errInflatedTooBig
			}
			out = r.out
		}
		repeatBytes(out, at, back, length)
		at += length
	}
}

// repeatBytes writes to out[at:] the length bytes that are found back bytes
// before, or what repeating them gives.
func repeatBytes(out []byte, at, back, length int) {
	from, to := at-back, at+length
	if length <= 16 && back >= 16 && len(out)-at >= 16 {
		// Most are so short, and what is written beyond is written again.
		*(*[16]byte)(out[at:]) = *(*[16]byte)(out[from:])
		return
	}
	for at < to {
		at += copy(out[at:to], out[from:at])
	}
}

// minInflated is the least a buffer for output grows by, in bytes.
const minInflated = 512

// grow makes room in out, and reports whether the limit lets it.
func (r *inflater) grow() bool {
	produced := r.at - r.start
	left := r.limit - (len(r.out) - r.start)
	if left <= 0 {
		return false
	}
	if room := cap(r.out) - len(r.out); room > 0 {
		r.out = r.out[:len(r.out)+min(room, left)]
		return true
	}
	more := min(left, max(minInflated, 2*len(r.in.message), produced))
	out := make([]byte, len(r.out)+more)
	copy(out, r.out[:r.at])
	r.out = out
	return true
}
