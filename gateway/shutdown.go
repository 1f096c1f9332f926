package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluicegate/sluice/poller"
)

// Shutdown ends the gateway: it stops accepting, closes every session with
// 1001, lets HTTP requests finish, and returns when all is done or ctx ends;
// what is left then is cut. The error is that of ctx if it came to that. A
// second call waits for the first.
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
	}
	g.mu.Unlock()
	if was == serving {
		return g.drain(ctx)
	}
	select {
	case <-g.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// drain ends everything that serves.
func (g *Gateway) drain(ctx context.Context) error {
	g.server.StopAccepting()
	g.eachShard((*shard).goAway)
	err := g.awaitEmpty(ctx)
	if err != nil {
		err = errors.Join(err, g.cutOff())
	}
	g.http.shutdown(ctx)
	g.crew.Stop(ctx)
	g.pool.Stop(ctx) // a handler that blocks keeps its worker until it returns
	g.server.Stop()
	g.endSettler()
	g.events.close(ctx)
	g.journal.close()
	g.tls.close()
	g.mu.Lock()
	g.phase = over
	g.mu.Unlock()
	close(g.ended)
	return err
}

// eachShard runs task on every loop, without waiting.
func (g *Gateway) eachShard(task func(*shard)) {
	for _, s := range g.shards {
		s.loop.Do(poller.TaskFunc(func(*poller.Loop) { task(s) }))
	}
}

// goAway closes every session of the loop and forgets connections that have
// not become one.
func (s *shard) goAway() {
	s.loop.Each(func(c *poller.Conn) {
		x := s.sessions.At(c.Slot())
		switch x.state {
		case opening, undecided:
			x.reason = ReasonShutdown
			c.Abort(poller.ErrStopped)
		case open:
			s.endWith(c, x, ReasonShutdown)
		}
	})
}

// lastCalls is how long handlers may take, once the time for shutting down has
// passed, to hear that their sessions have ended.
const lastCalls = time.Second

// cutOff ends what connections are left and lets their handlers finish.
func (g *Gateway) cutOff() error {
	ctx, cancel := context.WithTimeout(context.Background(), lastCalls)
	defer cancel()
	g.eachShard(func(s *shard) {
		s.loop.Each(func(c *poller.Conn) {
			if c.Flush() { // the close frame may still be there
				c.Abort(poller.ErrStopped)
			}
		})
	})
	return g.awaitEmpty(ctx)
}

// awaitEmpty waits until no connection is left on the loops and no handler
// runs.
func (g *Gateway) awaitEmpty(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		stats, err := g.Stats(ctx)
		if err != nil {
			return err
		}
		left, handlers := 0, 0
		for _, l := range stats.Loops {
			left += l.Connections
			handlers += l.Inboxes
		}
		if left == 0 && handlers == 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("gateway: shut down with %d connections and %d handlers left: %w", left, handlers, ctx.Err())
		}
	}
}
