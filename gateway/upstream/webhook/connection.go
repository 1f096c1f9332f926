package webhook

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Connection is what the events of one client have in common. The zero value with
// an ID is ready; it must not be copied after its first event. It
// takes some 110 bytes, and what handlers give it: 8 KiB of state and cookies at most.
type Connection struct {
	// Set by the caller before the first event; UserID and Subprotocol again when
	// Connect has answered. Fixed afterwards.

	// ID is the connection's id.
	ID string
	// UserID is the user's id, any characters; empty if anonymous.
	UserID string
	// Subprotocol is the WebSocket subprotocol; empty before it is chosen, and if
	// there is none.
	Subprotocol string

	// Atomic.
	events atomic.Uint64 // how many there were, which numbers the next

	// Guarded by mu.
	mu      sync.Mutex
	state   string // as the handler gave it
	cookies []cookie
}

// Bounds of what handlers can make one connection hold.
const (
	maxState   = 4 << 10
	maxCookies = 16
	// maxCookieBytes bounds all cookies together, as requests carry them.
	maxCookieBytes = 4 << 10
)

// cookie is one that a handler has set. It goes back to that handler only, and
// lives as long as the connection or until it is taken back.
type cookie struct {
	handler *endpoint
	name    string
	pair    string // name=value, as requests carry it
}

// number returns the ce-id of the next event: 0, 1, 2 and so on.
func (c *Connection) number() uint64 { return c.events.Add(1) - 1 }

// State returns the value that a handler gave the connection, opaque to all but
// handlers. Any goroutine may call it.
func (c *Connection) State() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// recall adds to a request's header what earlier answers left behind.
func (c *Connection) recall(h http.Header, handler *endpoint) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != "" {
		h.Set("ce-connectionState", c.state)
	}
	var pairs []string
	for _, k := range c.cookies {
		if k.handler == handler {
			pairs = append(pairs, k.pair)
		}
	}
	if pairs != nil {
		h.Set("Cookie", strings.Join(pairs, "; "))
	}
}

// setState replaces the state by what an answer says, if it says anything. It fits
// into a request: net/http refuses control characters in answers (RFC 9110 §5.5).
func (c *Connection) setState(h http.Header) error {
	values := h.Values("ce-connectionState")
	if values == nil {
		return nil
	}
	state := values[0]
	if len(state) > maxState {
		return &BadAnswer{"ce-connectionState has more than 4 KiB"}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state = state
	return nil
}

// keepCookies takes over the cookies of an answer. Those over the bounds are left
// out: a handler that needs them must do with the state.
func (c *Connection) keepCookies(answer *http.Response, handler *endpoint) {
	set := answer.Cookies()
	if len(set) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range set {
		c.forgetLocked(handler, k.Name)
		pair := (&http.Cookie{Name: k.Name, Value: k.Value, Quoted: k.Quoted}).String()
		if !takenBack(k) && c.hasRoomLocked(len(pair)) {
			c.cookies = append(c.cookies, cookie{handler, k.Name, pair})
		}
	}
}

// takenBack reports whether k says that a cookie is no more (RFC 6265 §5.3).
func takenBack(k *http.Cookie) bool {
	return k.MaxAge < 0 || k.MaxAge == 0 && !k.Expires.IsZero() && k.Expires.Before(time.Now())
}

func (c *Connection) forgetLocked(handler *endpoint, name string) {
	for i, k := range c.cookies {
		if k.handler == handler && k.name == name {
			c.cookies = append(c.cookies[:i], c.cookies[i+1:]...)
			return
		}
	}
}

func (c *Connection) hasRoomLocked(size int) bool {
	for _, k := range c.cookies {
		size += len(k.pair)
	}
	return size <= maxCookieBytes && len(c.cookies) < maxCookies
}
