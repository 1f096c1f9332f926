// Package pubsub serves a hub to the SDKs of Azure Web PubSub: it joins the sessions
// of a gateway, the client protocols of package subprotocol, the REST API of package
// api and the event handlers of package webhook.
//
// A [Service] is one hub:
//
//	service, err := pubsub.New(pubsub.Config{Hub: "chat", Tokens: authority, Upstream: upstream, RecoveryKey: key})
//	hub := gateway.HubConfig{Name: "chat"}
//	service.Configure(&hub)
//	g, err := gateway.New(gateway.Config{Hubs: []gateway.HubConfig{hub}, HTTP: rest})
//	service.Bind(g)
//	err = g.Serve(ctx)
//
// It is an [api.Hub], and [Hubs] are several of them for an [api.Handler].
//
// # Clients
//
// Each client is let in by its token, and by the upstream if that takes connect
// events. It then speaks one of three ways:
//
//   - simple, without a subprotocol: each message is a user event, or is published to
//     the group that the query names (webpubsub_mode=sendToGroup&group=…);
//   - json.webpubsub.azure.v1 or protobuf.webpubsub.azure.v1;
//   - one of their reliable variants.
//
// The first two are sessions of the gateway, and members of its groups; what is
// published is encoded once for all of a form. A client of the third kind outlives
// its socket: see "Reliable clients".
//
// # User events
//
// An event is handed to a fixed number of goroutines that ask the upstream. The
// client's next messages wait until it is answered, which the gateway sees to
// ([gateway.Turn]): no worker waits, and others are not disturbed. The answer goes to
// the client ahead of the ack. If there is none the ack is InternalServerError, and a
// simple client is closed with 1011. An invocation is an event whose answer is a frame
// of its own, and no message.
//
// # Reliable clients
//
// A reliable client is a member of groups of this package rather than of the
// gateway's: whatever it is sent is numbered and kept until it is acknowledged,
// whether it has a socket or not. When its socket is lost, it stays for
// [Config].Retention, and a new socket that shows its token goes on where the old one
// was: with everything that is not acknowledged, in order. That is refused with 1008,
// as clients expect. One that leaves 1000 messages or 16 MiB unacknowledged is closed
// with 1008 and forgotten.
//
// Its session joins the gateway's groups too, for whoever lists them, but is sent
// nothing there. docs/decisions/009 says why this is so.
//
// It is owed every message: too slow a one is closed, whatever the hub's
// [gateway.Delivery] says, and comes back for what it has not acknowledged.
//
// What is published by other ways than the service, with [gateway.Hub] itself,
// reaches clients that are not reliable only.
//
// # What is left out
//
// Streams and group state are refused by package subprotocol. The
// upstream is not told of a client that leaves between an accepted connect event and
// its upgrade.
//
// # Time to live
//
// A message that a reliable client could not be sent within its TTL is dropped: it
// leaves a gap in the sequence ids, and room for others. Other clients are sent a
// message at once, or are too slow, which the hub's Delivery is for.
//
// # Threads
//
// Any goroutine may call a Service. Clients' messages are handled on the gateway's
// workers.
package pubsub
