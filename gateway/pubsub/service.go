package pubsub

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/api"
	"github.com/sluicegate/sluice/gateway/auth"
	"github.com/sluicegate/sluice/gateway/internal/workers"
	"github.com/sluicegate/sluice/gateway/subprotocol"
	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

// Config is what a [Service] is made of. Hub, Tokens and RecoveryKey must be given.
type Config struct {
	// Hub is the hub's name.
	Hub string
	// Tokens checks the tokens of clients.
	Tokens Tokens
	// Upstream answers user events and is told of others. Default: there is none,
	// and user events fail.
	Upstream Upstream
	// Concurrency is how many user events may be with the upstream at once; those of
	// further clients wait in turn. Default 128; 1 to 65,536.
	Concurrency int
	// RecoveryKey signs what reliable clients recover with: at least 32 bytes.
	RecoveryKey []byte
	// Retention is how long a reliable client without a socket is waited for. At
	// most [gateway.Limits].Sessions are at once, if that is set; further ones end.
	// Default 30 s; at most 1 h.
	Retention time.Duration
	// Now is the clock that messages expire by; any goroutine may call it. Default
	// [time.Now].
	Now func() time.Time
}

// Tokens checks the token of an upgrade to a hub, which it borrows.
type Tokens interface {
	CheckUpgrade(r *gateway.Request, hub string) (*auth.Token, error)
}

// Upstream is a client of event handlers: see [webhook.Upstream].
type Upstream interface {
	Takes(kind webhook.Kind, name string) bool
	Connect(ctx context.Context, c *webhook.Connection, r webhook.ConnectRequest) (webhook.ConnectAnswer, error)
	UserEvent(ctx context.Context, c *webhook.Connection, e webhook.UserEvent) (webhook.Reply, error)
	Notify(c *webhook.Connection, n webhook.Notification) error
}

var _ Upstream = (*webhook.Upstream)(nil)

const (
	defaultConcurrency = 128
	maxConcurrency     = 1 << 16
	defaultRetention   = 30 * time.Second
	maxRetention       = time.Hour
)

// Service is a hub that speaks the Web PubSub protocols. Any goroutine may call its
// methods.
type Service struct {
	// Fixed after New.
	config   Config
	recovery *subprotocol.Recovery
	began    time.Time
	ctx      context.Context // ends with Stop
	cancel   context.CancelFunc
	plain    [subprotocol.Encodings]terms // of clients that have none of their own

	// Fixed after Bind.
	gateway *gateway.Gateway
	hub     *gateway.Hub

	// Safe for concurrent use.
	roles    subprotocol.Roles
	crew     *workers.Crew // asks the upstream
	reliable index
	counts   counts
}

var _ api.Hub = (*Service)(nil)

// New returns a service of that configuration, or every fault of it, joined, each a
// [*gateway.Fault].
func New(config Config) (*Service, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("pubsub: configuration: %w", err)
	}
	config = config.withDefaults()
	recovery, err := subprotocol.NewRecovery(config.RecoveryKey)
	if err != nil {
		return nil, fmt.Errorf("pubsub: configuration: %w", err)
	}
	s := &Service{config: config, recovery: recovery, began: config.Now(), crew: workers.NewCrew(config.Concurrency)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	for encoding := range s.plain {
		s.plain[encoding].service = s
		s.plain[encoding].protocol.Encoding = subprotocol.Encoding(encoding)
	}
	return s, nil
}

// Validate returns every fault of c, joined, each a [*gateway.Fault]; nil if there is
// none. It does not change c.
func (c Config) Validate() error {
	var faults []error
	fault := func(is bool, field string, value any, problem string) {
		if is {
			faults = append(faults, &gateway.Fault{Field: field, Value: value, Problem: problem})
		}
	}
	filled := c.withDefaults()
	fault(c.Hub == "", "Hub", `""`, "must be the name of a hub")
	fault(c.Tokens == nil, "Tokens", nil, "must be set")
	fault(len(c.RecoveryKey) < 32, "RecoveryKey", "…", "must have at least 32 bytes")
	fault(filled.Concurrency < 1 || filled.Concurrency > maxConcurrency, "Concurrency", c.Concurrency, "must be 1 to 65536")
	fault(filled.Retention <= 0 || filled.Retention > maxRetention, "Retention", c.Retention, "must be longer than 0 and at most 1h")
	return errors.Join(faults...)
}

func (c Config) withDefaults() Config {
	if c.Concurrency == 0 {
		c.Concurrency = defaultConcurrency
	}
	if c.Retention == 0 {
		c.Retention = defaultRetention
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Configure has the sessions of a hub served by the service. It sets the hub's
// handler, where that runs, and how upgrades are decided on.
func (s *Service) Configure(hub *gateway.HubConfig) {
	hub.OnMessage, hub.Handler, hub.Dispatch = gateway.Discard, refused{}, gateway.Pooled
	hub.Subprotocols = nil // the service chooses among those that a client offers
	hub.Authorize = s.authorize
	if s.takes(webhook.Connect) {
		hub.Decide = s.decide
	}
}

// Bind gives the service the gateway that was made with its hub. It is called once,
// before the gateway serves.
func (s *Service) Bind(g *gateway.Gateway) { s.gateway, s.hub = g, g.Hub(s.config.Hub) }

// Stop gives up what the upstream is asked, and lets go of reliable clients that have
// no socket. It is called when the gateway has shut down, and waits until ctx ends for
// what is under way; the error is ctx's.
func (s *Service) Stop(ctx context.Context) error {
	s.cancel()
	for _, c := range s.reliable.all() {
		c.finish("the gateway is stopping")
	}
	return s.crew.Stop(ctx)
}

// now is the time of reconnection tokens.
func (s *Service) now() time.Time { return time.Now() }

// clock is the time that messages expire by.
func (s *Service) clock() time.Duration { return s.config.Now().Sub(s.began) }

// expiry returns when a message expires that is worth sending for so long: 0 stands for
// ever, and for never.
func (s *Service) expiry(ttl time.Duration) time.Duration {
	if ttl == 0 {
		return 0
	}
	return s.clock() + ttl
}

// maxGroups is how many groups a client may be in.
func (s *Service) maxGroups() int { return s.gateway.Limits().Groups }

// crowded reports whether as many clients are waited for as there may be sessions. Who
// connects and leaves in turn would otherwise fill the memory.
func (s *Service) crowded() bool {
	most := s.gateway.Limits().Sessions
	return most > 0 && s.counts.detached.Load() >= int64(most)
}

// takes reports whether the upstream takes an event of a system kind.
func (s *Service) takes(kind webhook.Kind) bool {
	return s.config.Upstream != nil && s.config.Upstream.Takes(kind, "")
}

// Hubs are services by the names of their hubs. The map does not change while it is
// used.
type Hubs map[string]*Service

var _ api.Hubs = Hubs(nil)

// Hub returns the service of that name.
func (h Hubs) Hub(name string) (api.Hub, bool) {
	s, served := h[name]
	return s, served
}
