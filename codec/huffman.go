package codec

import "math/bits"

// The tables that DEFLATE's Huffman codes are read with. A table is indexed with
// the next bits of the input. Codes longer than the index lead from there to a
// part of their own behind it.

// entry is what a table has for some bits of the input. One of no kind is an
// error: no code begins so, or none that may.
//
//	bits 0-4    how many bits the code has, all in all
//	bits 5-7    what kind it is
//	bits 8-11   how many extra bits follow it, or the index bits of the part
//	bits 16-31  the literal, the least length or distance, or where the part is
type entry uint32

const (
	entryLiteral entry = 1 << 5
	entryBase    entry = 2 << 5 // of a length or a distance
	entryEnd     entry = 3 << 5
	entryPart    entry = 4 << 5
	entryKind    entry = 7 << 5
)

func (e entry) kind() entry { return e & entryKind }
func (e entry) bits() uint  { return uint(e & 31) }
func (e entry) extra() uint { return uint(e >> 8 & 15) }
func (e entry) value() int  { return int(e >> 16) }

func baseEntry(base, extra int) entry { return entryBase | entry(extra)<<8 | entry(base)<<16 }

const (
	maxCodeBits = 15

	// The index bits of the tables, and how many entries they have at most with
	// their parts: 1,334 and 402 by the enumeration that comes with zlib,
	// rounded up to what spares a bounds check.
	literalBits     = 10
	literalEntries  = 2048
	distanceBits    = 8
	distanceEntries = 512
	precodeBits     = 7

	literalCodes  = 286 // that may be used, of 288
	distanceCodes = 30  // of 32
	precodeCodes  = 19
	endOfBlock    = 256
)

type (
	literalTable  [literalEntries]entry
	distanceTable [distanceEntries]entry
)

// What each symbol means, RFC 1951 §3.2.5: entries that lack only their bits.
var (
	literalSymbols  = newLiteralSymbols()
	distanceSymbols = newDistanceSymbols()
	precodeSymbols  = newPrecodeSymbols()
)

func newLiteralSymbols() (symbols [288]entry) {
	for s := range endOfBlock {
		symbols[s] = entryLiteral | entry(s)<<16
	}
	symbols[endOfBlock] = entryEnd
	base := 3
	for s := endOfBlock + 1; s < literalCodes-1; s++ {
		extra := max(0, (s-261)/4)
		symbols[s] = baseEntry(base, extra)
		base += 1 << extra
	}
	symbols[literalCodes-1] = baseEntry(258, 0)
	return symbols
}

func newDistanceSymbols() (symbols [32]entry) {
	base := 1
	for s := range distanceCodes {
		extra := max(0, s/2-1)
		symbols[s] = baseEntry(base, extra)
		base += 1 << extra
	}
	return symbols
}

func newPrecodeSymbols() (symbols [precodeCodes]entry) {
	for s := range symbols {
		symbols[s] = entryLiteral | entry(s)<<16
	}
	return symbols
}

// The codes of blocks that bring none, RFC 1951 §3.2.6.
var fixedLiteral, fixedDistance = newFixedTables()

func newFixedTables() (*literalTable, *distanceTable) {
	var lengths [288 + 32]uint8
	for s := range lengths {
		switch {
		case s < 144:
			lengths[s] = 8
		case s < 256:
			lengths[s] = 9
		case s < 280:
			lengths[s] = 7
		case s < 288:
			lengths[s] = 8
		default:
			lengths[s] = 5
		}
	}
	l, d := new(literalTable), new(distanceTable)
	buildTable(l[:], literalBits, lengths[:288], literalSymbols[:])
	buildTable(d[:], distanceBits, lengths[288:], distanceSymbols[:])
	return l, d
}

// buildTable fills table, of 1<<index entries and parts behind them, for the
// code that has those lengths, 0 for a symbol without one. It reports whether
// that is a code: one that leaves bits without a meaning is none, but for the
// single code of one bit and for no code at all, which fail when they are met.
//
// Words are made in the order of their lengths, so a table of n bits is two of
// n-1 bits with the words of n bits put in. Each word is kept as it is read, its
// first bit lowest (RFC 1951 §3.1.1).
func buildTable(table []entry, index int, lengths []uint8, symbols []entry) bool {
	var count [maxCodeBits + 1]uint16
	for _, n := range lengths {
		count[n]++
	}
	longest, unused := 0, 1 // unused words of the length at hand
	for n := 1; n <= maxCodeBits; n++ {
		unused = unused<<1 - int(count[n])
		if unused < 0 {
			return false
		}
		if count[n] > 0 {
			longest = n
		}
	}
	if unused > 0 && longest > 1 {
		return false
	}
	var place [maxCodeBits + 2]uint16
	for n := 1; n <= maxCodeBits; n++ {
		place[n+1] = place[n] + count[n]
	}
	var sorted [288]uint16
	for s, n := range lengths {
		if n > 0 {
			sorted[place[n]] = uint16(s)
			place[n]++
		}
	}

	word, rest := 0, sorted[:]
	table[0] = 0
	for n := 1; n <= index; n++ {
		size := 1 << (n - 1)
		copy(table[size:2*size], table[:size])
		for _, s := range rest[:count[n]] {
			table[word] = symbols[s] | entry(n)
			word = nextWord(word, n)
		}
		rest = rest[count[n]:]
	}
	if longest > index {
		buildParts(table, index, longest, word, &count, rest, symbols)
	}
	return true
}

// buildParts fills the parts for the words longer than index. word is the first
// of them, and sorted has their symbols.
func buildParts(table []entry, index, longest, word int, count *[maxCodeBits + 1]uint16, sorted []uint16, symbols []entry) {
	start, end, prefix := 0, 1<<index, -1
	for n := index + 1; n <= longest; n++ {
		for left := count[n]; left > 0; left-- {
			if low := word & (1<<index - 1); low != prefix {
				// The words with this prefix are the next ones: so long a part
				// that they fill it.
				prefix = low
				size := n - index
				for room := 1<<size - int(left); room > 0 && index+size < longest; {
					size++
					room = room<<1 - int(count[index+size])
				}
				start, end = end, end+1<<size
				table[prefix] = entryPart | entry(size)<<8 | entry(start)<<16
			}
			for i := start + word>>index; i < end; i += 1 << (n - index) {
				table[i] = symbols[sorted[0]] | entry(n)
			}
			sorted = sorted[1:]
			word = nextWord(word, n)
		}
	}
}

// nextWord returns the word of n bits behind word, and for the last one itself:
// it adds one to a number whose lowest bit is the highest.
func nextWord(word, n int) int {
	all := 1<<n - 1
	if word == all {
		return word
	}
	zero := 1 << (bits.Len(uint(word^all)) - 1)
	return word&(zero-1) | zero
}
