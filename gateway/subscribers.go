package gateway

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// subscribers are those who want to hear of events. The loops read the list
// with every event, so it is replaced rather than changed.
type subscribers struct {
	// Held while the list is replaced.
	mu     sync.Mutex
	closed bool

	// Atomic.
	list atomic.Pointer[[]*subscription] // nil: nobody
}

// add takes a subscriber in, or ends it if there will be no more events.
func (l *subscribers) add(s *subscription) {
	l.change(func(all []*subscription) []*subscription {
		if l.closed {
			s.end()
			return all
		}
		return append(all, s)
	})
}

func (l *subscribers) remove(s *subscription) {
	l.change(func(all []*subscription) []*subscription {
		return slices.DeleteFunc(all, func(other *subscription) bool { return other == s })
	})
}

func (l *subscribers) change(edit func([]*subscription) []*subscription) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []*subscription
	if old := l.list.Load(); old != nil {
		all = slices.Clone(*old)
	}
	if all = edit(all); len(all) == 0 {
		l.list.Store(nil)
		return
	}
	l.list.Store(&all)
}

// close ends all subscriptions, and waits until each has had its last events or
// ctx ends.
func (l *subscribers) close(ctx context.Context) {
	l.mu.Lock()
	l.closed = true
	all := l.list.Swap(nil)
	l.mu.Unlock()
	if all == nil {
		return
	}
	for _, s := range *all {
		s.end()
	}
	for _, s := range *all {
		select {
		case <-s.ended:
		case <-ctx.Done():
			return
		}
	}
}
