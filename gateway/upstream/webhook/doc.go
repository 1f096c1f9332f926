// Package webhook sends the events of a hub's clients to the user's backend over
// HTTP, as the event handler protocol of Azure Web PubSub has it: CloudEvents in
// binary mode (HTTP binding §3.1). A backend written with one of its SDKs needs no
// change.
//
// An [Upstream] is made of a [Config], for one hub:
//
//	upstream, err := webhook.New(webhook.Config{
//		Hub:      "chat",
//		Origin:   "gateway.example.com",
//		Handlers: []webhook.Handler{{URL: "http://127.0.0.1:9000/api/webpubsub/hubs/{hub}/", System: webhook.SystemKinds(), User: "*"}},
//	})
//
// Each client has a [Connection], which its events share. The order of a life is:
//
//	client := &webhook.Connection{ID: id, UserID: userOfItsToken}
//	answer, err := upstream.Connect(ctx, client, request) // before the upgrade
//	client.UserID, client.Subprotocol = …                 // from token and answer
//	err = upstream.Notify(client, webhook.Notification{Kind: webhook.Connected})
//	reply, err := upstream.UserEvent(ctx, client, event)   // one after another
//	err = upstream.Notify(client, webhook.Notification{Kind: webhook.Disconnected, Reason: "…"})
//
// The package knows neither sessions nor sockets: whoever has them calls it, and
// does as the answers say.
//
// # What is asked, and what is told
//
// [Upstream.Connect] and [Upstream.UserEvent] block, and are bounded by
// [Config].TotalTimeout. A request that may have reached the handler is never sent
// again, for it may have been acted upon; if no connection could be made, it is,
// after 0.1 and 0.4 s.
//
// [Upstream.Notify] returns at once. What it queues is sent in order for each
// connection, while connections do not wait for each other; a handler that answers
// 408 or 5xx is told again after 1, 3 and 5 s. One that is away is told again until
// [Config].RetryWindow is over, while [Config].Queue has room. Handlers must
// therefore take an event twice: both have the same ce-source and ce-id. A user
// event does not wait for notifications that are queued.
//
// # Handlers that fail
//
// A handler must allow the gateway's origin before it is sent anything (HTTP 1.1 Web
// Hooks for Event Delivery §4). That is asked before its first event and holds for a
// minute. If it says no, it is asked again after 1, 2, 4 and up to 30 s; if it is away,
// after [Config].BreakerPause at most. Events fail until then.
//
// At most [Config].Concurrency requests are under way to one handler. Callers beyond
// wait, which is the back-pressure on those who send. After
// [Config].BreakerFailures requests in a row without an answer, or with 502, 503 or
// 504, a circuit breaker fails events at once for [Config].BreakerPause; then one
// request tries whether the handler is back.
//
// Answers are bounded and checked. A redirect is not followed, and proxies of the
// environment are not used. An answer that breaks the protocol is a [*BadAnswer] in
// an [*Unavailable], and nothing of it takes effect but its cookies.
//
// # What clients can put into requests
//
// User ids and values of metadata may hold any character. In headers they are
// percent-encoded as CloudEvents prescribes (HTTP binding §3.1.3.2), which leaves
// most ids as they are: "Ana B" becomes Ana%20B. Handlers decode them; not every SDK
// does. Names of events and keys of metadata become parts of URLs and names of
// headers; those with other characters than these allow are refused with an
// [*Invalid].
//
// # Threads
//
// Any goroutine may call anything. An upstream without traffic has no goroutines,
// and a few seconds later no connections.
package webhook
