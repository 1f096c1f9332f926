package gateway

import (
	"sync"
	"time"

	"github.com/sluicegate/sluice/poller"
)

// EventKind says what an [Event] is about.
type EventKind uint8

const (
	// SessionOpened: a client has connected.
	SessionOpened EventKind = iota + 1
	// SessionClosed: it has gone; Reason says why.
	SessionClosed
	// GroupJoined: it has become a member of Group.
	GroupJoined
	// GroupLeft: it is one no more, by its own end too.
	GroupLeft
)

// Event is something that happened to a session.
type Event struct {
	Kind    EventKind
	Time    time.Time
	Session Session
	// Hub is the name of the session's hub, or empty; User is its user's id, or
	// empty.
	Hub  string
	User string
	// Group is set for GroupJoined and GroupLeft.
	Group string
	// Reason is set for SessionClosed.
	Reason Reason
}

const (
	// maxEvents is how many events may wait for one subscriber.
	maxEvents = 1 << 16
	// keptEvents is for how many a subscription keeps room when they are delivered:
	// twice some 100 KB.
	keptEvents = 1 << 10
)

// Subscribe has receive called with what happens to sessions from now on, on a
// goroutine of its own, a batch at a time; it borrows the batch. The events of
// one session come in their order. receive may take its time: no loop waits for
// it. But 65,536 events at most wait in turn, and lost says how many had no room
// since the call before. A panic of receive is logged, and ends there. cancel ends
// the subscription; a call under way may outlast it.
func (g *Gateway) Subscribe(receive func(events []Event, lost uint64)) (cancel func()) {
	s := &subscription{gateway: g, receive: receive, filled: make(chan struct{}, 1), ended: make(chan struct{})}
	g.events.add(s)
	go s.deliver()
	return func() {
		g.events.remove(s)
		s.end()
	}
}

// subscription is the events that wait for one subscriber.
type subscription struct {
	// Fixed.
	gateway *Gateway
	receive func([]Event, uint64)
	filled  chan struct{}
	ended   chan struct{} // closed when receive is called no more

	// Guarded by mu.
	mu      sync.Mutex
	waiting []Event
	lost    uint64
	over    bool
}

func (s *subscription) put(e Event) {
	s.mu.Lock()
	if len(s.waiting) < maxEvents {
		s.waiting = append(s.waiting, e)
	} else {
		s.lost++
	}
	s.mu.Unlock()
	s.rouse()
}

func (s *subscription) rouse() {
	select {
	case s.filled <- struct{}{}:
	default:
	}
}

// end lets the subscription end once what waits was delivered.
func (s *subscription) end() {
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	s.rouse()
}

func (s *subscription) deliver() {
	defer close(s.ended)
	var batch []Event
	for range s.filled {
		s.mu.Lock()
		batch, s.waiting = s.waiting, batch[:0]
		lost, over := s.lost, s.over
		s.lost = 0
		s.mu.Unlock()
		if len(batch) > 0 || lost > 0 {
			s.hand(batch, lost)
		}
		if over {
			return
		}
		if clear(batch); cap(batch) > keptEvents {
			batch = nil
		}
	}
}

// hand hands a batch to the subscriber, who may panic: others are served too.
func (s *subscription) hand(batch []Event, lost uint64) {
	defer func() {
		if fault := recover(); fault != nil {
			s.gateway.journal.panicked("Subscribe", Session{}, fault)
		}
	}()
	s.receive(batch, lost)
}

// happened tells the subscribers what has happened to a session.
func (s *shard) happened(c *poller.Conn, x *session, kind EventKind, group string) {
	subscriptions := s.gateway.events.list.Load()
	if subscriptions == nil {
		return
	}
	e := Event{Kind: kind, Time: time.Now(), Session: s.session(c), User: x.profile.user(), Group: group}
	if h := s.route(x).hub; h != nil {
		e.Hub = h.name
	}
	if kind == SessionClosed {
		e.Reason = x.reason
	}
	for _, to := range *subscriptions {
		to.put(e)
	}
}
