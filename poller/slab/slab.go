// Package slab stores many small values of one type, each at a small integer
// index, in pages that come and go.
//
// A million values in one slice would be copied when the slice grows and would
// never shrink; a million values on the heap would cost a pointer and an
// allocation each. Pages have neither fault: values keep their address, growth
// costs one allocation for 512 values (those whose size is a power of two fill it
// to the last byte), and a page goes back to the garbage collector when its last
// value is released. [Slots] hands out the lowest free index, so that live
// values gather in the low pages and the high ones empty.
//
// Nothing here is safe for concurrent use: a slab belongs to one goroutine.
package slab

import "math/bits"

// PageSize is the number of values in a page.
const PageSize = 512

const (
	wordBits     = 64
	wordsPerPage = PageSize / wordBits
)

// Table is a paged array. The zero value is an empty table.
type Table[T any] struct {
	pages []*[PageSize]T
	live  []uint16 // claimed values on each page
}

// Claim makes room for a value at index i and returns it, zeroed. The address
// is good until [Table.Release]. An index is claimed once at a time.
func (t *Table[T]) Claim(i uint32) *T {
	at := int(i / PageSize)
	for at >= len(t.pages) {
		t.pages = append(t.pages, nil)
		t.live = append(t.live, 0)
	}
	if t.pages[at] == nil {
		t.pages[at] = new([PageSize]T)
	}
	t.live[at]++
	return &t.pages[at][i%PageSize]
}

// At returns the value at index i, or nil where no page is held for i. A value
// that is not claimed, on a page that others keep, is the zero value.
func (t *Table[T]) At(i uint32) *T {
	at := int(i / PageSize)
	if at >= len(t.pages) || t.pages[at] == nil {
		return nil
	}
	return &t.pages[at][i%PageSize]
}

// Release zeroes the value at index i, which must be claimed, and drops its
// page if it was the last one on it.
func (t *Table[T]) Release(i uint32) {
	at := i / PageSize
	var zero T
	t.pages[at][i%PageSize] = zero
	t.live[at]--
	if t.live[at] == 0 {
		t.pages[at] = nil
	}
}

// Page returns the values of page n, or nil where none is held. The values
// that are not claimed are zero.
func (t *Table[T]) Page(n int) []T {
	if n >= len(t.pages) || t.pages[n] == nil {
		return nil
	}
	return t.pages[n][:]
}

// Pages returns the number of pages, dropped ones included.
func (t *Table[T]) Pages() int { return len(t.pages) }

// Held returns the number of values that memory is held for.
func (t *Table[T]) Held() int {
	held := 0
	for _, p := range t.pages {
		if p != nil {
			held += PageSize
		}
	}
	return held
}

// Slots hands out indices, the lowest free one first. The zero value is ready.
type Slots struct {
	free []uint64 // a bit for each index, set if it is free
	room []uint64 // a bit for each page, set if it has a free index
	used int
}

// Take returns the lowest free index.
func (s *Slots) Take() uint32 {
	pg := s.pageWithRoom()
	words := s.free[pg*wordsPerPage : (pg+1)*wordsPerPage]
	for w := range words {
		if words[w] == 0 {
			continue
		}
		bit := bits.TrailingZeros64(words[w])
		words[w] &^= 1 << bit
		s.used++
		if isZero(words[w:]) {
			s.room[pg/wordBits] &^= 1 << (pg % wordBits)
		}
		return uint32(pg*PageSize + w*wordBits + bit)
	}
	panic("slab: a page marked as having room is full")
}

func (s *Slots) pageWithRoom() int {
	for w, word := range s.room {
		if word != 0 {
			return w*wordBits + bits.TrailingZeros64(word)
		}
	}
	pg := len(s.free) / wordsPerPage
	for range wordsPerPage {
		s.free = append(s.free, ^uint64(0))
	}
	for pg/wordBits >= len(s.room) {
		s.room = append(s.room, 0)
	}
	s.room[pg/wordBits] |= 1 << (pg % wordBits)
	return pg
}

func isZero(words []uint64) bool {
	for _, w := range words {
		if w != 0 {
			return false
		}
	}
	return true
}

// Put gives back an index taken before. Giving back a free index panics: two
// owners of one index would corrupt each other's values.
func (s *Slots) Put(i uint32) {
	word, bit := &s.free[i/wordBits], uint64(1)<<(i%wordBits)
	if *word&bit != 0 {
		panic("slab: index put back twice")
	}
	*word |= bit
	s.used--
	pg := i / PageSize
	s.room[pg/wordBits] |= 1 << (pg % wordBits)
}

// Used returns the number of indices taken.
func (s *Slots) Used() int { return s.used }
