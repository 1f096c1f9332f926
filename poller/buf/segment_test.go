package buf

import (
	"sync"
	"testing"
)

func TestPoolCountsOutstandingSegments(t *testing.T) {
	var pool Pool
	a, b := pool.Get(), pool.Get()
	a.Retain()
	a.Release()
	if got := pool.Outstanding(); got != 2 {
		t.Errorf("Outstanding() = %d with two segments held, want 2", got)
	}
	a.Release()
	b.Release()
	if got := pool.Outstanding(); got != 0 {
		t.Errorf("Outstanding() = %d after the last release, want 0", got)
	}
}

func TestSegmentPanicsOnMisuse(t *testing.T) {
	for name, misuse := range map[string]func(*Segment){
		"released twice":         func(s *Segment) { s.Release() },
		"retained once released": func(s *Segment) { s.Retain() },
	} {
		t.Run(name, func(t *testing.T) {
			s := &Segment{pool: new(Pool), bytes: make([]byte, SegmentSize)}
			s.references.Store(1)
			s.Release()
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			misuse(s)
		})
	}
}

func TestSegmentIsReleasedFromManyGoroutines(t *testing.T) {
	var pool Pool
	s := pool.Get()
	var readers sync.WaitGroup
	for range 100 {
		s.Retain()
		readers.Go(s.Release)
	}
	s.Release()
	readers.Wait()
	if got := pool.Outstanding(); got != 0 {
		t.Errorf("Outstanding() = %d, want 0", got)
	}
}
