// Package fairqueue queues items under keys and takes them round-robin over the
// keys.
//
// Connections that wait for something scarce, such as a TLS handshake, wait in
// line. In one line for all, an address that opens 10,000 of them puts 10,000
// turns before everyone else's. Here it has a lane of its own, and delays each
// other address by one turn. What the queue guarantees: between the push of a
// key's first item and its pop, each other key has at most one turn. Items of one
// key keep their order.
//
// Items that are gone stay. Taking a closed connection out of the middle would
// cost every waiting one a place to be found by. Queue handles with a generation
// instead, and when one is popped whose connection has ended, pop again: see the
// example. Until then it counts for the bound of the queue. Who may have how much of
// that is for the owner to decide, who knows which keys are one peer's.
//
// A queue knows nothing of connections, has no clock, and belongs to one
// goroutine.
package fairqueue

// Queue holds items of type V under keys of type K.
//
// Push and Pop take constant time: a map access, and now and then the growth of a
// slice. They allocate only to grow. An empty queue holds memory for at most 64
// items and keys.
type Queue[K comparable, V any] struct {
	// Loop only.
	room  int
	items cells[V]
	lanes cells[lane[K]]
	turns line // of lanes: those that have items, in order of their turns
	byKey map[K]int32
	count int
}

// maxItems keeps indices within an int32.
const maxItems = 1 << 30

// lane is what waits under one key. It exists while something does.
type lane[K comparable] struct {
	key   K
	items line
	count int32
}

// New returns an empty queue of at most room items, up to 1<<30; more count as that,
// and with 0 nothing is queued. It holds no memory until the first item.
func New[K comparable, V any](room int) *Queue[K, V] {
	q := new(Queue[K, V])
	q.SetRoom(room)
	return q
}

// SetRoom changes how many items the queue may hold. Those that wait stay, also
// where there are more.
func (q *Queue[K, V]) SetRoom(room int) { q.room = min(room, maxItems) }

// Room returns for how many more items there is room.
func (q *Queue[K, V]) Room() int { return max(0, q.room-q.count) }

// Push queues item under key and reports whether there was room.
func (q *Queue[K, V]) Push(key K, item V) bool {
	if q.Room() == 0 {
		return false
	}
	at, waits := q.byKey[key]
	if !waits {
		at = q.openLane(key)
	}
	into := q.lanes.at(at)
	q.items.link(&into.items, q.items.claim(item))
	into.count++
	q.count++
	return true
}

// Pop takes the oldest item of the key whose turn it is; ok is false if there is
// none. The key's next turn comes after those of all others that wait now.
func (q *Queue[K, V]) Pop() (key K, item V, ok bool) {
	if q.count == 0 {
		return key, item, false
	}
	at := q.lanes.unlink(&q.turns)
	from := q.lanes.at(at)
	key = from.key
	item = q.items.release(q.items.unlink(&from.items))
	from.count--
	q.count--
	if from.count > 0 {
		q.lanes.link(&q.turns, at)
	} else {
		delete(q.byKey, key)
		q.lanes.release(at)
	}
	if q.count == 0 {
		q.shrink()
	}
	return key, item, true
}

// PopWhere is Pop for keys that may have a turn. One that may not loses it; that costs a
// call of may, so keys like it had better be few.
func (q *Queue[K, V]) PopWhere(may func(K) bool) (key K, item V, ok bool) {
	for range q.Keys() {
		if may(q.lanes.at(q.turns.first).key) {
			return q.Pop()
		}
		q.lanes.link(&q.turns, q.lanes.unlink(&q.turns))
	}
	return key, item, false
}

// Len returns the number of items.
func (q *Queue[K, V]) Len() int { return q.count }

// Keys returns the number of keys that have items.
func (q *Queue[K, V]) Keys() int { return len(q.byKey) }

// openLane gives key a lane, whose first turn comes last.
func (q *Queue[K, V]) openLane(key K) int32 {
	if q.byKey == nil {
		q.byKey = make(map[K]int32)
	}
	at := q.lanes.claim(lane[K]{key: key})
	q.lanes.link(&q.turns, at)
	q.byKey[key] = at
	return at
}

// maxKept is for how many items and keys an empty queue keeps memory. A queue that
// swings between none and one would otherwise allocate for each.
const maxKept = 64

// shrink gives back the memory of a queue that is empty.
func (q *Queue[K, V]) shrink() {
	if q.lanes.grown() > maxKept {
		q.lanes, q.byKey = cells[lane[K]]{}, nil
	}
	if q.items.grown() > maxKept {
		q.items = cells[V]{}
	}
}
