package gateway

import (
	"log/slog"
	"sync"
	"time"

	"github.com/sluicegate/sluice/poller"
)

// watchdog looks at the loops and logs what one is at whose turn takes too long:
// most often a handler that blocks and was declared not to.
type watchdog struct {
	// Fixed after startWatchdog.
	limit   time.Duration
	journal *journal
	done    chan struct{}

	running sync.WaitGroup
}

// watchedLoop is a loop as the watchdog has seen it. It is the watchdog's own.
type watchedLoop struct {
	loop   *poller.Loop
	logged time.Duration // when the turn began that was logged last
	silent bool          // before the first one
}

// longTurnEvery is how long a loop's long turns are not logged after one was: a
// handler that blocks does so for every message.
const longTurnEvery = time.Minute

func startWatchdog(server *poller.Server, limit time.Duration, j *journal) *watchdog {
	w := &watchdog{limit: limit, journal: j, done: make(chan struct{})}
	loops := make([]watchedLoop, server.Loops())
	for i := range loops {
		loops[i] = watchedLoop{loop: server.Loop(i), silent: true}
	}
	w.running.Go(func() { w.run(loops) })
	return w
}

func (w *watchdog) run(loops []watchedLoop) {
	tick := time.NewTicker(w.limit / 2) // so a turn of 1.5 × limit is surely seen
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			for i := range loops {
				w.look(&loops[i])
			}
		case <-w.done:
			return
		}
	}
}

func (w *watchdog) look(l *watchedLoop) {
	began, took, turning := l.loop.Turning()
	if !turning || took < w.limit || !l.silent && began < l.logged+longTurnEvery {
		return
	}
	l.logged, l.silent = began, false
	w.journal.log(slog.LevelWarn, "a turn of a loop takes long: nothing on it is served meanwhile",
		"loop", l.loop.Index(), "took", took, "stack", string(l.loop.Stack()))
}

// end ends the watchdog. w may be nil.
func (w *watchdog) end() {
	if w != nil {
		close(w.done)
		w.running.Wait()
	}
}
