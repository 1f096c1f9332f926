package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicegate/sluice/gateway/internal/workers"
	"github.com/sluicegate/sluice/poller"
)

// Gateway is one node: a listener, its loops, its workers and its sessions.
// All methods may be called from any goroutine.
type Gateway struct {
	// Fixed after New.
	config  Config
	server  *poller.Server
	shards  []*shard
	hubs    []*Hub
	routes  map[string]*route
	http    *httpSide
	pool    *workers.Pool
	journal *journal
	idKey   [32]byte

	// Atomic.
	started  atomic.Pointer[time.Time]
	draining atomic.Bool

	ending sync.Once
	ended  chan struct{}
}

// ErrServed is returned by a second Serve: a gateway serves once.
var ErrServed = errors.New("gateway: Serve was called before")

// New checks config and opens the public port. Connections queue there until
// [Gateway.Serve]; a gateway that never serves must be shut down all the same.
// The error joins every [*Fault] of the configuration.
func New(config Config) (*Gateway, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("gateway: configuration: %w", err)
	}
	config = config.withDefaults()
	listen, err := resolve(config.Listen)
	if err != nil {
		return nil, fmt.Errorf("gateway: configuration: %w", &Fault{"Listen", config.Listen, err.Error()})
	}
	g := &Gateway{config: config, ended: make(chan struct{})}
	rand.Read(g.idKey[:])
	g.server, err = poller.Listen(poller.Config{
		Listen:          listen,
		Loops:           config.Loops,
		Engine:          config.Engine,
		PrivateFDTables: config.PrivateFDTables,
		Sweep:           config.Timeouts.sweep(),
		WriteStall:      config.Timeouts.WriteStall,
		Linger:          linger,
		Adopt:           func(conn net.Conn, read []byte) { g.http.adopt(conn, read) },
		AcceptFailed:    g.acceptFailed,
	})
	if err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	g.buildRoutes()
	g.http = newHTTPSide(config, g.Addr())
	for i := range g.server.Loops() {
		g.shards = append(g.shards, newShard(g, g.server.Loop(i)))
	}
	return g, nil
}

// linger is how long a session's connection is read after its last frame was
// sent. Conformant clients close at once.
const linger = time.Second

// resolve turns "host:port" into an address to bind to.
func resolve(listen string) (netip.AddrPort, error) {
	addr, err := net.ResolveTCPAddr("tcp", listen)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if addr.IP == nil {
		return netip.AddrPortFrom(netip.IPv6Unspecified(), uint16(addr.Port)), nil
	}
	return addr.AddrPort(), nil
}

// sweep is how often each session is looked at: a quarter of the shortest
// timeout.
func (t Timeouts) sweep() time.Duration {
	shortest := min(t.Handshake, t.Pong, t.Close, t.WriteStall)
	for _, d := range []time.Duration{t.Ping, t.Idle} {
		if d > 0 {
			shortest = min(shortest, d)
		}
	}
	return max(shortest/4, minTimeout/2)
}

// Addr returns the address of the public port.
func (g *Gateway) Addr() net.Addr { return net.TCPAddrFromAddrPort(g.server.Addr()) }

// Serve runs the gateway until ctx ends or [Gateway.Shutdown] has finished, and
// then returns nil. When ctx ends every session is closed with 1001, without
// waiting for the peers' answers.
func (g *Gateway) Serve(ctx context.Context) error {
	now := time.Now()
	if !g.started.CompareAndSwap(nil, &now) {
		return ErrServed
	}
	g.journal = openJournal(g.config.Logger)
	g.pool = workers.Start(g.config.Workers)
	g.http.serve()
	if err := g.server.Start(func(l *poller.Loop) poller.Handler { return g.shards[l.Index()] }); err != nil {
		g.pool.Stop(ctx)
		g.http.shutdown(ctx)
		g.journal.close()
		return fmt.Errorf("gateway: %w", err)
	}
	select {
	case <-g.ended:
	case <-ctx.Done():
		g.Shutdown(ctx)
	}
	return nil
}

// Ready reports whether the gateway serves and means to go on.
func (g *Gateway) Ready() bool { return g.started.Load() != nil && !g.draining.Load() }

// Shutdown ends the gateway: it stops accepting, closes every session with
// 1001, lets HTTP requests finish, and returns when all is done or ctx ends;
// what is left then is cut. The error is that of ctx if it came to that.
func (g *Gateway) Shutdown(ctx context.Context) error {
	g.draining.Store(true)
	if g.started.Load() == nil {
		g.server.Stop()
		return nil
	}
	var err error
	g.ending.Do(func() {
		g.server.StopAccepting()
		g.eachShard((*shard).goAway)
		err = g.awaitEmpty(ctx)
		if err != nil {
			err = errors.Join(err, g.cutOff())
		}
		g.http.shutdown(ctx)
		g.server.Stop()
		g.journal.close()
		close(g.ended)
	})
	<-g.ended
	return err
}

// eachShard runs task on every loop, without waiting.
func (g *Gateway) eachShard(task func(*shard)) {
	for _, s := range g.shards {
		s.loop.Do(poller.TaskFunc(func(*poller.Loop) { task(s) }))
	}
}

// lastCalls is how long handlers may take, once the time for shutting down has
// passed, to hear that their sessions have ended.
const lastCalls = time.Second

// cutOff ends what connections are left and lets their handlers finish.
func (g *Gateway) cutOff() error {
	ctx, cancel := context.WithTimeout(context.Background(), lastCalls)
	defer cancel()
	g.eachShard(func(s *shard) {
		s.loop.Each(func(c *poller.Conn) { c.Abort(poller.ErrStopped) })
	})
	return g.awaitEmpty(ctx)
}

// goAway closes every session of the loop and forgets connections that have
// not become one.
func (s *shard) goAway() {
	s.loop.Each(func(c *poller.Conn) {
		x := s.sessions.At(c.Slot())
		switch x.state {
		case opening:
			x.reason = ReasonShutdown
			c.Abort(poller.ErrStopped)
		case open:
			s.endWith(c, x, ReasonShutdown)
		}
	})
}

// awaitEmpty waits until no connection is left on the loops and no handler
// runs, and then ends the workers.
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
			return g.pool.Stop(ctx)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("gateway: shut down with %d connections and %d handlers left: %w", left, handlers, ctx.Err())
		}
	}
}

func (g *Gateway) acceptFailed(loop int, err error) {
	g.journal.log(slog.LevelError, "cannot accept: out of resources; raise the descriptor limit or use private descriptor tables", "loop", loop, "error", err.Error())
}
