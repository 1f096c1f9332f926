package pubsub

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/auth"
	"github.com/sluicegate/sluice/gateway/subprotocol"
	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

// Parameters of a recovery.
const (
	recoveryID    = "awps_connection_id"
	recoveryToken = "awps_reconnection_token"
)

// candidate is a client that its token lets in, and whom the upstream is to be asked
// about.
type candidate struct {
	*client
	token *auth.Token
	query url.Values
}

// authorize decides on an upgrade by its token, on the loop.
func (s *Service) authorize(r *gateway.Request) error {
	query, err := queryOf(r)
	if err != nil {
		return s.refuse(http.StatusBadRequest, "the query is malformed")
	}
	if query.Has(recoveryID) {
		s.recover(r, query)
		return nil
	}
	token, err := s.config.Tokens.CheckUpgrade(r, s.config.Hub)
	if err != nil {
		s.counts.unauthorized.Add(1)
		return err
	}
	c := &client{terms: &s.plain[subprotocol.Simple], user: token.User}
	r.Subprotocol = offered(r)
	r.Identity.Groups = token.Groups
	if c.permissions, err = s.roles.Permissions(token.Roles); err != nil {
		return s.refuse(http.StatusBadRequest, err.Error())
	}
	if s.config.Upstream != nil {
		c.terms = &terms{service: s, hook: &webhook.Connection{ID: r.Session.ID(), UserID: c.user}}
	}
	if s.takes(webhook.Connect) {
		r.Handler = &candidate{c, token, query}
		return nil
	}
	return s.letIn(r, c, query)
}

// queryOf parses the query of an upgrade. Most have none: those are spared the map.
func queryOf(r *gateway.Request) (url.Values, error) {
	if r.Query == "" {
		return nil, nil
	}
	return url.ParseQuery(r.Query)
}

// decide asks the upstream about a candidate.
func (s *Service) decide(ctx context.Context, r *gateway.Request) error {
	of, is := r.Handler.(*candidate)
	if !is {
		return nil
	}
	answer, err := s.config.Upstream.Connect(ctx, of.hook, connectRequest(r, of))
	if err != nil {
		return s.turnDown(err)
	}
	if answer.UserID != "" {
		of.user, of.hook.UserID = answer.UserID, answer.UserID
	}
	if len(answer.Groups) > 0 {
		r.Identity.Groups = answer.Groups
	}
	if answer.Subprotocol != "" {
		r.Subprotocol = answer.Subprotocol
	}
	if answer.Roles != nil {
		if of.permissions, err = s.roles.Permissions(answer.Roles); err != nil {
			return s.refuse(http.StatusInternalServerError, "the upstream's answer: "+err.Error())
		}
	}
	return s.letIn(r, of.client, of.query)
}

// turnDown refuses a candidate whom the upstream has refused or not answered for. When
// the client comes back, after [gateway.Refusal].RetryAfter, the upstream has been tried
// again ([webhook.Config].BreakerPause). Why is for the log.
func (s *Service) turnDown(err error) error {
	refusal := s.refuse(http.StatusInternalServerError, "the upstream did not answer the connect event")
	if rejected, is := errors.AsType[*webhook.Rejected](err); is {
		refusal.Status, refusal.Text = rejected.Status, strings.ToValidUTF8(string(rejected.Body), "?")
	}
	return fmt.Errorf("%w: %w", refusal, err)
}

// letIn completes a client, and makes it the handler of its session.
func (s *Service) letIn(r *gateway.Request, c *client, query url.Values) (err error) {
	limits := s.gateway.Limits()
	if n := len(r.Identity.Groups); n > limits.Groups {
		return s.refuse(http.StatusBadRequest, fmt.Sprintf("group: %d are named; a client may be in %d", n, limits.Groups))
	}
	if n := len(c.user); n > limits.Identity {
		return s.refuse(http.StatusBadRequest, fmt.Sprintf("userId: has %d bytes; it may have %d", n, limits.Identity))
	}
	for _, name := range r.Identity.Groups {
		if err := subprotocol.CheckGroup([]byte(name)); err != nil {
			return s.refuse(http.StatusBadRequest, err.Error())
		}
	}
	protocol, _ := subprotocol.Lookup(r.Subprotocol)
	c.agree(protocol)
	if c.hook != nil {
		c.hook.Subprotocol = r.Subprotocol
	}
	r.Handler, r.Identity.User, r.Form = c, c.user, formOf(c.protocol)
	if c.protocol.Encoding == subprotocol.Simple {
		if r.Handler, err = simpleHandler(c, query); err != nil {
			return s.refuse(http.StatusBadRequest, err.Error())
		}
	}
	id := r.Session.ID()
	switch {
	case c.protocol.Reliable:
		c.lasting = &lasting{id: id}
	case c.protocol.Encoding != subprotocol.Simple:
		frame := c.connected(id).Append(nil, c.protocol.Encoding)
		r.Greeting = gateway.Message{Type: messageType(c.protocol.Encoding, subprotocol.Text), Payload: frame}
	}
	return nil
}

// recover has a client go on with a new socket, or be told that it cannot.
func (s *Service) recover(r *gateway.Request, query url.Values) {
	r.Subprotocol, r.Form, r.Handler = offered(r), formReliable, refused{}
	id := query.Get(recoveryID)
	c := s.reliable.find(id)
	if c == nil || r.Subprotocol != c.protocol.String() || s.recovery.Verify(query.Get(recoveryToken), id, s.now()) != nil {
		s.counts.unrecovered.Add(1)
		return
	}
	r.Handler, r.Identity.User, r.Replaces = c, c.user, c.replaceable()
}

// refuse counts an upgrade that is refused.
func (s *Service) refuse(status int, text string) *gateway.Refusal {
	s.counts.unauthorized.Add(1)
	return &gateway.Refusal{Status: status, Text: text}
}

// offered returns the first subprotocol of the client's that is one of the service's,
// or none.
func offered(r *gateway.Request) string {
	for name := range r.Protocols() {
		if _, known := subprotocol.Lookup(name); known {
			return name
		}
	}
	return ""
}

// connectRequest is what the upstream is told of a candidate.
func connectRequest(r *gateway.Request, of *candidate) webhook.ConnectRequest {
	told := webhook.ConnectRequest{
		Claims:       of.token.Texts(),
		Query:        of.query,
		Headers:      make(map[string][]string),
		Subprotocols: slices.Collect(r.Protocols()),
		Certificate:  r.Certificate,
	}
	for name, value := range r.Fields() {
		told.Headers[name] = append(told.Headers[name], value)
	}
	return told
}
