package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/sluicegate/sluice/poller/histogram"
)

// keepAlive is how long an unused connection to a handler is kept. Node's servers
// close theirs after 5 s: a request sent just then would be lost.
const keepAlive = 4 * time.Second

// endpoint is one handler as requests see it. Any goroutine may call its methods.
type endpoint struct {
	// Fixed after New.
	config     *Config
	signer     *signer
	handler    Handler
	target     target
	client     *http.Client
	slots      chan struct{} // one taken by each request under way
	breaker    *gobreaker.TwoStepCircuitBreaker[struct{}]
	validation validation

	// Atomic.
	waiting atomic.Int64 // for a slot

	// Guarded by mu.
	mu      sync.Mutex
	latency histogram.Durations
}

// newEndpoint returns the endpoint of a handler whose configuration is valid. Tasks
// it starts with run, and they end with life.
func newEndpoint(life context.Context, run func(task func()), c *Config, s *signer, h Handler) *endpoint {
	t, _ := parseTarget(h.URL)
	e := &endpoint{
		config:  c,
		signer:  s,
		handler: h,
		target:  t,
		client:  newClient(c),
		slots:   make(chan struct{}, c.Concurrency),
	}
	e.breaker = newBreaker(c, t.name())
	e.validation = validation{
		life:  life,
		run:   run,
		pause: c.BreakerPause,
		ask: func(ctx context.Context) error {
			return askToSend(ctx, e.client, t.url(c.Hub, "validate"), c.Origin)
		},
		tell: func(err error) {
			if err == nil {
				c.Logger.Info("upstream handler gets events again", slog.String("handler", t.name()))
			} else {
				c.Logger.Warn("upstream handler gets no events", slog.String("handler", t.name()), slog.Any("error", err))
			}
		},
	}
	return e
}

// newClient returns a client that follows no redirect, and speaks HTTP/1.1: there,
// what became of a request whose connection fails is known from the connection.
func newClient(c *Config) *http.Client {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := c.Dial(ctx, network, address)
				if err != nil {
					return nil, &unconnected{err}
				}
				return conn, nil
			},
			TLSClientConfig:        c.TLS.Clone(),
			TLSHandshakeTimeout:    c.Timeout,
			Protocols:              &protocols,
			DisableCompression:     true,
			MaxIdleConnsPerHost:    c.Concurrency,
			IdleConnTimeout:        keepAlive,
			MaxResponseHeaderBytes: 64 << 10,
		},
	}
}

// newBreaker returns a breaker that opens after failures in a row. A share of
// failures, as others count, would need a number of requests to be a share of.
func newBreaker(c *Config, name string) *gobreaker.TwoStepCircuitBreaker[struct{}] {
	failures, logger := uint32(c.BreakerFailures), c.Logger
	return gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name:        name,
		Timeout:     c.BreakerPause,
		ReadyToTrip: func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= failures },
		// A client that has left says nothing of the handler.
		IsExcluded: func(err error) bool { return errors.Is(err, context.Canceled) },
		OnStateChange: func(name string, before, state gobreaker.State) {
			switch {
			case before == gobreaker.StateClosed: // later tries that fail are no news
				logger.Warn("upstream handler is unavailable and left alone", slog.String("handler", name), slog.Duration("pause", c.BreakerPause))
			case state == gobreaker.StateClosed:
				logger.Info("upstream handler is back", slog.String("handler", name))
			}
		},
	})
}

// ask sends a blocking event, again only if it surely did not arrive.
func (e *endpoint) ask(ctx context.Context, m *message) (*answer, error) {
	for try := 0; ; try++ {
		a, err := e.exchange(ctx, m)
		if !unsent(err) || try == len(unsentPauses) {
			return a, err
		}
		if pause(ctx, jittered(unsentPauses[try])) != nil {
			return nil, err
		}
	}
}

// exchange sends m once, when the handler allows it and there is a slot, and
// returns the answer, 2xx or not.
func (e *endpoint) exchange(ctx context.Context, m *message) (*answer, error) {
	if err := e.validation.ensure(ctx); err != nil {
		return nil, err
	}
	if err := e.enter(ctx); err != nil {
		return nil, err
	}
	defer func() { <-e.slots }()
	report, err := e.breaker.Allow()
	if err != nil {
		return nil, ErrBreakerOpen
	}
	began := time.Now()
	a, err := e.post(ctx, m)
	e.observe(time.Since(began))
	report(ailment(a, err))
	return a, err
}

// enter waits for a slot.
func (e *endpoint) enter(ctx context.Context) error {
	e.waiting.Add(1)
	defer e.waiting.Add(-1)
	select {
	case e.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (e *endpoint) observe(took time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.latency.Add(took)
}

// ailment returns what an exchange says of the handler's health, nil if it is well.
// Any answer is a sign of health but those of a proxy with nobody behind it. 500 is one
// too: whoever knows a message that makes a handler fail must not be able to shut
// everybody out.
func ailment(a *answer, err error) error {
	var bad *BadAnswer
	switch {
	case errors.As(err, &bad):
		return nil
	case err != nil:
		return err
	case unmanned(a.status):
		return fmt.Errorf("status %d", a.status)
	}
	return nil
}

// unmanned reports whether a status is that of a proxy with nobody behind it.
func unmanned(status int) bool {
	return status >= http.StatusBadGateway && status <= http.StatusGatewayTimeout
}

// post sends m and reads the answer to its end.
func (e *endpoint) post(ctx context.Context, m *message) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, e.config.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.target.url(e.config.Hub, m.name), bytes.NewReader(m.body))
	if err != nil {
		return nil, err
	}
	request.Header = m.header(e.config, e.signer)
	m.connection.recall(request.Header, e)
	response, err := e.client.Do(request)
	if err != nil {
		return nil, withoutURL(err)
	}
	defer response.Body.Close()
	m.connection.keepCookies(response, e)
	a := &answer{status: response.StatusCode, header: response.Header}
	if !a.accepted() {
		// What is beyond is not read, and what fails to come is not missed.
		a.body, _ = io.ReadAll(io.LimitReader(response.Body, maxRejection))
		return a, nil
	}
	a.body, err = io.ReadAll(io.LimitReader(response.Body, int64(m.limit)+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("its answer broke off: %w", err)
	case len(a.body) > m.limit:
		return nil, &BadAnswer{fmt.Sprintf("the body has more than %d bytes", m.limit)}
	}
	return a, nil
}

// withoutURL takes off what the client adds: the URL, with a query that may be
// secret.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// explain gives an error the handler's name, unless it is the handler's own word.
func (e *endpoint) explain(err error) error {
	var rejected *Rejected
	if err == nil || errors.As(err, &rejected) {
		return err
	}
	return &Unavailable{Handler: e.target.name(), Cause: err}
}
