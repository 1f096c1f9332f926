package pubsub

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/api"
)

// joins are joins of one request, for whoever waits for them. They begin with one
// part, that of who asks.
type joins struct {
	// Atomic.
	left atomic.Int64 // parts that are not done
	full atomic.Bool  // a client may be in no more groups
	busy atomic.Bool  // a loop could not be told

	done chan struct{}
}

func newJoins() *joins {
	j := &joins{done: make(chan struct{})}
	j.left.Store(1)
	return j
}

func (j *joins) begin() { j.left.Add(1) }

// finish ends a part, with what came of it. Who has ended needs no groups.
func (j *joins) finish(err error) {
	switch {
	case errors.Is(err, gateway.ErrTooManyGroups):
		j.full.Store(true)
	case errors.Is(err, gateway.ErrBusy):
		j.busy.Store(true)
	}
	if j.left.Add(-1) == 0 {
		close(j.done)
	}
}

// await waits for all parts, until one of the contexts ends: a gateway that ends leaves
// some undone.
func (j *joins) await(ctx, service context.Context) error {
	select {
	case <-j.done:
	case <-ctx.Done():
		return ctx.Err()
	case <-service.Done():
		return gateway.ErrEnded
	}
	switch {
	case j.full.Load():
		return api.ErrTooManyGroups
	case j.busy.Load():
		return gateway.ErrBusy
	}
	return nil
}
