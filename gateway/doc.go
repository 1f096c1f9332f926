// Package gateway serves WebSocket clients on event loops, without a goroutine
// for each: one node holds as many as its memory has room for, at some 130
// bytes an idle one.
//
// A program makes a [Gateway] of a [Config] and calls [Gateway.Serve]. What
// clients say goes to the [Handler] of their route; what the program has to say
// goes to a [Session], or to all of a [Hub]:
//
//	g, err := gateway.New(gateway.Config{
//		Listen: "127.0.0.1:8080",
//		Routes: []gateway.Route{{Path: "/echo", Handler: gateway.Echo()}},
//	})
//	if err != nil {
//		return err
//	}
//	return g.Serve(ctx)
//
// # The way of a message
//
// A poller loop reads bytes; codec turns them into a message, in place; the
// loop's shard hands it to the handler: at once if the route is [Inline], else
// through the session's inbox to a worker. What handlers send, from anywhere,
// travels through the mailbox of the receiving session's loop and leaves at the
// end of a turn, one write for each connection.
//
// # Threads
//
// Everything of a session belongs to its loop. A [Session] is only its name, a
// value: sends from any goroutine are letters, and one to a session that has
// ended reaches nobody. Pooled handlers run on a fixed number of workers; a
// session's calls never overlap and keep their order, so a slow one holds one
// worker and delays nobody else's messages. Too much input waiting for a
// handler stops the reading of that session, and TCP pushes back on the client.
//
// # Hubs, groups and users
//
// A [Hub] is the sessions of one path. They join groups ([Hub.Group]), and those
// whose [Identity] names a user are found by it ([Hub.User]). A message to many
// is encoded once, and compressed once for each form that was agreed on; each
// loop is told once, and serves its members in slices, so that a large group
// delays nobody by more than a few hundred microseconds. [Delivery] says what
// becomes of a message for a session that does not keep up, and whether messages
// may wait for each other to leave in one write.
//
//	chat := g.Hub("chat")
//	chat.Group("room 7").Join(session)
//	chat.Group("room 7").Publish(gateway.Publication{Type: gateway.Text, Payload: text})
//
// [Hub.List] and [Session.Info] tell who is there, and [Gateway.Subscribe] what
// happens to them. [Hub.Each] does something for all of them: it has a filter
// choose who joins a group, for example, and [Hub.CloseAll] closes those who are
// left.
//
// # Upgrades
//
// A route's [Authorize] says on the loop, at once, whether a request becomes a
// session. Its [Decide] may ask others first, an upstream over HTTP for example: it
// has a goroutine while it is asked, the client holds its place, and what it sends
// meanwhile is handled once it is a session. Both may set who the session belongs
// to, which subprotocol it speaks, and a [Handler] of its own that holds what the
// program keeps of it. Package gateway/auth has an Authorize that checks JSON Web
// Tokens.
//
// # Handlers that ask others
//
// A pooled handler that asks an upstream about a message need not hold a worker
// meanwhile: a [Taker] keeps its turn, and ends it from wherever the answer comes.
// The session's next messages wait in order, and too many stop the reading of it.
//
// # Subprotocols
//
// Clients of one hub may speak different subprotocols. Each session has a [Form],
// and a [Publication] with a [Content] is encoded and compressed once for each form
// that a receiver has. A session that counts what it is sent has an [Encoder]
// besides, which makes each message from the one of its form:
//
//	hub.Decide = func(ctx context.Context, r *gateway.Request) error {
//		answer, err := upstream.Connect(ctx, r.Query)
//		if err != nil {
//			return &gateway.Refusal{Status: 503, Text: "no answer from upstream"}
//		}
//		r.Identity = gateway.Identity{User: answer.User, Groups: answer.Groups}
//		r.Handler = &client{roles: answer.Roles}
//		switch r.Subprotocol {
//		case "json.chat":
//			r.Form = 1
//		case "json.reliable.chat":
//			r.Form, r.Encoder = 2, new(replay)
//		}
//		return nil
//	}
//
// # Bytes
//
// A handler borrows a message's payload for the call. Send borrows what it is
// given. [codec.Frame] is encoded once and shared by all its receivers.
//
// # TLS
//
// With [Config].TLS the public port is secured. The handshake has a goroutine, and
// what follows has none: an idle session of TLS 1.3 takes some 300 bytes more than
// a plain one. See package poller/secure. Where clients are asked for certificates, a
// request has the one that was shown.
//
// # Admission
//
// With rules in [Admission], connections pass a door before TLS: lists of networks,
// the rate of one address, and that of the node, beyond which they wait in a queue
// in which addresses take turns. Proxies that are trusted name their clients, by a
// PROXY header or in the request. [Rates] hold each session to what it may send.
// Without rules there is no door, and without rates sessions pay one comparison
// for each message.
//
// # Limits
//
// Every limit and timeout has a safe default in [Limits] and [Timeouts]. Every
// refusal and every disconnect has one [Reason], from which its status, close
// code, log level and metric label follow.
package gateway
