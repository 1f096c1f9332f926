package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/sluicegate/sluice/poller"
)

// Shutdown ends the gateway as [Config].Drain says: [Gateway.Ready] is false at
// once; after the grace it stops accepting, and closes every session at the
// drain's pace, behind the messages that wait for it. HTTP requests may finish.
// It returns when all is done or ctx ends: connections that are still open then are
// closed together, and have a second to go. The error is that of ctx if it came
// to that. A second call waits for the first.
func (g *Gateway) Shutdown(ctx context.Context) error {
	g.mu.Lock()
	was := g.phase
	switch was {
	case unserved:
		g.phase = over
		g.server.Stop()
		g.tls.close()
		close(g.ended)
	case serving:
		g.phase = draining
		g.drained = DrainStats{Began: time.Now(), Sessions: g.sessions.Load()}
	}
	g.mu.Unlock()
	switch was {
	case serving:
		return g.drain(ctx)
	case draining:
		select {
		case <-g.ended:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// drain ends everything that serves.
func (g *Gateway) drain(ctx context.Context) error {
	g.journal.log(slog.LevelInfo, "draining", "sessions", g.sessions.Load())
	g.pauseForGrace(ctx)
	g.server.StopAccepting()
	g.eachShard((*shard).depart)
	err := g.awaitEmpty(ctx)
	if err != nil {
		err = g.cutOff(err)
	}
	g.journal.log(slog.LevelInfo, "drained", "left", g.sessions.Load())
	err = errors.Join(err, g.release(ctx))
	g.mu.Lock()
	g.phase = over
	g.mu.Unlock()
	close(g.ended)
	return err
}

// release ends what start has begun, as far as it came. What still runs when ctx ends is
// not waited for; the error is of HTTP requests.
func (g *Gateway) release(ctx context.Context) error {
	cut := g.http.shutdown(ctx)
	g.crew.Stop(ctx)
	g.pool.Stop(ctx) // a handler that blocks keeps its worker until it returns
	g.watch.end()
	g.server.Stop()
	g.endSettler()
	g.events.close(ctx)
	g.journal.close()
	g.tls.close()
	return cut
}

// eachShard runs task on every loop, without waiting.
func (g *Gateway) eachShard(task func(*shard)) {
	for _, s := range g.shards {
		s.loop.Do(poller.TaskFunc(func(*poller.Loop) { task(s) }))
	}
}

// lastCalls is how long clients may take to leave, and handlers to hear of it,
// once the time for shutting down has passed.
const lastCalls = time.Second

// cutOff closes what sessions are left, ends every other connection and lets
// handlers finish. It returns late, and what fails, unless there was nothing to cut off.
func (g *Gateway) cutOff(late error) error {
	idle := g.admission.open.Load() == 0
	ctx, cancel := context.WithTimeout(context.Background(), lastCalls)
	defer cancel()
	g.eachShard((*shard).partAtOnce)
	err := g.awaitEmpty(ctx)
	if idle && err == nil {
		return nil
	}
	return errors.Join(late, err)
}

// reportEvery is how often the log tells how far a drain is.
const reportEvery = 5 * time.Second

// remaining returns how many connections and running handlers there are, and whether
// connections may still come.
func (s *Stats) remaining() (connections, handlers int, accepting bool) {
	for _, l := range s.Loops {
		connections += l.Connections
		handlers += l.Inboxes
		accepting = accepting || l.accepting
	}
	return connections, handlers, accepting
}

// awaitEmpty waits until no connection is left on the loops, none may come and no
// handler runs. The error tells how many there were, or which loops are at fault.
func (g *Gateway) awaitEmpty(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	report := time.NewTicker(reportEvery)
	defer report.Stop()
	left, handlers, known := int(g.sessions.Load()), 0, time.Now()
	for {
		if err := ctx.Err(); err != nil { // else the loops would seem not to answer
			return fmt.Errorf("gateway: shut down with %d sessions left: %w", g.sessions.Load(), err)
		}
		stats, err := g.Stats(ctx)
		switch {
		case err == nil:
			var accepting bool
			if left, handlers, accepting = stats.remaining(); left == 0 && handlers == 0 && !accepting {
				return nil
			}
			known = time.Now()
		case time.Since(known) > lastCalls:
			return err
		} // else ctx has ended while they were asked
		select {
		case <-tick.C:
		case <-report.C:
			g.journal.log(slog.LevelInfo, "draining", "left", g.sessions.Load())
		case <-ctx.Done():
			return fmt.Errorf("gateway: shut down with %d connections and %d handlers left: %w", left, handlers, ctx.Err())
		}
	}
}
