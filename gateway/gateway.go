package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicegate/sluice/gateway/internal/limit"
	"github.com/sluicegate/sluice/gateway/internal/workers"
	"github.com/sluicegate/sluice/poller"
)

// Gateway is one node: a listener, its loops, its workers and its sessions.
// All methods may be called from any goroutine.
type Gateway struct {
	// Fixed after New.
	config   Config // as it was given; see live
	server   *poller.Server
	shards   []*shard
	hubs     []*Hub
	classes  []*class
	routes   map[string]*route // by path
	numbered []*route
	http     *httpSide
	tls      tlsSide
	idKey    [32]byte
	begun    chan struct{} // closed when it serves
	ended    chan struct{} // closed when nothing runs any more

	// Fixed once serving.
	pool    *workers.Pool
	crew    *workers.Crew // decides on upgrades
	journal *journal
	settler *settler  // nil: none
	watch   *watchdog // nil: none

	// Safe for concurrent use.
	live      atomic.Pointer[Config] // what is in effect; never written to
	sessions  limit.Count
	undecided limit.Count // upgrades
	events    subscribers
	addresses limit.Keyed[netip.Prefix] // of sessions, if they are limited
	admission admission

	// Guarded by mu.
	mu      sync.Mutex
	phase   phase
	started time.Time
	drained DrainStats // how the drain began
}

// phase is where a gateway stands in its life. There is no way back.
type phase uint8

const (
	unserved phase = iota
	serving
	draining
	over
)

// ErrServed is returned by a Serve that follows another one or a Shutdown: a
// gateway serves once.
var ErrServed = errors.New("gateway: served or shut down before")

// New checks config and opens the public port. Connections queue there until
// [Gateway.Serve]; a gateway that never serves must be shut down all the same.
// The error joins every [*Fault] of the configuration.
func New(config Config) (*Gateway, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("gateway: configuration: %w", err)
	}
	config = config.WithDefaults()
	listen, err := resolve(config.Listen)
	if err != nil {
		return nil, fmt.Errorf("gateway: configuration: %w", &Fault{"Listen", config.Listen, err.Error()})
	}
	inherited := config.Listeners
	config.Listeners = nil
	g := &Gateway{config: config, begun: make(chan struct{}), ended: make(chan struct{})}
	g.live.Store(&g.config)
	rand.Read(g.idKey[:])
	if config.TLS != nil {
		if err := g.tls.use(config.TLS); err != nil {
			return nil, fmt.Errorf("gateway: configuration: %w", err)
		}
	}
	g.server, err = poller.Listen(poller.Config{
		Listen:          listen,
		Inherited:       inherited,
		Loops:           config.Loops,
		Engine:          config.Engine,
		PrivateFDTables: config.PrivateFDTables,
		Pace:            config.Timeouts.pace(),
		SendBuffer:      max(0, config.Limits.KernelSend),
		ReceiveBuffer:   max(0, config.Limits.KernelReceive),
		Unsent:          config.Limits.unsent(),
		UserTimeout:     config.Timeouts.userTimeout(),
		Linger:          linger,
		LongTurn:        max(0, config.LongTurn),
		TLS:             g.tls.poller(&config, g.unsecured),
		Gate:            func(l *poller.Loop) poller.Gate { return g.shards[l.Index()].door },
		Adopt:           func(conn net.Conn, read []byte) { g.http.adopt(conn, read) },
		AcceptFailed:    g.acceptFailed,
	})
	if err != nil {
		g.tls.close()
		return nil, fmt.Errorf("gateway: %w", err)
	}
	g.buildRoutes()
	rules := newRules(&config)
	g.http = newHTTPSide(g, g.Addr(), rules)
	for i := range g.server.Loops() {
		g.shards = append(g.shards, newShard(g, g.server.Loop(i), rules))
	}
	return g, nil
}

// linger is how long a session's connection is read after its last frame was
// sent. Conformant clients close at once.
const linger = time.Second

// unsent is how many bytes the kernel takes for a peer that does not read. With
// 32 KiB the kernel was measured to hold 36 to 47 KiB for such a peer, and to
// send to one that reads as fast as ever; without it, 4 MiB.
func (l Limits) unsent() int {
	if l.KernelSend < 0 {
		return 32 << 10
	}
	return l.KernelSend / 4
}

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

// pace is how the loops look after connections.
func (t Timeouts) pace() poller.Pace {
	return poller.Pace{Sweep: t.sweep(), WriteStall: t.WriteStall, Preface: t.Handshake}
}

// sweep is how often each session is looked at: a quarter of the shortest
// timeout.
func (t Timeouts) sweep() time.Duration {
	shortest := min(t.Handshake, t.Decide, t.Pong, t.Close, t.WriteStall)
	for _, d := range []time.Duration{t.Ping, t.Idle} {
		if d > 0 {
			shortest = min(shortest, d)
		}
	}
	return max(shortest/4, minTimeout/2)
}

// userTimeout is the kernel's timeout for a peer that takes nothing (TCP_USER_TIMEOUT).
// The loops find such a peer first, within a quarter of theirs, and tell it by a reset.
func (t Timeouts) userTimeout() time.Duration {
	return 3 * max(t.WriteStall, t.Ping+t.Pong, t.Close) / 2
}

// Limits returns those in effect, for [Gateway.Reconfigure] may change some.
func (g *Gateway) Limits() Limits { return g.live.Load().Limits }

// Addr returns the address of the public port.
func (g *Gateway) Addr() net.Addr { return net.TCPAddrFromAddrPort(g.server.Addr()) }

// Listeners returns the listening sockets of the public port, for a successor to
// accept from as its [Config].Listeners. Connections that queue while one process
// takes over from the other reach either of them. The caller owns the files; it
// is an error once the gateway has stopped to accept.
func (g *Gateway) Listeners() ([]*os.File, error) { return g.server.Listeners() }

// Serve runs the gateway until ctx ends or [Gateway.Shutdown] has finished, and
// then returns nil. When ctx ends every session is closed with 1001, without
// waiting for the peers' answers. The error is [ErrServed], or says why the
// loops could not start.
func (g *Gateway) Serve(ctx context.Context) error {
	if err := g.start(); err != nil {
		return err
	}
	select {
	case <-g.ended:
	case <-ctx.Done():
		g.Shutdown(ctx)
	}
	return nil
}

// start runs everything that serves.
func (g *Gateway) start() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.phase != unserved {
		return ErrServed
	}
	g.started = time.Now()
	g.journal = openJournal(g.config.Logger, g.live.Load().Log)
	g.pool = workers.Start(g.config.Workers)
	g.crew = workers.NewCrew(g.config.Limits.Decisions)
	g.http.serve()
	if g.config.Settle > 0 {
		g.settler = startSettler(g.config.Settle)
	}
	if err := g.server.Start(func(l *poller.Loop) poller.Handler { return g.shards[l.Index()] }); err != nil {
		g.phase = over
		g.release(context.Background())
		close(g.ended)
		return fmt.Errorf("gateway: %w", err)
	}
	if g.config.LongTurn > 0 {
		g.watch = startWatchdog(g.server, g.config.LongTurn, g.journal)
	}
	g.phase = serving
	close(g.begun)
	return nil
}

// Serving returns a channel that is closed once every loop accepts connections.
func (g *Gateway) Serving() <-chan struct{} { return g.begun }

// Ready reports whether the gateway serves and means to go on.
func (g *Gateway) Ready() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.phase == serving
}

// refusedLater counts and records the refusal of a connection that has left its
// loop. It is called once for each, from any goroutine.
func (g *Gateway) refusedLater(r Reason, remote netip.AddrPort) {
	s := g.shards[0]
	s.loop.Do(poller.TaskFunc(func(*poller.Loop) { s.counts.reasons[r]++ }))
	g.journal.refused(r, remote)
}

func (g *Gateway) acceptFailed(loop int, err error) {
	g.journal.log(slog.LevelError, "cannot accept: out of resources; raise the descriptor limit or use private descriptor tables",
		"reason", ReasonNoDescriptors.String(), "loop", loop, "error", err.Error())
}
