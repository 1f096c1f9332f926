package webhook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// How long a handshake may take, and what it says holds. A failure holds for 1 s at
// first and twice as long each time: up to longestBackOff if the handler has said no,
// and up to the breaker's pause if it was away.
const (
	validationTimeout  = 10 * time.Second
	validationLifetime = time.Minute
	firstBackOff       = time.Second
	longestBackOff     = 30 * time.Second
)

// validation asks a handler whether this gateway may send it events: the abuse
// protection of CloudEvents (HTTP 1.1 Web Hooks §4). Nobody's server is sent events
// because its URL was put into a configuration. A rate that the handler allows is
// not looked at.
type validation struct {
	// Fixed after New.
	life  context.Context // ends with the upstream
	ask   func(ctx context.Context) error
	tell  func(err error)   // that the outcome is another now; nil: allowed
	run   func(task func()) // starts a goroutine that Close waits for
	pause time.Duration     // the breaker's

	// Guarded by mu.
	mu       sync.Mutex
	underway chan struct{} // closed when the handshake under way ends; nil: none is
	outcome  error
	holds    time.Time // until then
	failures int       // in a row
}

// ensure returns nil if the handler allows events. If that is not known, it waits
// for a handshake, one for all that wait. The end of ctx ends the wait only.
func (v *validation) ensure(ctx context.Context) error {
	v.mu.Lock()
	if v.underway == nil {
		if time.Now().Before(v.holds) {
			defer v.mu.Unlock()
			return v.outcome
		}
		v.underway = make(chan struct{})
		v.run(v.handshake)
	}
	ended := v.underway
	v.mu.Unlock()
	select {
	case <-ended:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.outcome
}

func (v *validation) handshake() {
	ctx, cancel := context.WithTimeout(v.life, validationTimeout)
	defer cancel()
	if err := v.ask(ctx); v.conclude(err) && v.life.Err() == nil {
		v.tell(err)
	}
}

// conclude ends the handshake under way, and reports whether its outcome is news: that
// a handler is well is none at first.
func (v *validation) conclude(err error) (news bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	news = (err == nil) != (v.outcome == nil)
	v.outcome, v.holds = err, time.Now().Add(validationLifetime)
	if err == nil {
		v.failures = 0
	} else {
		v.holds = time.Now().Add(jittered(v.backOff(err)))
		v.failures++
	}
	close(v.underway)
	v.underway = nil
	return news
}

// backOff returns how long a failure holds. Nobody who has refused is asked often, but
// whoever comes back from an outage, however long, is soon found.
func (v *validation) backOff(failure error) time.Duration {
	longest := v.pause
	if errors.As(failure, new(*NotAllowed)) {
		longest = longestBackOff
	}
	return min(firstBackOff<<min(v.failures, 16), longest)
}

// known reports whether the handler has allowed events, and that still holds.
func (v *validation) known() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.outcome == nil && time.Now().Before(v.holds)
}

// askToSend performs the handshake with the handler at url. Some frameworks have
// no OPTIONS, and answer 404: they are asked again with GET.
func askToSend(ctx context.Context, client *http.Client, url, origin string) error {
	status, allowed, err := askWith(ctx, client, http.MethodOptions, url, origin)
	if err == nil && status == http.StatusNotFound {
		status, allowed, err = askWith(ctx, client, http.MethodGet, url, origin)
	}
	switch {
	case err != nil:
		return err
	case unmanned(status):
		return fmt.Errorf("its validation was answered with %d", status)
	case status < 200 || status > 299:
		return &NotAllowed{fmt.Sprintf("its validation (OPTIONS, and GET after a 404) was answered with %d, not 2xx", status)}
	case !allows(allowed, origin):
		return &NotAllowed{fmt.Sprintf("WebHook-Allowed-Origin is %q: must be * or %s", allowed, origin)}
	}
	return nil
}

func askWith(ctx context.Context, client *http.Client, method, url, origin string) (status int, allowed []string, err error) {
	request, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return 0, nil, err
	}
	request.Header = commonHeader(origin)
	response, err := client.Do(request)
	if err != nil {
		// A failure is held, and so is not worth trying again before.
		err = withoutURL(err)
		if failed, is := errors.AsType[*unconnected](err); is {
			err = failed.error
		}
		return 0, nil, err
	}
	response.Body.Close() // it may be endless, and says nothing
	return response.StatusCode, response.Header.Values("WebHook-Allowed-Origin"), nil
}

// allows reports whether one of the header's values, in lines or lists of their
// own, is * or the origin, which some handlers write with a port or a scheme.
func allows(values []string, origin string) bool {
	for _, value := range strings.Split(strings.Join(values, ","), ",") {
		value = strings.TrimSpace(value)
		if u, err := url.Parse(value); err == nil && u.Host != "" {
			value = u.Host
		}
		if host, _, err := net.SplitHostPort(value); err == nil {
			value = host
		}
		value = strings.Trim(value, "[]") // of an IPv6 address without a port
		if value == "*" || strings.EqualFold(value, origin) {
			return true
		}
	}
	return false
}
