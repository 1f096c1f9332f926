package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"
)

// Config is what an [Upstream] is made of. Hub, Handlers and Origin must be
// given; the zero value of each other field selects its default.
type Config struct {
	// Hub is the name of the hub whose events are sent.
	Hub string
	// Handlers are asked in order: an event goes to the first that takes it, and
	// to no other. One to 64.
	Handlers []Handler
	// Origin is the host that this gateway is known by, without scheme and port,
	// for example "gateway.example.com". A handler must allow it before it is
	// sent anything.
	Origin string
	// Keys sign the events, so that a handler can tell them from forged ones. Two
	// let keys be rotated. Default: not signed.
	Keys []string

	// Timeout bounds one request to a handler, from the connection to the last
	// byte of its answer. Default 5 s; 1 ms to 10 min.
	Timeout time.Duration
	// TotalTimeout bounds a blocking event with all that it waits for: the
	// validation of the handler, its turn, and requests that are repeated.
	// Default 10 s; 1 ms to 10 min.
	TotalTimeout time.Duration
	// Concurrency is how many requests to one handler may be under way; further
	// ones wait. Default 128; 1 to 65,536.
	Concurrency int
	// Queue is how many notifications may wait for delivery; further ones are
	// dropped and counted. Each takes some 250 bytes. Default 65,536; 1 to 2^24.
	Queue int
	// RetryWindow is for how long after an event its notification is sent again to a
	// handler that is away. It takes its room in Queue meanwhile. Default 60 s; 1 ms
	// to 24 h.
	RetryWindow time.Duration
	// Deliveries is how many notifications may be under way at once, of
	// different connections. Fewer than Concurrency leave turns to events that
	// clients wait for. Default 32; 1 to 65,536.
	Deliveries int
	// Reply is the longest answer to a user event, in bytes. Default 1 MiB; 1 B
	// to 1 GiB.
	Reply int
	// BreakerFailures is after how many failures in a row a handler is left alone
	// for BreakerPause. Default 5; 1 to 2^20.
	BreakerFailures int
	// BreakerPause is how long it is left alone before one request tries whether
	// it is back. One that is away when it is to be validated is asked again as soon,
	// or sooner. Default 1 s; 1 ms to 10 min.
	BreakerPause time.Duration

	// TLS is for handlers at https URLs. Default: the system's roots.
	TLS *tls.Config
	// Dial opens connections to handlers; any goroutine may call it. Default:
	// that of a [net.Dialer].
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Logger gets a record when a handler becomes unavailable, allows no events, or is
	// back, and at level debug of each notification that is given up. Default:
	// [slog.Default].
	Logger *slog.Logger
}

const (
	minTimeout  = time.Millisecond
	maxTimeout  = 10 * time.Minute
	maxHandlers = 64
)

// MaxRetryWindow is the longest [Config].RetryWindow.
const MaxRetryWindow = 24 * time.Hour

// Fault is one thing wrong with a [Config].
type Fault struct {
	// Field is the path to the field, for example "Handlers[2].URL".
	Field string
	// Value is what was found there.
	Value any
	// Problem says what is wrong with it and what would be right.
	Problem string
}

// Error returns one line: field, value and problem.
func (f *Fault) Error() string { return fmt.Sprintf("%s: %v: %s", f.Field, f.Value, f.Problem) }

// Validate returns every fault of c, joined, each a [*Fault]; nil if there is
// none. It does not change c.
func (c Config) Validate() error {
	c = c.withDefaults()
	var check checker
	check.fault(c.Hub == "", "Hub", `""`, "must name the hub whose events are sent")
	check.fault(!validOrigin(c.Origin), "Origin", fmt.Sprintf("%q", c.Origin), `must be a host without scheme, port and path, for example "gateway.example.com"`)
	check.between("Handlers", len(c.Handlers), 1, maxHandlers, " handlers")
	for i, h := range c.Handlers {
		check.handler(fmt.Sprintf("Handlers[%d]", i), h)
	}
	check.keys(c.Keys)
	check.timeout("Timeout", c.Timeout)
	check.timeout("TotalTimeout", c.TotalTimeout)
	check.timeout("BreakerPause", c.BreakerPause)
	check.duration("RetryWindow", c.RetryWindow, MaxRetryWindow)
	check.between("Concurrency", c.Concurrency, 1, 1<<16, "")
	check.between("Queue", c.Queue, 1, 1<<24, "")
	check.between("Deliveries", c.Deliveries, 1, 1<<16, "")
	check.between("Reply", c.Reply, 1, 1<<30, " bytes")
	check.between("BreakerFailures", c.BreakerFailures, 1, 1<<20, "")
	return errors.Join(check.faults...)
}

// validOrigin accepts a host name or an IP address. The brackets of an IPv6
// address belong to hosts with a port.
func validOrigin(origin string) bool {
	if net.ParseIP(origin) != nil {
		return true
	}
	return origin != "" && headerValue(origin) == origin && !strings.ContainsAny(origin, " /:,*?#@[]")
}

// checker collects faults.
type checker struct{ faults []error }

func (k *checker) fault(bad bool, field string, value any, problem string) {
	if bad {
		k.faults = append(k.faults, &Fault{field, value, problem})
	}
}

func (k *checker) between(field string, v, low, high int, unit string) {
	k.fault(v < low || v > high, field, v, fmt.Sprintf("must be %d to %d%s", low, high, unit))
}

func (k *checker) timeout(field string, d time.Duration) {
	k.duration(field, d, maxTimeout)
}

func (k *checker) duration(field string, d, high time.Duration) {
	k.fault(d < minTimeout || d > high, field, d, fmt.Sprintf("must be %v to %v", minTimeout, high))
}

func (k *checker) keys(keys []string) {
	for i, key := range keys {
		k.fault(key == "", fmt.Sprintf("Keys[%d]", i), `""`, "must not be empty")
	}
}

func (k *checker) handler(field string, h Handler) {
	if _, problem := parseTarget(h.URL); problem != "" {
		k.fault(true, field+".URL", fmt.Sprintf("%q", h.URL), problem)
	}
	for i, kind := range h.System {
		k.fault(kind >= User, fmt.Sprintf("%s.System[%d]", field, i), kind, "must be a system event; user events go into User")
	}
	for name := range h.userEvents() {
		k.fault(name != "*" && !validEventName(name), field+".User", fmt.Sprintf("%q", h.User),
			`must be "*", or event names separated by commas, each a letter and up to 127 of A-Z a-z 0-9 _ - and dot`)
	}
	k.fault(len(h.System) == 0 && h.User == "", field, h.URL, "takes no events: list some in System or User, or remove it")
}

// withDefaults returns c with defaults in place of zero values.
func (c Config) withDefaults() Config {
	orInt := func(v *int, fallback int) {
		if *v == 0 {
			*v = fallback
		}
	}
	orDuration := func(d *time.Duration, fallback time.Duration) {
		if *d == 0 {
			*d = fallback
		}
	}
	orDuration(&c.Timeout, 5*time.Second)
	orDuration(&c.TotalTimeout, 10*time.Second)
	orDuration(&c.BreakerPause, time.Second)
	orDuration(&c.RetryWindow, time.Minute)
	orInt(&c.Concurrency, 128)
	orInt(&c.Queue, 65536)
	orInt(&c.Deliveries, 32)
	orInt(&c.Reply, 1<<20)
	orInt(&c.BreakerFailures, 5)
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}
