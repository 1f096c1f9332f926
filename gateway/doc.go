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
// # Bytes
//
// A handler borrows a message's payload for the call. Send borrows what it is
// given. [codec.Frame] is encoded once and shared by all its receivers.
//
// # Limits
//
// Every limit and timeout has a safe default in [Limits] and [Timeouts]. Every
// refusal and every disconnect has one [Reason], from which its status, close
// code, log level and metric label follow.
package gateway
