package gateway

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/sluicegate/sluice/gateway/internal/outbox"
)

// Config is what a [Gateway] is built from. The zero value of each field
// selects its default, so Config{Hubs: …} is a whole configuration.
type Config struct {
	// Listen is the TCP address of the public port, "host:port". Port 0 lets
	// the kernel choose; see [Gateway.Addr]. Default "127.0.0.1:8080".
	Listen string
	// Listeners are listening TCP sockets that a predecessor or a service manager
	// has opened, to accept from in place of Listen; see [Gateway.Listeners]. There
	// may be fewer of them than loops, or more. [New] takes the files.
	Listeners []*os.File
	// TLS, if set, secures the public port: TLS 1.2 and 1.3, with what the
	// configuration says of certificates (several are told apart by the name the
	// client asks for) and of client certificates. Its NextProtos are the
	// gateway's, sessions are resumed with tickets whose keys the gateway renews,
	// and GetConfigForClient must be nil; see [Gateway.SetTLS]. Default: plain.
	TLS *tls.Config
	// Engine selects how loops learn of readiness: "epoll" (Linux only) or
	// "easygo" (also on kqueue systems). Default "epoll" on Linux.
	Engine string
	// Loops is the number of event loops, 1 to 1024. Default: GOMAXPROCS. A
	// program that wants more should raise that too, or loops wait for each other,
	// some for a millisecond, while a CPU is idle.
	Loops int
	// PrivateFDTables gives each loop's thread a descriptor table of its own,
	// so that RLIMIT_NOFILE bounds a loop and not the process. Inline handlers
	// must then not use files or sockets. Linux with the epoll engine only.
	PrivateFDTables bool
	// Workers is the number of goroutines that run pooled handlers, 1 to
	// 65,536. Default: 8 for each of GOMAXPROCS.
	Workers int

	// Hubs are the named application spaces served at /client/hubs/{name}.
	Hubs []HubConfig
	// Routes are further WebSocket paths with handlers of the program's own.
	Routes []Route
	// HTTP answers requests on the public port that are no WebSocket upgrade.
	// Default: 404 for each.
	HTTP http.Handler
	// Brief says which of those requests HTTP answers soon and in short: they are
	// served by the worker pool, at half the cost of net/http, and their connection
	// stays on its loop for the next one. HTTP must not keep such a request, whose
	// body has arrived; its context does not end when the client leaves. Only
	// requests of up to 64 KiB in plain HTTP/1.1 are. Brief is called on the loops
	// with the method, and the path as it was sent, and must not block. Default:
	// none is.
	Brief func(method, path string) bool

	// Compression is that of hubs and routes with none of their own. Default:
	// off.
	Compression Compression

	Limits   Limits
	Timeouts Timeouts
	// Admission says who is let in, and how fast.
	Admission Admission
	// Rates bound what each session may send.
	Rates Rates
	// Drain says how the gateway parts with its clients.
	Drain Drain

	// LongTurn is the time from which a turn of a loop is logged, with what the
	// loop was at: while it lasts, no session of the loop is served. Once a minute
	// for each loop. Default 100 ms, at least 10 ms; negative logs none.
	LongTurn time.Duration

	// Settle is how often the gateway looks whether a storm is over, to collect
	// what it has left behind and give it back to the system (debug.FreeOSMemory).
	// That happens once for each storm, and now and then while there is little to do.
	// Default 2 s; negative leaves memory to the runtime.
	Settle time.Duration

	// Logger receives the gateway's records. Default: [slog.Default].
	Logger *slog.Logger
	// Log says which.
	Log Log
}

// Limits bound what one peer can make the gateway hold. Each is 1 to 1<<30, unless it
// says otherwise, and 0 selects its default.
type Limits struct {
	// Message is the largest message accepted from a client, in bytes. Longer
	// ones end the session with 1009. Default 64 KiB; at most 1 GiB.
	Message int
	// Fragments is how many frames one message may consist of, empty ones
	// included; more end the session with 1009. Senders that stream 4 MiB in
	// frames of 64 bytes exist; a million empty frames are an attack. Default
	// 131,072.
	Fragments int
	// Head is the largest HTTP request head accepted, in bytes; 512 B to
	// 1 MiB. Default 8 KiB.
	Head int
	// Inflated is the largest message that a compressed one may inflate to, in
	// bytes. Longer ones end the session with 1009. Default 10 × Message; at
	// most 1 GiB.
	Inflated int
	// Outbound is how many bytes may wait for one session to read them. What
	// becomes of a message beyond it, the [Delivery] of its hub or group says; to
	// a session that keeps up, one of any size is sent. Default 1 MiB; at most
	// 1 GiB.
	Outbound int
	// OutboundMessages is the same bound as a count, which also bounds what
	// keeping them costs: some 50 bytes each. Default 16,384; at most 1,048,576.
	OutboundMessages int
	// KernelSend is the size of the kernel's send buffer of one connection, in
	// bytes; it takes up to twice as much. For a peer that has stopped reading it
	// takes a quarter, and what is behind counts for Outbound. It bounds what is
	// under way to one client at a time: 128 KiB on a path of 100 ms are
	// 2.5 MB/s at most. Default 128 KiB; 4 KiB to 64 MiB; negative leaves it to
	// the kernel, which goes up to some megabytes.
	KernelSend int
	// KernelReceive is the same for what was received and not yet read.
	// Default 64 KiB.
	KernelReceive int
	// Inbound is how many bytes of one session's messages may wait for a
	// pooled handler before the session is no longer read. Nothing is dropped.
	// Default 256 KiB; at least 1.
	Inbound int
	// InboundMessages is the same bound as a count. Default 256; at most 1,048,576.
	InboundMessages int
	// Backlog is how many bytes of messages may wait for workers on the whole
	// node. Beyond it every session with a message that waits is no longer read
	// until its own were handled. Clients may send as much ahead of a [Decide];
	// beyond it they get 503. Default 64 MiB; at most 1 GiB.
	Backlog int
	// Connections is how many connections the loops may hold, sessions, those
	// that wait for admission and TLS handshakes included; further ones are reset
	// at once. Default 0: as many as there are descriptors for.
	Connections int
	// ConnectionsPerAddress is how many of them may be of one address, as
	// [Admission].IPv4Bits and IPv6Bits tell addresses apart, whatever they have
	// sent or not; further ones are reset at once. Those that plain HTTP is served on
	// count too, wherever they are. Those of [Admission].Forwarders do not, nor those
	// that came before a reload has set it. Where it is set a connection takes 32 bytes
	// more, and each address some 100. Default 0: any number.
	ConnectionsPerAddress int
	// Sessions is how many sessions may be open; further upgrades get 503.
	// Default 0: as many as there is memory for.
	Sessions int
	// SessionsPerAddress is the same for the sessions of one address, those of
	// clients behind [Admission].Forwarders included. Default 0: any number.
	SessionsPerAddress int
	// Groups is how many groups a session may be in. Default 128; at most 65,536.
	Groups int
	// Identity is how many bytes the user id and the metadata of one session may
	// have together; an [Authorize] that gives more refuses with 500. Default
	// 4 KiB; at most 1 MiB.
	Identity int
	// ControlFrames is how many pings and pongs a session may send in a second
	// before it is closed with 1008: each costs an answer. Default 100; at most
	// 32,768.
	ControlFrames int
	// Decisions is how many upgrades may be decided on at once, each by a [Decide]
	// with a goroutine; others wait in line. Default 1,024; at most 65,536.
	Decisions int
	// Undecided is how many upgrades may wait for a decision, in line or not, some
	// 2 KB each; further ones get 503. Default 16,384; at least 1.
	Undecided int
	// TLSHandshakes is how many TLS handshakes may be under way at once, each
	// with a goroutine and some 30 KB; others wait. A peer is under way once its
	// hello is complete. One address, or network, has half of them at most. Default
	// 4,096; at most 65,536.
	TLSHandshakes int
	// HTTPConnections is how many connections may be served plain HTTP at once;
	// further ones get 503. Default 256; at most 65,536.
	HTTPConnections int
}

// Timeouts are swept, not timed one by one: each fires within a quarter of
// itself after it is due. Each is 10 ms to 7 days.
type Timeouts struct {
	// Handshake bounds the time from admission to a complete HTTP head, and that
	// from accept to a complete PROXY header. Default 10 s.
	Handshake time.Duration
	// Decide bounds the time from a complete HTTP head to the decision of a
	// [Decide], the time in line included; the upgrade then gets 504. Default 10 s.
	Decide time.Duration
	// Ping is how long a session may be silent before it is sent a ping.
	// Default 25 s; negative sends none.
	Ping time.Duration
	// Pong is how long a ping may stay unanswered. Any byte from the peer
	// answers it. Default 8 s.
	Pong time.Duration
	// Idle ends sessions that sent no message for so long. Default 0: never.
	Idle time.Duration
	// Close bounds the close handshake. Default 5 s.
	Close time.Duration
	// WriteStall ends connections whose peer took no byte for so long while
	// bytes were waiting. Those that the kernel has taken wait no longer: the
	// missing answer to a ping shows a peer that does not read them. Default
	// 20 s.
	WriteStall time.Duration
}

// Dispatch says where a handler runs.
type Dispatch uint8

const (
	// Pooled runs the handler on the worker pool, where it may block. A
	// session's messages still run one at a time and in order.
	Pooled Dispatch = iota
	// Inline runs the handler on the event loop. It must not block: while it
	// runs, no other session of the loop is served.
	Inline
)

// HubConfig configures one hub.
type HubConfig struct {
	// Name is the path segment, 1 to 128 characters of A-Z a-z 0-9 _ - and dot.
	Name string
	// OnMessage says what becomes of a message from a client.
	OnMessage OnMessage
	// Handler, if set, receives the hub's sessions and messages instead.
	Handler Handler
	// Dispatch says where the hub's handler runs. Default [Pooled].
	Dispatch Dispatch
	// Origins, Subprotocols and Compression are as in [Route].
	Origins      []string
	Subprotocols []string
	Compression  *Compression
	// Authorize and Decide are as in [Route].
	Authorize Authorize
	Decide    Decide

	// Delivery says how the hub's messages reach its sessions.
	Delivery Delivery
	// Groups are the classes of groups that are delivered to in another way.
	Groups []GroupClass

	// Sessions is how many sessions the hub may have; further upgrades get 503.
	// Default 0: any number.
	Sessions int
	// SessionsPerUser is the same for one user id. Default 0: any number.
	SessionsPerUser int
}

// GroupClass is the groups of a hub whose names begin alike.
type GroupClass struct {
	// Name is the class's label in metrics: 1 to 64 characters of a-z 0-9 _ and -.
	// "hub" is taken.
	Name string
	// Prefix is what the names of its groups begin with. Of the classes whose
	// prefixes fit, a group has the one with the longest.
	Prefix string
	// Delivery is as in [HubConfig].
	Delivery Delivery
}

// Delivery says how messages reach the sessions they are for.
type Delivery struct {
	// Policy is what becomes of a message for a session that has too many
	// waiting. Default [CloseSlow].
	Policy Policy
	// Window is how long a message may wait for others, to leave in one write
	// with them: 1 ms to 10 s. Their order, and where one ends and the next
	// begins, stay as they are. Default 0: not at all.
	Window time.Duration
	// Batch ends a window early once its messages have so many bytes. Default
	// 32 KiB; at most 16 MiB.
	Batch int
}

// Policy is what becomes of a message for a session that does not keep up: one
// for which [Limits].Outbound bytes, or OutboundMessages messages, wait.
type Policy = outbox.Policy

const (
	// CloseSlow ends the session with 1013, so that no message is missing from
	// what it has received.
	CloseSlow = outbox.Close
	// DropNewest drops the message.
	DropNewest = outbox.DropNewest
	// DropOldest drops messages of the same policy that have waited longest.
	DropOldest = outbox.DropOldest
	// Conflate keeps of the messages with one key ([Publication].Key) only the
	// latest: a new one drops the one that waits, even where there is room. If
	// the latest of all keys are too many, the session ends with 1013. Messages
	// without a key replace none.
	Conflate = outbox.Conflate
)

// Compression is whether and how permessage-deflate (RFC 7692) is used. Neither
// side keeps its window from one message to the next, so a session that has
// agreed on it costs nothing more while it is idle.
type Compression struct {
	// Enabled accepts it from clients that offer it. Otherwise it is declined,
	// and the other fields mean nothing.
	Enabled bool
	// Threshold is the least payload that is compressed, in bytes. Default 256.
	Threshold int
	// Level is 1, the fastest, to 9, the smallest. Default 1.
	Level int
	// WindowBits is the largest window to compress with: 2 to that power bytes,
	// 8 to 15. A client may ask for less. Default 15.
	WindowBits int
}

// OnMessage is what a hub does with a message from a client.
type OnMessage uint8

const (
	// Discard drops it.
	Discard OnMessage = iota
	// EchoBack sends it back to its sender.
	EchoBack
	// PublishToOthers sends it to every other session of the hub.
	PublishToOthers
)

// Route serves one WebSocket path.
type Route struct {
	// Path is matched exactly and begins with a slash.
	Path string
	// Handler receives the sessions of the route.
	Handler Handler
	// Dispatch says where Handler runs. Default [Pooled].
	Dispatch Dispatch
	// Origins are the values of the Origin header that may connect, for
	// example "https://example.com". Empty, or "*", allows every origin. A
	// request without one is not from a browser, and is allowed.
	Origins []string
	// Subprotocols are those the route speaks, in any order: of a client's offers
	// the first that is among them is chosen. A client that offers subprotocols
	// must offer one of them. Empty: none is negotiated and offers are ignored.
	Subprotocols []string
	// Compression says whether messages may be compressed. Default: as
	// [Config].Compression says.
	Compression *Compression
	// Authorize, if set, is asked before the upgrade, and Decide after it.
	Authorize Authorize
	Decide    Decide
}

// Authorize decides on an upgrade before it is answered, and may set the
// request's Identity and what stands with it there. It is called on the loop and
// must not block; see [Decide]. A non-nil error refuses with 401; a [*Refusal]
// chooses the status; a panic is logged, and refuses with 500.
type Authorize func(*Request) error

// Refusal is an error that refuses an upgrade with a status and a line of text
// of the program's own. An error that wraps one may say more, which the log has
// beside [ReasonDecisionFailed] and the client is not told.
type Refusal struct {
	// Status is the HTTP status, 400 to 599. From 500 on the refusal counts as
	// [ReasonDecisionFailed], and else as [ReasonUnauthorized].
	Status int
	// Text is the body, one line.
	Text string
	// RetryAfter is when the client may come back, which the header Retry-After
	// tells it in whole seconds. Default: no word of that, and 1 s with a Status of 500
	// or more.
	RetryAfter time.Duration
}

func (r *Refusal) Error() string { return fmt.Sprintf("refused with %d: %s", r.Status, r.Text) }

// HubPath returns the path at which clients connect to the hub with that name.
func HubPath(name string) string { return "/client/hubs/" + name }
