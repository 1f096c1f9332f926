package codectest

import (
	"errors"
	"slices"
)

// tracer inflates the plain way, bit by bit, and notes how far back references
// reach.
type tracer struct {
	in       []byte
	bit      int // next bit of in
	out      []byte
	farthest int // largest distance met
}

var errTrace = errors.New("not a compressed message")

// Trace inflates a message that has no final block, and returns its text and the
// farthest distance that it refers back over, in bytes: the window that its
// compressor has kept to. It borrows message. An error says no more than that
// message is broken.
func Trace(message []byte) (text []byte, farthest int, err error) {
	s := tracer{in: append(slices.Clone(message), tail...)}
	for s.bit < 8*len(s.in) {
		if err := s.block(); err != nil {
			return nil, 0, err
		}
	}
	return s.out, s.farthest, nil
}

// peek returns the next 17 bits or more, the first one lowest; beyond the input
// they are 0.
func (s *tracer) peek() (v int) {
	at := s.bit / 8
	for i := range min(3, max(0, len(s.in)-at)) {
		v |= int(s.in[at+i]) << (8 * i)
	}
	return v >> (s.bit % 8)
}

// bits reads n bits, at most 16.
func (s *tracer) bits(n int) int {
	v := s.peek() & (1<<n - 1)
	s.bit += n
	return v
}

// block reads one block that is not final.
func (s *tracer) block() error {
	final, kind := s.bits(1), s.bits(2)
	switch {
	case final == 1:
		return errTrace
	case kind == 0:
		return s.stored()
	case kind == 1:
		lengths := slices.Concat(slices.Repeat([]int{8}, 144), slices.Repeat([]int{9}, 112), slices.Repeat([]int{7}, 24), slices.Repeat([]int{8}, 8))
		return s.symbols(newCode(lengths), newCode(slices.Repeat([]int{5}, 30)))
	case kind == 2:
		return s.dynamic()
	}
	return errTrace
}

func (s *tracer) stored() error {
	s.bit = (s.bit + 7) / 8 * 8
	n, complement := s.bits(16), s.bits(16)
	if n^complement != 0xffff || s.bit/8+n > len(s.in) {
		return errTrace
	}
	s.out = append(s.out, s.in[s.bit/8:s.bit/8+n]...)
	s.bit += 8 * n
	return nil
}

func (s *tracer) dynamic() error {
	literals, distances, count := s.bits(5)+257, s.bits(5)+1, s.bits(4)+4
	order := []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
	meta := make([]int, len(order))
	for _, i := range order[:count] {
		meta[i] = s.bits(3)
	}
	code := newCode(meta)
	var lengths []int
	for len(lengths) < literals+distances {
		switch v := s.symbol(code); {
		case v < 0 || v == 16 && len(lengths) == 0:
			return errTrace
		case v < 16:
			lengths = append(lengths, v)
		case v == 16:
			lengths = append(lengths, slices.Repeat(lengths[len(lengths)-1:], 3+s.bits(2))...)
		case v == 17:
			lengths = append(lengths, make([]int, 3+s.bits(3))...)
		case v == 18:
			lengths = append(lengths, make([]int, 11+s.bits(7))...)
		}
	}
	if len(lengths) != literals+distances {
		return errTrace
	}
	return s.symbols(newCode(lengths[:literals]), newCode(lengths[literals:]))
}

// RFC 1951 §3.2.5: the base values of length and distance symbols, and their
// extra bits.
var (
	lengthBase    = []int{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthExtra   = []int{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distanceBase  = []int{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	distanceExtra = []int{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
)

func (s *tracer) symbols(literal, distance *code) error {
	for {
		v := s.symbol(literal)
		switch {
		case v < 0 || v > 285:
			return errTrace
		case v < 256:
			s.out = append(s.out, byte(v))
			continue
		case v == 256:
			return nil
		}
		length := lengthBase[v-257] + s.bits(lengthExtra[v-257])
		v = s.symbol(distance)
		if v < 0 || v >= len(distanceBase) {
			return errTrace
		}
		back := distanceBase[v] + s.bits(distanceExtra[v])
		if back > len(s.out) {
			return errTrace
		}
		s.farthest = max(s.farthest, back)
		for length > 0 {
			n := min(length, back) // what is there of a run so far
			s.out = append(s.out, s.out[len(s.out)-back:][:n]...)
			length -= n
		}
	}
}

// code is a canonical Huffman code: how many symbols have each length, and the
// symbols in the order of their codes.
type code struct {
	counts  [16]int
	symbols []int
}

func newCode(lengths []int) *code {
	c := new(code)
	for n := 1; n < len(c.counts); n++ {
		for symbol, length := range lengths {
			if length == n {
				c.counts[n]++
				c.symbols = append(c.symbols, symbol)
			}
		}
	}
	return c
}

// symbol reads one symbol, -1 if there is no such code.
func (s *tracer) symbol(c *code) int {
	ahead := s.peek()
	value, first, index := 0, 0, 0
	for n := 1; n < len(c.counts); n++ {
		value |= ahead & 1
		ahead >>= 1
		count := c.counts[n]
		if value-first < count {
			s.bit += n
			return c.symbols[index+value-first]
		}
		index += count
		first = (first + count) << 1
		value <<= 1
	}
	return -1
}
