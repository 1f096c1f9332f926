// Package api is the REST data plane: what a backend asks of a gateway over HTTP,
// below /api/ of the public port. It sends messages, closes sessions, tells who is
// there, and keeps groups and permissions.
//
// A [Handler] is an [http.Handler] over the hubs it is given, for which [Node] has
// those of a gateway:
//
//	node := &api.Node{}
//	handler, err := api.New(api.Config{Hubs: node, Tokens: authority})
//	config.HTTP, config.Brief = handler.Before(pages), handler.Brief
//	node.Gateway, err = gateway.New(config)
//
// # Requests
//
// The way of a request: its path is looked up as it was sent, so that a user or
// group may have slashes in its name (%2F); its caller's rate is looked at; its
// token is checked for exactly this URL (package token); its parameters and its
// body are checked, and a fault names the field; then the hub is asked. Any
// api-version is accepted, and parameters that are not known mean nothing.
//
// Errors are JSON: code, message, target, details and inner; the header
// x-ms-error-code has the code. What cannot succeed when it is tried again is
// answered with 4xx, for clients try 5xx again, sends included.
//
// # Messages
//
// A message is handed on as a [Message], what it says and not how it is written:
// sessions speak different subprotocols. messageTtlSeconds goes with it. A session
// that is open is sent a message at once, and one that is too slow is dealt with by
// the hub's [gateway.Delivery]; only subprotocols that keep messages for a client
// that comes back have a use for it.
//
// # Threads and cost
//
// Everything may be called from any goroutine. Requests run on net/http's, but for
// sends in a gateway whose Config.Brief is [Handler.Brief]: those of up to 64 KiB in
// plain HTTP/1.1 run on the gateway's workers.
//
// A send of 100 bytes of JSON takes 2 to 3 µs here, and another half in a gateway
// whose group is empty (BenchmarkSend): a fifth each for the token and for looking
// whether the body is JSON. A token that is new adds 7 µs. The whole request took
// 30 µs of the server's CPU by net/http, and takes 14 µs by a worker, with 8 in
// flight to an empty group (make bench-rest).
package api
