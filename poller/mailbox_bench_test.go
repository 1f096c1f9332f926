package poller

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// letterbox is a mailbox under measurement.
type letterbox interface {
	post(slot, generation uint32, kind Kind, head, body []byte) error
	// collect takes all letters and returns how many there were.
	collect() int
}

type batchBox struct{ *mailbox }

func (b batchBox) collect() int {
	taken := b.take()
	if taken == nil {
		return 0
	}
	n := len(taken.letters)
	b.release(taken)
	return n
}

// stackBox is the alternative to the mailbox's lock: a Treiber stack of pooled
// nodes, swapped out whole and reversed by its single consumer. It cannot be
// bounded in bytes but by one more atomic.
type stackBox struct {
	nodes sync.Pool
	top   atomic.Pointer[stackNode]
}

type stackNode struct {
	below *stackNode
	envelope
	bytes []byte
}

func (s *stackBox) post(slot, generation uint32, kind Kind, head, body []byte) error {
	n, _ := s.nodes.Get().(*stackNode)
	if n == nil {
		n = new(stackNode)
	}
	n.envelope = envelope{slot: slot, generation: generation, kind: kind}
	n.bytes = append(append(n.bytes[:0], head...), body...)
	for {
		n.below = s.top.Load()
		if s.top.CompareAndSwap(n.below, n) {
			return nil
		}
	}
}

func (s *stackBox) collect() int {
	var first *stackNode
	for n := s.top.Swap(nil); n != nil; {
		n.below, first, n = first, n, n.below
	}
	count := 0
	for n := first; n != nil; count++ {
		below := n.below
		n.below = nil
		s.nodes.Put(n)
		n = below
	}
	return count
}

func newBatchBox() letterbox { return batchBox{newMailbox(func() error { return nil })} }
func newStackBox() letterbox { return new(stackBox) }

func TestLetterboxesCountAlike(t *testing.T) {
	for name, box := range map[string]letterbox{"batch": newBatchBox(), "stack": newStackBox()} {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 1000 {
					box.post(0, 1, 0, nil, []byte("body"))
				}
			})
		}
		got := 0
		for deadline := 10_000_000; got < 4000 && deadline > 0; deadline-- {
			got += box.collect()
		}
		wg.Wait()
		if got += box.collect(); got != 4000 {
			t.Errorf("%s: %d letters, want 4000", name, got)
		}
	}
}

// BenchmarkPost measures one letter of 64 bytes, posted and taken.
func BenchmarkPost(b *testing.B) { benchmarkLetterbox(b, newBatchBox) }

// BenchmarkPostAlternative is BenchmarkPost on the lock-free stack.
func BenchmarkPostAlternative(b *testing.B) { benchmarkLetterbox(b, newStackBox) }

// burst is how many letters each poster leaves between two collections, about
// what a turn of a busy loop finds.
const burst = 256

func benchmarkLetterbox(b *testing.B, newBox func() letterbox) {
	for _, posters := range []int{1, 4} {
		b.Run(fmt.Sprintf("%d posters", posters), func(b *testing.B) {
			box := newBox()
			body := make([]byte, treadmillBytes)
			b.ReportAllocs()
			var wg sync.WaitGroup
			var left atomic.Int64
			left.Store(int64(b.N))
			b.ResetTimer()
			for range posters {
				wg.Go(func() {
					for left.Add(-burst) > -burst {
						for range burst {
							box.post(0, 1, 0, nil, body)
						}
						if posters == 1 {
							box.collect()
						}
					}
				})
			}
			if posters > 1 {
				done := make(chan struct{})
				go func() { wg.Wait(); close(done) }()
				collectUntil(box, done)
			}
			wg.Wait()
		})
	}
}

// collectUntil plays the loop: it collects while letters come.
func collectUntil(box letterbox, done <-chan struct{}) {
	for {
		select {
		case <-done:
			box.collect()
			return
		default:
			if box.collect() == 0 {
				runtime.Gosched()
			}
		}
	}
}
