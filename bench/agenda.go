package bench

import (
	"container/heap"
	"time"
)

// agenda says which slots of a loop have something to do, and when: the lives of
// connections that end one by one, and their returns. A slot has one appointment
// at most. Loop only.
type agenda struct {
	entries appointments // those that were replaced included
	valid   []int64      // by slot, when its appointment is; 0 is none
}

func newAgenda(slots int) agenda { return agenda{valid: make([]int64, slots)} }

// appointment is one entry. 16 bytes.
type appointment struct {
	at   int64 // on the loop's clock
	slot uint32
}

// set notes that a slot has something to do at a moment of the loop's clock, and
// nothing before.
func (a *agenda) set(at int64, slot uint32) {
	a.valid[slot] = at
	heap.Push(&a.entries, appointment{at, slot})
}

// due removes a slot that has something to do by now, the earliest first.
func (a *agenda) due(now int64) (slot uint32, ok bool) {
	for len(a.entries) > 0 && a.entries[0].at <= now {
		next := heap.Pop(&a.entries).(appointment)
		if a.valid[next.slot] == next.at {
			a.valid[next.slot] = 0
			return next.slot, true
		}
	}
	return 0, false
}

// wait returns how long after now the next slot has something to do.
func (a *agenda) wait(now int64) time.Duration {
	if len(a.entries) == 0 {
		return forever
	}
	return time.Duration(max(0, a.entries[0].at-now))
}

// appointments is a heap of them, the earliest first.
type appointments []appointment

func (a appointments) Len() int           { return len(a) }
func (a appointments) Less(i, j int) bool { return a[i].at < a[j].at }
func (a appointments) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *appointments) Push(entry any)    { *a = append(*a, entry.(appointment)) }
func (a *appointments) Pop() any {
	last := len(*a) - 1
	entry := (*a)[last]
	*a = (*a)[:last]
	return entry
}
