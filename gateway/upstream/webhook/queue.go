package webhook

import (
	"sync"
	"time"
)

// delivery is a notification on its way.
type delivery struct {
	message *message
	handler *endpoint
	tries   int
}

// courier is what a queue hands its deliveries to.
type courier interface {
	// deliver tries d once, and returns after which pause it wants to try again; 0
	// if d is done with.
	deliver(d *delivery) (again time.Duration)
	// lost is told of a delivery that is given up.
	lost(d *delivery)
	// settled is told of each delivery, delivered or lost, as the last thing.
	settled()
}

// queue holds deliveries, those of a connection in line behind each other: the next
// is not tried before the one ahead is done with. Lines do not wait for each other.
// It has goroutines only while something is tried, and one that pauses takes none.
type queue struct {
	// Fixed after New.
	courier courier
	start   func(task func())
	room    int // for deliveries
	workers int

	// Guarded by mu.
	mu        sync.Mutex
	lines     map[*Connection]*line // those with deliveries
	ready     []*line               // those whose first may be tried, in order
	size      int                   // deliveries
	working   int                   // workers
	abandoned bool
}

// line is what waits for one connection.
type line struct {
	connection *Connection
	waiting    []*delivery
	tried      bool        // the first is with the courier
	timer      *time.Timer // ends a pause
}

func newQueue(to courier, start func(task func()), room, workers int) *queue {
	return &queue{courier: to, start: start, room: room, workers: workers, lines: make(map[*Connection]*line)}
}

// push queues d and reports whether there was room. It does not block.
func (q *queue) push(d *delivery) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.size >= q.room || q.abandoned {
		return false
	}
	q.size++
	behind, waits := q.lines[d.message.connection]
	if !waits {
		behind = &line{connection: d.message.connection}
		q.lines[behind.connection] = behind
		q.readyLocked(behind)
	}
	behind.waiting = append(behind.waiting, d)
	return true
}

// readyLocked lets a line's first be tried when a worker comes to it.
func (q *queue) readyLocked(l *line) {
	q.ready = append(q.ready, l)
	if q.working < q.workers {
		q.working++
		q.start(q.work)
	}
}

// work tries deliveries while there are any ready.
func (q *queue) work() {
	for {
		l, first := q.take()
		if l == nil {
			return
		}
		again := q.courier.deliver(first)
		if q.putBack(l, again) {
			q.courier.settled()
		}
	}
}

// take returns the next line and its first; nil ends the worker.
func (q *queue) take() (*line, *delivery) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.ready) == 0 {
		q.working--
		return nil, nil
	}
	l := q.ready[0]
	q.ready[0], q.ready = nil, q.ready[1:]
	l.tried = true
	return l, l.waiting[0]
}

// putBack takes a line whose first was tried, and reports whether that is done with.
func (q *queue) putBack(l *line, again time.Duration) (done bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l.tried = false
	if again > 0 && !q.abandoned {
		l.timer = time.AfterFunc(again, func() { q.resume(l) })
		return false
	}
	if again > 0 {
		q.courier.lost(l.waiting[0])
	}
	q.size--
	l.waiting[0], l.waiting = nil, l.waiting[1:]
	if len(l.waiting) == 0 {
		delete(q.lines, l.connection)
	} else {
		q.readyLocked(l)
	}
	return true
}

// resume ends a line's pause.
func (q *queue) resume(l *line) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.abandoned {
		q.readyLocked(l)
	}
}

// abandon gives up all deliveries but those with the courier, which are not tried
// again.
func (q *queue) abandon() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.abandoned = true
	q.ready = nil
	for connection, l := range q.lines {
		if l.timer != nil {
			l.timer.Stop()
		}
		kept := 0
		if l.tried {
			kept = 1
		}
		for _, d := range l.waiting[kept:] {
			q.size--
			q.courier.lost(d)
			q.courier.settled()
		}
		l.waiting = l.waiting[:kept]
		if kept == 0 {
			delete(q.lines, connection)
		}
	}
}

// len returns how many deliveries there are, those with the courier included.
func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.size
}
