package webhook

import (
	"errors"
	"sync"

	"github.com/sluicegate/sluice/poller/histogram"
)

// Stats is a snapshot of what an [Upstream] has done. It shares nothing with it.
type Stats struct {
	// Events counts what became of events, by [Kind].
	Events [kindCount]EventStats
	// Queued is how many notifications wait or are under way.
	Queued int
	// Handlers are in the order of [Config].
	Handlers []HandlerStats
}

// EventStats counts the events of one kind. Each is counted once, when it is done
// with; those that no handler takes are not.
type EventStats struct {
	// Answered: the handler accepted it.
	Answered uint64
	// Rejected: the handler answered 4xx or 5xx.
	Rejected uint64
	// Failed: there was no answer, or none that can be used.
	Failed uint64
	// Dropped: a notification found the queue full, or was given up at Close.
	Dropped uint64
	// Retried is how often one was sent again.
	Retried uint64
}

// HandlerStats are the figures of one handler.
type HandlerStats struct {
	// URL is the handler's, without its query.
	URL string
	// InFlight is how many requests are under way.
	InFlight int
	// Waiting is how many wait because as many as may be are under way.
	Waiting int
	// Breaker is "closed", "open" or "half-open".
	Breaker string
	// Validated says that the handler allows events, asked within a minute.
	Validated bool
	// Latency is of each request, from its turn to the end of its answer.
	Latency histogram.Durations
}

// tally counts events. Any goroutine may call its methods.
type tally struct {
	// Guarded by mu.
	mu     sync.Mutex
	events [kindCount]EventStats
}

// done counts an event by how it ended.
func (t *tally) done(kind Kind, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var rejected *Rejected
	switch events := &t.events[kind]; {
	case err == nil:
		events.Answered++
	case errors.As(err, &rejected):
		events.Rejected++
	default:
		events.Failed++
	}
}

func (t *tally) dropped(kind Kind) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events[kind].Dropped++
}

func (t *tally) retried(kind Kind) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events[kind].Retried++
}

func (t *tally) snapshot() [kindCount]EventStats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.events
}

func (e *endpoint) stats() HandlerStats {
	e.mu.Lock()
	latency := e.latency
	e.mu.Unlock()
	return HandlerStats{
		URL:       e.target.name(),
		InFlight:  len(e.slots),
		Waiting:   int(e.waiting.Load()),
		Breaker:   e.breaker.State().String(),
		Validated: e.validation.known(),
		Latency:   latency,
	}
}
