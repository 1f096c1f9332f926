package bench

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestScoreboard(t *testing.T) {
	b := newScoreboard()
	if _, _, known := b.deliver(0); known || b.complete(0) {
		t.Error("a message is known that was not published")
	}
	b.publish(0, 17, 2)
	b.publish(1, 18, 0)
	if b.complete(0) || !b.complete(1) {
		t.Error("complete is the message that has members, or not the one without")
	}
	for i, wantLast := range []bool{false, true} {
		if due, last, known := b.deliver(0); due != 17 || last != wantLast || !known {
			t.Errorf("delivery %d: got %d, %t, %t", i+1, due, last, known)
		}
	}
	if _, _, known := b.deliver(0); known || !b.complete(0) {
		t.Error("a complete message was delivered once more")
	}
	b.publish(remembered, 19, 1)
	if _, _, known := b.deliver(0); known {
		t.Error("a message is known whose place has been taken")
	}
	if due, last, known := b.deliver(remembered); due != 19 || !last || !known {
		t.Errorf("got %d, %t, %t", due, last, known)
	}
}

// Of the members on many loops exactly one is the last.
func TestScoreboardOfManyLoops(t *testing.T) {
	const loops, messages, each = 4, 50, 30
	b := newScoreboard()
	var lasts atomic.Int64
	var running sync.WaitGroup
	for message := range uint64(messages) {
		b.publish(message, 1, loops*each)
	}
	for range loops {
		running.Go(func() {
			for message := range uint64(messages) {
				for range each {
					if _, last, _ := b.deliver(message); last {
						lasts.Add(1)
					}
				}
			}
		})
	}
	running.Wait()
	if lasts.Load() != messages {
		t.Errorf("%d members were the last, of %d messages", lasts.Load(), messages)
	}
}
