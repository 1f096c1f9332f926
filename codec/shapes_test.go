package codec

import (
	"bytes"
	"math/bits"
	"testing"
)

// bitWriter writes DEFLATE by hand, bit by bit from the lowest (RFC 1951 §3.1.1).
type bitWriter struct {
	out []byte
	n   uint // bits written
}

func (w *bitWriter) bits(v, count uint) {
	for i := range count {
		if w.n%8 == 0 {
			w.out = append(w.out, 0)
		}
		w.out[w.n/8] |= byte(v>>i&1) << (w.n % 8)
		w.n++
	}
}

// codes returns the canonical codes of the lengths, as they are written (RFC
// 1951 §3.2.2).
func codes(lengths []uint) []uint {
	var count, next [17]uint
	for _, l := range lengths {
		count[l]++
	}
	count[0] = 0
	for l := 1; l < len(next); l++ {
		next[l] = (next[l-1] + count[l-1]) << 1
	}
	words := make([]uint, len(lengths))
	for s, l := range lengths {
		if l > 0 {
			words[s] = uint(bits.Reverse16(uint16(next[l])) >> (16 - l))
			next[l]++
		}
	}
	return words
}

// dynamic writes a block with codes of its own (RFC 1951 §3.2.7), whose content
// is the given symbols of the literal/length code. A symbol beyond 256 is
// followed by the first distance code. The code lengths are written with as few
// bits as a plain scheme gives.
func (w *bitWriter) dynamic(final bool, literal, distance []uint, content ...int) {
	w.dynamicHead(final, literal, distance)
	words := codes(literal)
	for _, s := range append(content, endOfBlock) {
		w.bits(words[s], literal[s])
		if s > endOfBlock {
			w.bits(0, distance[0])
		}
	}
}

// dynamicHead writes what comes before the content of such a block.
func (w *bitWriter) dynamicHead(final bool, literal, distance []uint) {
	all := append(append([]uint{}, literal...), distance...)
	type run struct{ symbol, extra, extraBits uint }
	var runs []run
	for i := 0; i < len(all); {
		n := 1
		for i+n < len(all) && all[i+n] == all[i] {
			n++
		}
		switch v := all[i]; {
		case v == 0 && n >= 11:
			n = min(n, 138)
			runs = append(runs, run{18, uint(n - 11), 7})
		case v == 0 && n >= 3:
			runs = append(runs, run{17, uint(n - 3), 3})
		case n >= 4:
			n = min(n, 7)
			runs = append(runs, run{symbol: v}, run{16, uint(n - 4), 2})
		default:
			n = 1
			runs = append(runs, run{symbol: v})
		}
		i += n
	}
	// The most frequent symbols have the shortest codes: 1, 2, 3 bits and so on,
	// the last two alike.
	var count [19]int
	for _, r := range runs {
		count[r.symbol]++
	}
	var precode [19]uint
	var used []int
	for {
		best := -1
		for s, c := range count {
			if c > 0 && precode[s] == 0 && (best < 0 || c > count[best]) {
				best = s
			}
		}
		if best < 0 {
			break
		}
		used = append(used, best)
		precode[best] = uint(len(used))
	}
	switch n := len(used); {
	case n > 8: // too many for 7 bits: 16 alike
		for s := 0; len(used) < 16; s++ {
			if precode[s] == 0 {
				used = append(used, s)
			}
		}
		for _, s := range used {
			precode[s] = 4
		}
	case n > 1:
		precode[used[n-1]]--
	}
	last := 4
	for i, s := range lengthOrder {
		if precode[s] > 0 {
			last = max(last, i+1)
		}
	}
	w.bits(bit(final), 1)
	w.bits(2, 2)
	w.bits(uint(len(literal)-257), 5)
	w.bits(uint(len(distance)-1), 5)
	w.bits(uint(last-4), 4)
	for _, s := range lengthOrder[:last] {
		w.bits(precode[s], 3)
	}
	words := codes(precode[:])
	for _, r := range runs {
		w.bits(words[r.symbol], precode[r.symbol])
		w.bits(r.extra, r.extraBits)
	}
}

func bit(b bool) uint {
	if b {
		return 1
	}
	return 0
}

// sparse is the smallest code there is: an end of block, and the literal or
// length symbol s.
func sparse(s int) []uint {
	lengths := make([]uint, max(257, s+1))
	lengths[256], lengths[s] = 1, 1
	return lengths
}

// dense is a code of 263 symbols that makes a decoder's tables as large as they
// get: 256 codes of 10 bits and more behind 128 prefixes of 9.
func dense() []uint {
	lengths := make([]uint, 263)
	for i := range 254 {
		lengths[i] = 10
	}
	for i, l := range []uint{1, 2, 10, 11, 12, 13, 14, 15, 15} {
		lengths[254+i] = l
	}
	lengths[254], lengths[256] = lengths[256], lengths[254] // the end of the block in one bit
	return lengths
}

// shape is a message made to cost much.
type shape struct {
	name    string
	message []byte
}

// shapes returns messages of up to size bytes, of one block again and again.
func shapes(t testing.TB, size int) []shape {
	block := func(write func(w *bitWriter)) []byte {
		var w bitWriter
		for len(w.out) < size-48 {
			write(&w)
		}
		w.bits(0, 3) // the empty block whose tail the sender took off
		return w.out
	}
	stored := bytes.Repeat([]byte(deflateEmpty), size/5)
	return []shape{
		{"empty stored", append(stored, 0)},
		{"stored, a byte each", append(bytes.Repeat([]byte("\x00\x01\x00\xfe\xffa"), size/6), 0)},
		{"empty fixed", block(func(w *bitWriter) { w.bits(2, 10) })},
		{"fixed, a literal each", block(func(w *bitWriter) { w.bits(2, 3); w.bits(0x0c, 8); w.bits(0, 7) })},
		{"empty final fixed", bytes.Repeat([]byte{3, 0}, size/2)},
		{"empty dynamic", block(func(w *bitWriter) { w.dynamic(false, sparse(0), []uint{1}) })},
		{"empty final dynamic", bytes.Repeat(emptyDynamicBlock, size/len(emptyDynamicBlock))},
		{"dynamic, two literals each", block(func(w *bitWriter) { w.dynamic(false, sparse('a'), []uint{1}, 'a', 'a') })},
		{"dynamic, two matches each", block(func(w *bitWriter) {
			if w.n == 0 { // something to refer to
				w.bits(2, 3)
				w.bits(0x0c, 8)
				w.bits(0, 7)
			}
			w.dynamic(false, sparse(264), []uint{1}, 264, 264) // 10 bytes each
		})},
		{"empty dynamic of large tables", block(func(w *bitWriter) { w.dynamic(false, dense(), []uint{1}) })},
	}
}

const deflateEmpty = "\x00\x00\x00\xff\xff"

func BenchmarkInflateShapes(b *testing.B) {
	for _, s := range shapes(b, 64<<10) {
		b.Run(s.name, func(b *testing.B) {
			var dst []byte
			var err error
			b.SetBytes(int64(len(s.message)))
			for b.Loop() {
				dst, err = Inflate(dst[:0], s.message, 640<<10)
			}
			b.ReportMetric(float64(len(dst)), "out")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(s.message)), "ns/byte")
			if err != nil {
				b.Log(err)
			}
		})
	}
}
