package fairqueue

// cells stores values at indices from 1, and links them into lines. The zero
// value is empty.
//
// Package slab does the same for values that live long, in pages of 512: a queue
// that is mostly empty would allocate a page for each item.
type cells[T any] struct {
	list []cell[T] // that of index 1 comes first
	free int32     // the last cell released, which begins a chain of them
}

type cell[T any] struct {
	value T
	next  int32 // in the cell's line; 0 at its end
}

// line is a chain of cells, first in, first out. 0 is no cell.
type line struct{ first, last int32 }

// grown returns the number of values that memory is held for.
func (c *cells[T]) grown() int { return cap(c.list) }

// at returns the value at index i. The address is good until the next claim.
func (c *cells[T]) at(i int32) *T { return &c.list[i-1].value }

// claim stores v and returns its index.
func (c *cells[T]) claim(v T) int32 {
	if i := c.free; i != 0 {
		c.free = c.list[i-1].next
		*c.at(i) = v
		return i
	}
	c.list = append(c.list, cell[T]{value: v})
	return int32(len(c.list))
}

// release gives up the index i and returns its value, of which it keeps nothing.
func (c *cells[T]) release(i int32) T {
	v := *c.at(i)
	c.list[i-1] = cell[T]{next: c.free}
	c.free = i
	return v
}

// link adds the cell i to the end of l.
func (c *cells[T]) link(l *line, i int32) {
	c.list[i-1].next = 0
	if l.first == 0 {
		l.first = i
	} else {
		c.list[l.last-1].next = i
	}
	l.last = i
}

// unlink takes the first cell off l, which must have one.
func (c *cells[T]) unlink(l *line) int32 {
	i := l.first
	l.first = c.list[i-1].next
	return i
}
