package poller

import (
	"container/heap"
	"math"
	"time"
)

// timers are the tasks of a loop that wait for their time, of whoever collects work
// for many connections or holds one back for a while. Timeouts of connections are none
// of them: those are found by the sweep.
type timers []timer

type timer struct {
	at   time.Duration // on the loop's clock
	task Task
}

// After runs task on the loop in its first turn that begins d from the present
// turn's beginning or later, at most a millisecond late when the loop has
// nothing else to do. There is no way to take it back. A loop that stops before
// drops it. Where many are due, they take several turns.
func (l *Loop) After(d time.Duration, task Task) {
	d = min(d, math.MaxInt64-l.began) // or the sum would be long ago
	heap.Push(&l.timers, timer{l.began + d, task})
}

// runTimers runs the tasks that are due, as many as there is time for.
func (l *Loop) runTimers() {
	if !l.timerDue() {
		return
	}
	until := l.clock() + eventBudget
	for done := 1; l.timerDue(); done++ {
		heap.Pop(&l.timers).(timer).task.Run(l)
		if l.spent(until, done) {
			l.again = true
			return
		}
	}
}

func (l *Loop) timerDue() bool { return len(l.timers) > 0 && l.timers[0].at <= l.began }

// Len, Less, Swap, Push and Pop implement [heap.Interface].
func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].at < t[j].at }
func (t timers) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }
func (t *timers) Push(x any)        { *t = append(*t, x.(timer)) }
func (t *timers) Pop() any {
	last := len(*t) - 1
	due := (*t)[last]
	(*t)[last] = timer{}
	if *t = (*t)[:last]; last == 0 {
		*t = emptied(*t)
	}
	return due
}
