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
	mu sync.Mutex

	// Atomic.
	list atomic.Pointer[[]*subscription] // nil: nobody
}

func (l *subscribers) add(s *subscription) {
	l.change(func(all []*subscription) []*subscription { return append(all, s) })
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
	all := l.list.Swap(nil)
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
