package conformance_test

import (
	"fmt"
	"iter"
	"slices"
)

// chopping is how what is sent at once is cut into writes.
type chopping struct {
	name string
	size int // octets of a write; 0: as it is, -1: a frame
}

var (
	whole     = chopping{"whole", 0}
	frameWise = chopping{"frame-wise", -1}
	octetWise = chopping{"octet-wise", 1}
)

// everyChopping is how rows are played that do not ask for one of their own.
var everyChopping = []chopping{whole, frameWise, octetWise}

// inPieces cuts into writes of size octets.
func inPieces(size int) chopping { return chopping{fmt.Sprintf("by %d", size), size} }

// writes yields what to write to send units, which are frames or lines of a
// head.
func (c chopping) writes(units [][]byte) iter.Seq[[]byte] {
	switch c.size {
	case 0:
		return slices.Values([][]byte{slices.Concat(units...)})
	case -1:
		return slices.Values(units)
	}
	return slices.Chunk(slices.Concat(units...), c.size)
}

// count returns how many writes it takes to send that many octets, at most.
func (c chopping) count(octets int) int {
	if c.size <= 0 {
		return 1
	}
	return (octets + c.size - 1) / c.size
}
