package buf

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
)

// SegmentSize is the length of every segment in bytes: one read of a socket
// takes at most so much, and some hundreds of small messages fit.
const SegmentSize = 64 << 10

// verify turns on checks that cost time: released segments are overwritten, so
// that a slice used after its segment's release shows as garbage at once.
var verify = os.Getenv("SLUICE_VERIFY") != ""

// Segment is a reference-counted buffer of [SegmentSize] bytes. Whoever holds
// a reference may read the parts that were given to it; only the loop that
// took the segment from its pool writes.
type Segment struct {
	// Fixed after Get.
	pool  *Pool
	bytes []byte

	// Atomic.
	references atomic.Int32
}

// Bytes returns the whole segment; the caller borrows it while it holds a
// reference.
func (s *Segment) Bytes() []byte { return s.bytes }

// Retain adds a reference. The caller must hold one already.
func (s *Segment) Retain() {
	if s.references.Add(1) <= 1 {
		panic("buf: a released segment was retained")
	}
}

// Release gives up one reference; the last one returns the segment to its
// pool. It may be called from any goroutine. One release too many panics: it
// would hand one buffer to two owners.
func (s *Segment) Release() {
	switch left := s.references.Add(-1); {
	case left == 0:
		s.pool.put(s)
	case left < 0:
		panic(fmt.Sprintf("buf: a segment was released %d times too often", -left))
	}
}

// Pool recycles segments. It is safe for concurrent use; idle segments go to
// the garbage collector in time. The zero value is ready.
type Pool struct {
	// Safe for concurrent use.
	idle sync.Pool

	// Atomic.
	outstanding atomic.Int64
}

// Get returns a segment with one reference, owned by the caller. Its bytes
// are not zeroed.
func (p *Pool) Get() *Segment {
	p.outstanding.Add(1)
	s, _ := p.idle.Get().(*Segment)
	if s == nil {
		s = &Segment{pool: p, bytes: make([]byte, SegmentSize)}
	}
	s.references.Store(1)
	return s
}

func (p *Pool) put(s *Segment) {
	if verify {
		for i := range s.bytes {
			s.bytes[i] = 0xDB
		}
	}
	p.outstanding.Add(-1)
	p.idle.Put(s)
}

// Outstanding returns the number of segments taken and not yet returned.
func (p *Pool) Outstanding() int { return int(p.outstanding.Load()) }
