package bench

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// letter is a message to publish over HTTP.
type letter struct {
	room, sequence uint32
	due            time.Time // zero in a closed loop: it cannot be late
}

// postroom publishes messages over HTTP, those of a room one after the other. Any
// goroutine may call its methods.
type postroom struct {
	// Fixed after newPostroom.
	publish  HTTPPublish
	payloads *payloads
	client   *http.Client
	clerks   []chan letter // a room's letters all go to the same
	cancel   context.CancelFunc
	done     sync.WaitGroup

	// Atomic.
	late  atomic.Uint64
	fault atomic.Pointer[error] // the first
}

const (
	// clerkCount is how many requests are under way at most.
	clerkCount = 8
	// clerkBacklog is how many letters wait for one of them. Any more are lost: an
	// open loop waits for nobody, and memory has an end.
	clerkBacklog = 1 << 14
)

// newPostroom opens one. The caller must close it.
func newPostroom(publish HTTPPublish, p *payloads) *postroom {
	ctx, cancel := context.WithCancel(context.Background())
	o := &postroom{
		publish:  publish,
		payloads: p,
		client:   &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clerkCount}},
		clerks:   make([]chan letter, clerkCount),
		cancel:   cancel,
	}
	for i := range o.clerks {
		o.clerks[i] = make(chan letter, clerkBacklog)
		o.done.Go(func() { o.work(ctx, o.clerks[i]) })
	}
	return o
}

// hand hands over a letter, and does not wait.
func (o *postroom) hand(l letter) {
	select {
	case o.clerks[l.room%clerkCount] <- l:
	default:
	}
}

// work sends letters until ctx ends.
func (o *postroom) work(ctx context.Context, letters <-chan letter) {
	for {
		select {
		case l := <-letters:
			if !l.due.IsZero() && time.Since(l.due) > lateAfter {
				o.late.Add(1)
			}
			text := o.payloads.appendPart(nil, l.room, l.sequence, 0, o.payloads.size)
			if err := o.publish.toRoom(int(l.room)).send(ctx, o.client, text); err != nil && ctx.Err() == nil {
				o.fault.CompareAndSwap(nil, &err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// close ends the requests under way, and returns the first error of all.
func (o *postroom) close() error {
	o.cancel()
	o.done.Wait()
	o.client.CloseIdleConnections()
	if err := o.fault.Load(); err != nil {
		return *err
	}
	return nil
}
