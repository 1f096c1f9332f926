package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/sluicegate/sluice/gateway/auth"
	"github.com/sluicegate/sluice/gateway/token"
)

// Handler answers the requests of the REST API. Any goroutine may call its
// methods.
type Handler struct {
	// Fixed after New.
	config Config

	// Safe for concurrent use.
	callers *callers
	counts  *counts
}

var _ http.Handler = (*Handler)(nil)

// New returns a handler of that configuration. The error joins all its faults.
func New(config Config) (*Handler, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	config = config.withDefaults()
	return &Handler{config: config, callers: newCallers(config), counts: newCounts()}, nil
}

// Before returns a handler that passes on what is not below /api/. An
// [http.ServeMux] in its place would redirect requests for names with slashes.
func (h *Handler) Before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.EscapedPath(), prefix) {
			h.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Brief reports whether a request is one to send a message, which is answered
// soon. It is for [gateway.Config].
func (h *Handler) Brief(method, path string) bool {
	return method == http.MethodPost && strings.HasPrefix(path, hubPrefix) && strings.HasSuffix(path, "/:send")
}

// call is a request under way.
type call struct {
	// Fixed.
	api      *Handler
	request  *http.Request
	endpoint token.Endpoint // at which the backend reaches the gateway
	hub      Hub
	values   values
	query    query
}

// answer is what a request that succeeded is told.
type answer struct {
	status   int
	document any // its body, as JSON; nil: none
}

// ServeHTTP answers a request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.bound(w, r)
	operation, answered, err := h.serve(r)
	w.Header().Set("Cache-Control", "no-store")
	if err != nil {
		found := problemOf(err)
		found.write(w)
		h.counts.requested(operation, found.status)
		return
	}
	if answered.document != nil {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	w.WriteHeader(answered.status)
	if answered.document != nil {
		json.NewEncoder(w).Encode(answered.document)
	}
	h.counts.requested(operation, answered.status)
}

// serve runs the operation that a request asks for.
func (h *Handler) serve(r *http.Request) (operation int, answered answer, err error) {
	found, err := find(r.Method, r.URL.EscapedPath())
	if !h.callers.admit(r) {
		return found.operation, answer{}, &problem{status: http.StatusTooManyRequests, code: "TooManyRequests", message: "this caller makes too many requests"}
	}
	if err != nil {
		return found.operation, answer{}, err
	}
	if found.operation == health {
		return found.operation, answer{status: http.StatusOK}, nil
	}
	endpoint, err := h.authorize(r)
	if err != nil {
		return found.operation, answer{}, err
	}
	hub, served := h.config.Hubs.Hub(found.values.hub)
	if !served {
		return found.operation, answer{}, notFound("hub", "hub %q: there is no such hub here", found.values.hub)
	}
	c := &call{h, r, endpoint, hub, found.values, query(r.URL.RawQuery)}
	answered, err = operations[found.operation].run(c)
	return found.operation, answered, err
}

// authorize checks the request's token, and returns the endpoint that it names.
func (h *Handler) authorize(r *http.Request) (at token.Endpoint, err error) {
	err = auth.ErrNoToken
	if scheme, token, found := strings.Cut(r.Header.Get("Authorization"), " "); found && strings.EqualFold(scheme, "Bearer") {
		at, err = h.config.Tokens.CheckREST(strings.TrimSpace(token), sentTarget(r))
	}
	if err == nil {
		return at, nil
	}
	cause := h.counts.refused(err)
	return at, &problem{status: http.StatusUnauthorized, code: "Unauthorized", message: strings.TrimPrefix(err.Error(), "auth: "), inner: cause}
}

// sentTarget returns the path and query as they were sent.
func sentTarget(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		return r.RequestURI
	}
	return r.URL.RequestURI() // of an absolute form (RFC 9112 §3.2.2), or a test's
}
