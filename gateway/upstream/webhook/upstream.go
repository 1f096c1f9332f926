package webhook

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Upstream sends the events of one hub to its handlers. Any goroutine may call its
// methods.
type Upstream struct {
	// Fixed after New.
	config    Config
	endpoints []*endpoint
	signer    *signer
	queue     *queue
	life      context.Context // of everything that Close waits for
	end       context.CancelFunc
	tally     tally

	tasks sync.WaitGroup // calls, notifications and goroutines

	// Guarded by mu.
	mu     sync.Mutex
	closed bool
}

// New returns an upstream of a configuration, or its faults as [Config.Validate]
// reports them. It starts nothing and connects to nobody before the first event.
// The caller must [Upstream.Close] it.
func New(c Config) (*Upstream, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	u := &Upstream{config: c.withDefaults(), signer: newSigner(c.Keys)}
	u.life, u.end = context.WithCancel(context.Background())
	u.queue = newQueue(u, u.tasks.Go, u.config.Queue, u.config.Deliveries)
	for _, h := range u.config.Handlers {
		u.endpoints = append(u.endpoints, newEndpoint(u.life, u.tasks.Go, &u.config, u.signer, h))
	}
	return u, nil
}

// Takes reports whether a handler takes an event. The name matters for [User] only.
// What nobody takes need not be put together.
func (u *Upstream) Takes(kind Kind, name string) bool { return u.handler(kind, name) != nil }

// handler returns the first that takes an event, or nil.
func (u *Upstream) handler(kind Kind, name string) *endpoint {
	for _, e := range u.endpoints {
		if e.handler.takes(kind, name) {
			return e
		}
	}
	return nil
}

// Connect asks whether a client may be let in, and waits for the answer. Without a
// handler that takes [Connect] it may. The error is a [*Rejected], with the status
// for the client, or an [*Unavailable].
func (u *Upstream) Connect(ctx context.Context, c *Connection, r ConnectRequest) (ConnectAnswer, error) {
	to := u.handler(Connect, "")
	if to == nil {
		return ConnectAnswer{}, nil
	}
	body, err := r.body()
	if err != nil {
		return ConnectAnswer{}, to.explain(err)
	}
	m := newMessage(c, Connect, Connect.String(), JSON, body)
	m.limit = maxConnectAnswer
	var said ConnectAnswer
	err = u.ask(ctx, to, m, func(a *answer) (err error) {
		said, err = a.connect(r.Subprotocols)
		return err
	})
	return said, err
}

// UserEvent sends an event of a client and waits for the answer. The caller sends a
// connection's one after another, to keep their order. The error is [ErrNoHandler],
// an [*Invalid], a [*Rejected] or an [*Unavailable].
func (u *Upstream) UserEvent(ctx context.Context, c *Connection, event UserEvent) (Reply, error) {
	if !validEventName(event.Name) {
		return Reply{}, &Invalid{"Name", event.Name, "must be a letter and up to 127 of A-Z a-z 0-9 _ - and dot"}
	}
	if int(event.Type) >= len(contentTypes) {
		return Reply{}, &Invalid{"Type", fmt.Sprint(event.Type), "must be Binary, Text, JSON or Protobuf"}
	}
	to := u.handler(User, event.Name)
	if to == nil {
		return Reply{}, ErrNoHandler
	}
	metadata, err := metadataHeader(event.Metadata)
	if err != nil {
		return Reply{}, err
	}
	m := newMessage(c, User, event.Name, event.Type, event.Data)
	m.limit, m.metadata = u.config.Reply, metadata
	var said Reply
	err = u.ask(ctx, to, m, func(a *answer) (err error) {
		said, err = a.reply()
		return err
	})
	return said, err
}

// ask sends a blocking event, lets read have the answer of a handler that accepts,
// and then has the connection keep the state that comes with it.
func (u *Upstream) ask(ctx context.Context, to *endpoint, m *message, read func(*answer) error) error {
	if !u.begin() {
		return to.explain(ErrClosed)
	}
	defer u.tasks.Done()
	ctx, cancel := context.WithTimeout(ctx, u.config.TotalTimeout)
	defer cancel()
	defer context.AfterFunc(u.life, cancel)()
	a, err := to.ask(ctx, m)
	switch {
	case err != nil:
	case !a.accepted():
		err = a.rejection()
	default:
		if err = read(a); err == nil {
			err = m.connection.setState(a.header)
		}
	}
	u.tally.done(m.kind, err)
	return to.explain(err)
}

// Notify queues an event for the handler that takes it, if any, and does not wait.
// Those of a connection are delivered one by one and in order, each again if the
// handler fails, for [Config].RetryWindow if it is away: it may see one twice. The error is an
// [*Invalid], [ErrQueueFull], or [ErrClosed] in an [*Unavailable].
func (u *Upstream) Notify(c *Connection, n Notification) error {
	if !n.Kind.notified() {
		return &Invalid{"Kind", n.Kind.String(), "must be Connected, Disconnected, Joined or Left"}
	}
	to := u.handler(n.Kind, "")
	if to == nil {
		return nil
	}
	body, err := n.body()
	if err != nil {
		return err
	}
	if !u.begin() {
		u.tally.dropped(n.Kind)
		return to.explain(ErrClosed)
	}
	m := newMessage(c, n.Kind, n.Kind.String(), JSON, body)
	m.limit = maxNotified
	if !u.queue.push(&delivery{message: m, handler: to}) {
		u.tally.dropped(n.Kind)
		u.tasks.Done()
		return ErrQueueFull
	}
	return nil
}

// deliver is the queue's.
func (u *Upstream) deliver(d *delivery) (again time.Duration) {
	a, err := d.handler.exchange(u.life, d.message)
	if err == nil && !a.accepted() {
		err = a.rejection()
	}
	kind := d.message.kind
	if err != nil {
		if again = notifyPause(err, d.tries, time.Since(d.message.at), u.config.RetryWindow); again > 0 {
			d.tries++
			u.tally.retried(kind)
			return again
		}
		u.config.Logger.Debug("notification given up", slog.String("event", kind.String()),
			slog.String("connection", d.message.connection.ID), slog.Any("error", d.handler.explain(err)))
	}
	u.tally.done(kind, err)
	return 0
}

// lost is the queue's.
func (u *Upstream) lost(d *delivery) { u.tally.dropped(d.message.kind) }

// settled is the queue's.
func (u *Upstream) settled() { u.tasks.Done() }

// begin counts a task that Close waits for, unless the upstream is closed.
func (u *Upstream) begin() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		return false
	}
	u.tasks.Add(1)
	return true
}

// Close lets what is under way and queued finish, until ctx ends; then it gives up
// the rest and returns ctx's error. Events after its call fail with [ErrClosed].
func (u *Upstream) Close(ctx context.Context) error {
	u.mu.Lock()
	u.closed = true
	u.mu.Unlock()
	finished := make(chan struct{})
	go func() {
		u.tasks.Wait()
		close(finished)
	}()
	var err error
	select {
	case <-finished:
	case <-ctx.Done():
		err = fmt.Errorf("webhook: not every notification of hub %s was delivered: %w", u.config.Hub, context.Cause(ctx))
	}
	u.end()
	u.queue.abandon()
	<-finished
	for _, e := range u.endpoints {
		e.client.CloseIdleConnections()
	}
	return err
}

// Stats returns the figures as they are now.
func (u *Upstream) Stats() Stats {
	stats := Stats{Events: u.tally.snapshot(), Queued: u.queue.len()}
	for _, e := range u.endpoints {
		stats.Handlers = append(stats.Handlers, e.stats())
	}
	return stats
}
