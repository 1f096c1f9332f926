// Package outbox queues whole messages for one slow reader, within bounds, and
// chooses which of them the reader must do without.
//
// It knows nothing of connections or sessions. A queue belongs to one goroutine.
package outbox

// Message is an encoded message that waits.
type Message struct {
	// Frame is the message, encoded. It must not change.
	Frame []byte
	// Class is the owner's, for its counts.
	Class uint16
	// Policy says what may happen to the message while it waits, and before.
	Policy Policy
	// Key is what a [Conflate] message is the latest of. One without a name is
	// replaced by none.
	Key Key
}

// keyed reports whether m replaces what is queued of its key, and is replaced.
func (m *Message) keyed() bool { return m.Policy == Conflate && m.Key.Name != "" }

// Key names what a message updates.
type Key struct {
	// Scope tells apart keys of the same name, for example by group.
	Scope uint64
	Name  string
}

// Room is how much a queue may hold.
type Room struct{ Bytes, Messages int }

// Total is what several queues of one goroutine hold together.
type Total struct{ Messages, Bytes int }

// Queue holds messages in the order they were taken in. The zero value is empty,
// and counts for no total.
type Queue struct {
	total     *Total
	messages  []Message // those without a frame were dropped
	first     int       // of messages: those before it are gone
	droppable int       // of messages: none before it has DropOldest
	count     int
	bytes     int
	latest    map[Key]int // of messages: the queued one of each key
}

// NewQueue returns an empty queue that counts for total.
func NewQueue(total *Total) Queue { return Queue{total: total} }

// Discard drops all that waits. The queue must not be used afterwards.
func (q *Queue) Discard() {
	q.note(-q.count, -q.bytes)
	*q = Queue{}
}

// Bytes returns the size of what waits.
func (q *Queue) Bytes() int { return q.bytes }

// Len returns the number of messages that wait.
func (q *Queue) Len() int { return q.count }

// Offer queues m if there is room, or if its policy makes room. dropped is
// called for each message that is lost by it, m included.
func (q *Queue) Offer(m Message, room Room, dropped func(Message)) Verdict {
	if m.keyed() {
		if at, ok := q.latest[m.Key]; ok {
			dropped(q.remove(at))
		}
	}
	if m.Policy == DropOldest && len(m.Frame) <= room.Bytes {
		for !q.fits(m, room) {
			at, ok := q.oldestDroppable()
			if !ok {
				break
			}
			dropped(q.remove(at))
		}
	}
	if q.fits(m, room) {
		q.Push(m)
		return Queued
	}
	if m.Policy == Close || m.Policy == Conflate {
		return Overflow
	}
	dropped(m)
	return Dropped
}

func (q *Queue) fits(m Message, room Room) bool {
	return q.bytes+len(m.Frame) <= room.Bytes && q.count < room.Messages
}

// Push queues m, room or not.
func (q *Queue) Push(m Message) {
	if m.keyed() {
		if q.latest == nil {
			q.latest = make(map[Key]int)
		}
		q.latest[m.Key] = len(q.messages)
	}
	q.messages = append(q.messages, m)
	q.note(1, len(m.Frame))
}

// note counts messages that have come, or gone if the numbers are negative.
func (q *Queue) note(messages, bytes int) {
	q.count += messages
	q.bytes += bytes
	if q.total != nil {
		q.total.Messages += messages
		q.total.Bytes += bytes
	}
}

// Pop takes the oldest message; ok is false if there is none.
func (q *Queue) Pop() (m Message, ok bool) {
	if q.count == 0 {
		return Message{}, false
	}
	for q.messages[q.first].Frame == nil {
		q.first++
	}
	m = q.remove(q.first)
	return m, true
}

// remove takes the message at an index out of the queue.
func (q *Queue) remove(at int) Message {
	m := q.messages[at]
	q.messages[at] = Message{}
	q.note(-1, -len(m.Frame))
	if m.keyed() {
		delete(q.latest, m.Key)
	}
	if at == q.first {
		q.first++
	}
	if len(q.messages) > minCompacted && q.count < len(q.messages)/2 {
		q.compact()
	}
	return m
}

// minCompacted is the length from which a queue that is mostly holes is worth
// tidying up.
const minCompacted = 32

// compact closes the holes.
func (q *Queue) compact() {
	kept := q.messages[:0]
	for _, m := range q.messages[q.first:] {
		if m.Frame == nil {
			continue
		}
		if m.keyed() {
			q.latest[m.Key] = len(kept)
		}
		kept = append(kept, m)
	}
	clear(q.messages[len(kept):])
	q.messages, q.first, q.droppable = kept, 0, 0
}

// oldestDroppable returns the index of the first message that [DropOldest] may
// drop.
func (q *Queue) oldestDroppable() (at int, ok bool) {
	for at = max(q.droppable, q.first); at < len(q.messages); at++ {
		if m := &q.messages[at]; m.Frame != nil && m.Policy == DropOldest {
			q.droppable = at
			return at, true
		}
	}
	q.droppable = at
	return 0, false
}
