package gateway

import "github.com/sluicegate/sluice/gateway/internal/workers"

// Taker is a [Handler] that may be done with a message only later: because others
// are asked, for example. While it is not, the session's next messages wait, and too
// many stop the reading of it; but no worker does.
type Taker interface {
	Handler
	// Take is called in place of Message, on pooled routes. It borrows m.Payload, as
	// Message does.
	Take(s Session, m Message, t Turn)
}

// Turn is a session's turn at a [Taker]. It ends when Take returns, unless that
// keeps it.
type Turn struct{ inbox *inbox }

// Keep has the turn last until [Turn.End]. It is called during Take.
func (t Turn) Keep() {
	t.inbox.kept = true
	t.inbox.partings.Store(0)
}

// End ends a turn that was kept, once. Any goroutine may call it, during Take too.
func (t Turn) End() {
	if in := t.inbox; in.partings.Add(1) == 2 {
		in.shard.gateway.pool.Submit([]workers.Job{in})
	}
}

// parks reports whether the turn was kept and has not ended, so that the worker is
// to leave the batch as it is: of worker and End, the later one goes on with it.
func (in *inbox) parks() bool {
	if !in.kept {
		return false
	}
	in.kept = false
	in.deflated()
	return in.partings.Add(1) == 1
}
