package webhook

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// How long a handshake may take, and what it says holds. A failure holds for 1 s at
// first and twice as long each time, but not if nobody listens: that asks nothing of
// anybody, and a handler that starts is to be found soon.
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
	life context.Context // ends with the upstream
	ask  func(ctx context.Context) error
	run  func(task func()) // starts a goroutine that Close waits for

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
	err := v.ask(ctx)

	v.mu.Lock()
	defer v.mu.Unlock()
	v.outcome, v.holds = err, time.Now().Add(validationLifetime)
	switch {
	case err == nil:
		v.failures = 0
	case unsent(err):
		v.holds = time.Now().Add(jittered(firstBackOff))
	default:
		v.holds = time.Now().Add(jittered(min(firstBackOff<<min(v.failures, 16), longestBackOff)))
		v.failures++
	}
	close(v.underway)
	v.underway = nil
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
		return 0, nil, withoutURL(err)
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
		if value == "*" || strings.EqualFold(value, origin) {
			return true
		}
	}
	return false
}
