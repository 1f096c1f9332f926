package gateway

import (
	"log/slog"
	"net/http"

	"github.com/gobwas/ws"
)

// Reason says why a connection was refused or a session ended. Every refusal
// and every disconnect has exactly one, decided where it begins: the close
// frame, the HTTP status, the metric label and the log line all follow from it
// by the one table in this file.
type Reason uint8

// Reasons of refusals: the connection never became a session.
const (
	// ReasonNone is the zero value; nothing ends with it.
	ReasonNone Reason = iota
	// ReasonTLSFailed: the TLS handshake failed.
	ReasonTLSFailed
	// ReasonTLSTimeout: it took longer than [Timeouts].Handshake.
	ReasonTLSTimeout
	// ReasonDenied: [Admission].Allow and Deny do not let the address in.
	ReasonDenied
	// ReasonConnectionsFull: as many connections are open as
	// [Limits].Connections allows.
	ReasonConnectionsFull
	// ReasonAddressCrowded: as many of one address are as
	// [Limits].ConnectionsPerAddress allows.
	ReasonAddressCrowded
	// ReasonAddressRate: more came from one address than
	// [Admission].AddressRate allows.
	ReasonAddressRate
	// ReasonAcceptQueueFull: more came than [Admission].AcceptRate allows, and as
	// many wait as may.
	ReasonAcceptQueueFull
	// ReasonProxyHeader: no PROXY header, or a broken one, from a network that
	// [Admission].ProxyProtocol names.
	ReasonProxyHeader
	// ReasonProxyTimeout: it did not come within [Timeouts].Handshake.
	ReasonProxyTimeout
	// ReasonForwarded: the [Admission].ForwardedHeader of a forwarder is broken.
	ReasonForwarded
	// ReasonBadRequest: the HTTP head is malformed.
	ReasonBadRequest
	// ReasonHeadTooLarge: the HTTP head is longer than [Limits].Head.
	ReasonHeadTooLarge
	// ReasonHandshakeTimeout: the HTTP head did not arrive in time.
	ReasonHandshakeTimeout
	// ReasonHandshakeAborted: the peer left before its head was complete, or
	// before it was decided on.
	ReasonHandshakeAborted
	// ReasonRouteUnknown: an upgrade to a path that no route or hub serves.
	ReasonRouteUnknown
	// ReasonMethod: an upgrade with another method than GET (RFC 6455 §4.1).
	ReasonMethod
	// ReasonVersion: a Sec-WebSocket-Version other than 13 (RFC 6455 §4.4).
	ReasonVersion
	// ReasonOrigin: the Origin is not one the route allows.
	ReasonOrigin
	// ReasonSubprotocol: none of the subprotocols the client offers is served.
	ReasonSubprotocol
	// ReasonUnauthorized: the route's Authorize or Decide refused the request.
	ReasonUnauthorized
	// ReasonDecisionFailed: it could not tell, and refused with a status of 500 or
	// more: what it asks is down.
	ReasonDecisionFailed
	// ReasonUndecided: the route's Decide took longer than [Timeouts].Decide.
	ReasonUndecided
	// ReasonUndecidedFull: as many upgrades await a decision as
	// [Limits].Undecided allows, or their clients have sent more ahead than
	// [Limits].Backlog.
	ReasonUndecidedFull
	// ReasonHTTPBusy: too many plain HTTP requests are being served.
	ReasonHTTPBusy
	// ReasonNodeFull: as many sessions are open as [Limits].Sessions allows.
	ReasonNodeFull
	// ReasonHubFull: as many as [HubConfig].Sessions allows.
	ReasonHubFull
	// ReasonAddressFull: as many from one address as
	// [Limits].SessionsPerAddress allows.
	ReasonAddressFull
	// ReasonUserFull: as many of one user as [HubConfig].SessionsPerUser allows.
	ReasonUserFull
	// ReasonInternal: the program's own code has failed.
	ReasonInternal
	// ReasonNoDescriptors: accepted only to be closed, for want of
	// descriptors (EMFILE, ENFILE).
	ReasonNoDescriptors
)

// Reasons of disconnects: an open session ended.
const (
	// ReasonClosedByPeer: the peer began the close handshake.
	ReasonClosedByPeer Reason = iota + ReasonNoDescriptors + 1
	// ReasonClosedByHandler: [Session.Close] was called.
	ReasonClosedByHandler
	// ReasonPeerGone: the stream ended without a close frame.
	ReasonPeerGone
	// ReasonPeerReset: the connection failed or was reset.
	ReasonPeerReset
	// ReasonTLSError: a TLS record that cannot be, or an alert.
	ReasonTLSError
	// ReasonProtocolError: a frame that RFC 6455 forbids.
	ReasonProtocolError
	// ReasonInvalidText: text or a close reason that is not UTF-8.
	ReasonInvalidText
	// ReasonMessageTooBig: a message longer than [Limits].Message.
	ReasonMessageTooBig
	// ReasonControlFlood: more pings and pongs than [Limits].ControlFrames.
	ReasonControlFlood
	// ReasonCostlyMessage: a compressed message made to cost much time to
	// inflate; see [codec.Inflate].
	ReasonCostlyMessage
	// ReasonRateExceeded: more messages or bytes than [Rates] allow.
	ReasonRateExceeded
	// ReasonSlowConsumer: more unsent bytes than [Limits].Outbound.
	ReasonSlowConsumer
	// ReasonWriteStalled: the peer took no byte for [Timeouts].WriteStall.
	ReasonWriteStalled
	// ReasonPongTimeout: a ping was not answered in time.
	ReasonPongTimeout
	// ReasonIdle: no message for [Timeouts].Idle.
	ReasonIdle
	// ReasonExpired: [Identity].Expires has come.
	ReasonExpired
	// ReasonShutdown: the gateway is stopping.
	ReasonShutdown
	// ReasonHandlerPanic: the session's handler panicked.
	ReasonHandlerPanic

	reasonCount
)

// Retry is the hint that a reason gives to the other side.
type Retry uint8

const (
	// RetryNever: the same request will fail again.
	RetryNever Retry = iota
	// RetryNow: reconnecting at once is fine.
	RetryNow
	// RetryLater: reconnect after a delay with jitter.
	RetryLater
)

type reasonRow struct {
	label  string        // metric label and log value
	status int           // HTTP status, for refusals answered in HTTP
	code   ws.StatusCode // close code, for sessions; 0 sends no close frame
	level  slog.Level
	retry  Retry
	text   string // body of the HTTP answer, or the close frame's reason
}

var reasonTable = [reasonCount]reasonRow{
	ReasonNone: {label: "none"},

	ReasonTLSFailed:        {"tls_failed", 0, 0, slog.LevelDebug, RetryNever, ""},
	ReasonTLSTimeout:       {"tls_timeout", 0, 0, slog.LevelDebug, RetryLater, ""},
	ReasonDenied:           {"denied", http.StatusForbidden, 0, slog.LevelInfo, RetryNever, "address not allowed"},
	ReasonConnectionsFull:  {"connections_full", 0, 0, slog.LevelWarn, RetryLater, ""},
	ReasonAddressCrowded:   {"address_crowded", 0, 0, slog.LevelInfo, RetryLater, ""},
	ReasonAddressRate:      {"address_rate", http.StatusTooManyRequests, 0, slog.LevelInfo, RetryLater, "too many connections from this address"},
	ReasonAcceptQueueFull:  {"accept_queue_full", http.StatusServiceUnavailable, 0, slog.LevelWarn, RetryLater, "too many connections at once"},
	ReasonProxyHeader:      {"proxy_header", 0, 0, slog.LevelWarn, RetryNever, ""},
	ReasonProxyTimeout:     {"proxy_timeout", 0, 0, slog.LevelInfo, RetryLater, ""},
	ReasonForwarded:        {"forwarded", http.StatusBadRequest, 0, slog.LevelWarn, RetryNever, "the header that names the client cannot be read"},
	ReasonBadRequest:       {"bad_request", http.StatusBadRequest, 0, slog.LevelDebug, RetryNever, "malformed request"},
	ReasonHeadTooLarge:     {"head_too_large", http.StatusRequestHeaderFieldsTooLarge, 0, slog.LevelDebug, RetryNever, "request head too large"},
	ReasonHandshakeTimeout: {"handshake_timeout", http.StatusRequestTimeout, 0, slog.LevelDebug, RetryLater, "request head did not arrive in time"},
	ReasonHandshakeAborted: {"handshake_aborted", 0, 0, slog.LevelDebug, RetryNow, ""},
	ReasonRouteUnknown:     {"route_unknown", http.StatusNotFound, 0, slog.LevelDebug, RetryNever, "no WebSocket route at this path"},
	ReasonMethod:           {"method", http.StatusMethodNotAllowed, 0, slog.LevelDebug, RetryNever, "a WebSocket upgrade must use GET"},
	ReasonVersion:          {"version", http.StatusUpgradeRequired, 0, slog.LevelDebug, RetryNever, "Sec-WebSocket-Version must be 13"},
	ReasonOrigin:           {"origin", http.StatusForbidden, 0, slog.LevelInfo, RetryNever, "origin not allowed"},
	ReasonSubprotocol:      {"subprotocol", http.StatusBadRequest, 0, slog.LevelDebug, RetryNever, "no common subprotocol"},
	ReasonUnauthorized:     {"unauthorized", http.StatusUnauthorized, 0, slog.LevelInfo, RetryNever, "not authorized"},
	ReasonDecisionFailed:   {"decision_failed", http.StatusInternalServerError, 0, slog.LevelWarn, RetryLater, "no decision on the upgrade"},
	ReasonUndecided:        {"undecided", http.StatusGatewayTimeout, 0, slog.LevelWarn, RetryLater, "no decision on the upgrade in time"},
	ReasonUndecidedFull:    {"undecided_full", http.StatusServiceUnavailable, 0, slog.LevelWarn, RetryLater, "too many upgrades await a decision"},
	ReasonHTTPBusy:         {"http_busy", http.StatusServiceUnavailable, 0, slog.LevelWarn, RetryLater, "too many requests in progress"},
	ReasonNodeFull:         {"node_full", http.StatusServiceUnavailable, 0, slog.LevelInfo, RetryLater, "too many sessions"},
	ReasonHubFull:          {"hub_full", http.StatusServiceUnavailable, 0, slog.LevelInfo, RetryLater, "too many sessions of this hub"},
	ReasonAddressFull:      {"address_full", http.StatusServiceUnavailable, 0, slog.LevelInfo, RetryLater, "too many sessions from this address"},
	ReasonUserFull:         {"user_full", http.StatusServiceUnavailable, 0, slog.LevelInfo, RetryLater, "too many sessions of this user"},
	ReasonInternal:         {"internal", http.StatusInternalServerError, 0, slog.LevelError, RetryLater, "internal error"},
	ReasonNoDescriptors:    {"no_descriptors", 0, 0, slog.LevelError, RetryLater, ""},

	ReasonClosedByPeer:    {"closed_by_peer", 0, ws.StatusNormalClosure, slog.LevelDebug, RetryNow, ""},
	ReasonClosedByHandler: {"closed_by_handler", 0, ws.StatusNormalClosure, slog.LevelDebug, RetryNow, ""},
	ReasonPeerGone:        {"peer_gone", 0, 0, slog.LevelDebug, RetryNow, ""},
	ReasonPeerReset:       {"peer_reset", 0, 0, slog.LevelDebug, RetryNow, ""},
	ReasonTLSError:        {"tls_error", 0, 0, slog.LevelInfo, RetryNow, ""},
	ReasonProtocolError:   {"protocol_error", 0, ws.StatusProtocolError, slog.LevelInfo, RetryNever, "protocol error"},
	ReasonInvalidText:     {"invalid_text", 0, ws.StatusInvalidFramePayloadData, slog.LevelInfo, RetryNever, "text is not UTF-8"},
	ReasonMessageTooBig:   {"message_too_big", 0, ws.StatusMessageTooBig, slog.LevelInfo, RetryNever, "message too big"},
	ReasonControlFlood:    {"control_flood", 0, ws.StatusPolicyViolation, slog.LevelInfo, RetryLater, "too many control frames"},
	ReasonCostlyMessage:   {"costly_message", 0, ws.StatusPolicyViolation, slog.LevelInfo, RetryNever, "message too costly to inflate"},
	ReasonRateExceeded:    {"rate_exceeded", 0, ws.StatusPolicyViolation, slog.LevelInfo, RetryLater, "too many messages"},
	ReasonSlowConsumer:    {"slow_consumer", 0, statusTryAgainLater, slog.LevelInfo, RetryLater, "too slow to read"},
	ReasonWriteStalled:    {"write_stalled", 0, 0, slog.LevelInfo, RetryLater, ""},
	ReasonPongTimeout:     {"pong_timeout", 0, 0, slog.LevelInfo, RetryNow, ""},
	ReasonIdle:            {"idle", 0, ws.StatusGoingAway, slog.LevelDebug, RetryNow, "idle"},
	ReasonExpired:         {"expired", 0, ws.StatusPolicyViolation, slog.LevelDebug, RetryNow, "authorization expired"},
	ReasonShutdown:        {"shutdown", 0, ws.StatusGoingAway, slog.LevelDebug, RetryLater, "shutting down"},
	ReasonHandlerPanic:    {"handler_panic", 0, ws.StatusInternalServerError, slog.LevelError, RetryLater, "internal error"},
}

// Close codes of the IANA registry that gobwas/ws does not name.
const (
	statusServiceRestart ws.StatusCode = 1012
	statusTryAgainLater  ws.StatusCode = 1013
)

// Reasons returns every reason, in the order of the table.
func Reasons() []Reason {
	all := make([]Reason, 0, reasonCount-1)
	for r := ReasonNone + 1; r < reasonCount; r++ {
		all = append(all, r)
	}
	return all
}

// String returns the reason's metric label, for example "pong_timeout".
func (r Reason) String() string { return r.row().label }

// MarshalText returns the label, so that JSON shows names.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Refusal reports whether r refuses a connection, rather than ending a session.
func (r Reason) Refusal() bool { return r > ReasonNone && r <= ReasonNoDescriptors }

// Status returns the HTTP status that answers a refusal, or 0 where the peer
// gets no answer.
func (r Reason) Status() int { return r.row().status }

// CloseCode returns the status code of the close frame that ends a session
// (RFC 6455 §7.4), or 0 where none is sent.
func (r Reason) CloseCode() ws.StatusCode { return r.row().code }

// Retry returns the hint on whether and when to come back.
func (r Reason) Retry() Retry { return r.row().retry }

// Level returns the level at which a connection ended by r is logged.
func (r Reason) Level() slog.Level { return r.row().level }

// Text returns one line for people: the body of the HTTP answer or the reason
// in the close frame.
func (r Reason) Text() string { return r.row().text }

func (r Reason) row() reasonRow {
	if r >= reasonCount {
		return reasonTable[ReasonNone]
	}
	return reasonTable[r]
}
