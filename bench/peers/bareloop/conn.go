package main

import "bytes"

// conn is one connection, found by its descriptor. An idle one holds no
// memory beyond these 16 bytes. Loop only.
type conn struct {
	spill  *spill
	opened bool // the handshake is done
	ending bool // close when the spill is sent
}

// spill is what a connection could not get rid of in its last turn.
type spill struct {
	in  []byte // a partial request head or frame; exact size, or a long frame's whole capacity
	out []byte // bytes that the socket did not take; nothing is read before they are gone
}

// hold keeps copies of partial input and unsent output, both borrowed, for the
// next turn.
func (c *conn) hold(in, out []byte) {
	if len(in) == 0 && len(out) == 0 {
		c.spill = nil
		return
	}
	if c.spill == nil {
		c.spill = new(spill)
	}
	c.spill.keep(in)
	c.spill.out = bytes.Clone(out)
}

// keep stores a partial input. The rest of a frame that does not fit the loop's
// buffer is read straight into place, so that its bytes are copied once.
func (s *spill) keep(in []byte) {
	if len(in) > 0 && len(s.in) > 0 && &in[0] == &s.in[0] {
		s.in = in
		return
	}
	s.in = append(make([]byte, 0, max(len(in), longFrame(in))), in...)
}

// table finds connections by descriptor. It grows by whole pages, so that
// growth never copies.
type table []*[pageSize]conn

const pageSize = 1024

func (t *table) at(fd int32) *conn {
	page := int(fd) / pageSize
	for page >= len(*t) {
		*t = append(*t, new([pageSize]conn))
	}
	return &(*t)[page][int(fd)%pageSize]
}
