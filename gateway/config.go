package gateway

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"time"
)

// Config is what a [Gateway] is built from. The zero value of each field
// selects its default, so Config{Hubs: …} is a whole configuration.
type Config struct {
	// Listen is the TCP address of the public port, "host:port". Port 0 lets
	// the kernel choose; see [Gateway.Addr]. Default "127.0.0.1:8080".
	Listen string
	// Engine selects how loops learn of readiness: "epoll" (Linux only) or
	// "easygo" (also on kqueue systems). Default "epoll" on Linux.
	Engine string
	// Loops is the number of event loops, 1 to 1024. Default: GOMAXPROCS.
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

	// Compression is that of hubs and routes with none of their own. Default:
	// off.
	Compression Compression

	Limits   Limits
	Timeouts Timeouts

	// Logger receives the gateway's records. Default: [slog.Default].
	Logger *slog.Logger
}

// Limits bound what one peer can make the gateway hold.
type Limits struct {
	// Message is the largest message accepted from a client, in bytes. Longer
	// ones end the session with 1009. Default 64 KiB; at most 1 GiB.
	Message int
	// Head is the largest HTTP request head accepted, in bytes; 512 B to
	// 1 MiB. Default 8 KiB.
	Head int
	// Inflated is the largest message that a compressed one may inflate to, in
	// bytes. Longer ones end the session with 1009. Default 10 × Message; at
	// most 1 GiB.
	Inflated int
	// Outbound is how many bytes may wait for one session to read them.
	// Beyond it the session ends with 1013. Default 1 MiB; at most 1 GiB.
	Outbound int
	// Inbound is how many bytes of one session's messages may wait for a
	// pooled handler before the session is no longer read. Nothing is dropped.
	// Default 256 KiB; at least 1.
	Inbound int
	// InboundMessages is the same bound as a count. Default 256.
	InboundMessages int
	// ControlFrames is how many pings and pongs a session may send in a second
	// before it is closed with 1008: each costs an answer. Default 100.
	ControlFrames int
	// HTTPConnections is how many connections net/http may serve at once;
	// further ones get 503. Default 256.
	HTTPConnections int
}

// Timeouts are swept, not timed one by one: each fires within a quarter of
// itself after it is due.
type Timeouts struct {
	// Handshake bounds the time from accept to a complete HTTP head. Default
	// 10 s.
	Handshake time.Duration
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
	// Dispatch says where the hub's handler runs. Default [Pooled].
	Dispatch Dispatch
	// Origins, Subprotocols and Compression are as in [Route].
	Origins      []string
	Subprotocols []string
	Compression  *Compression
}

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
	// Subprotocols are those the route speaks, in order of preference. A client
	// that offers subprotocols must offer one of them. Empty: none is
	// negotiated and offers are ignored.
	Subprotocols []string
	// Compression says whether messages may be compressed. Default: as
	// [Config].Compression says.
	Compression *Compression
	// Authorize, if set, is asked before the upgrade, on the loop: it must not
	// block. A non-nil error refuses with 401; a [*Refusal] chooses the status.
	Authorize func(*Request) error
}

// Refusal is an error that refuses an upgrade with a status and a line of text
// of the program's own.
type Refusal struct {
	// Status is the HTTP status, 400 to 599.
	Status int
	// Text is the body, one line.
	Text string
}

func (r *Refusal) Error() string { return fmt.Sprintf("refused with %d: %s", r.Status, r.Text) }

// Fault is one thing wrong with a configuration.
type Fault struct {
	// Field is the path to the field, for example "Limits.Message" or
	// "Hubs[2].Name".
	Field string
	// Value is what was found there.
	Value any
	// Problem says what is wrong with it and what would be right.
	Problem string
}

func (f *Fault) Error() string { return fmt.Sprintf("%s: %v: %s", f.Field, f.Value, f.Problem) }

// Validate returns every fault of c, joined, each a [*Fault]; nil if there is
// none. It does not change c.
func (c Config) Validate() error {
	c = c.WithDefaults()
	var faults []error
	fault := func(bad bool, field string, value any, problem string) {
		if bad {
			faults = append(faults, &Fault{field, value, problem})
		}
	}
	between := func(field string, v, low, high int, unit string) {
		fault(v < low || v > high, field, v, fmt.Sprintf("must be %d to %d%s", low, high, unit))
	}
	positive := func(field string, d time.Duration) {
		fault(d < minTimeout || d > maxTimeout, field, d, fmt.Sprintf("must be %v to %v", minTimeout, maxTimeout))
	}

	fault(!validListen(c.Listen), "Listen", c.Listen, `must be "host:port" with a port of 0 to 65535, for example "127.0.0.1:8080"`)
	fault(c.Engine != "epoll" && c.Engine != "easygo", "Engine", c.Engine, `must be "epoll" or "easygo"`)
	fault(c.Engine == "epoll" && runtime.GOOS != "linux", "Engine", c.Engine, `runs on Linux only; use "easygo"`)
	fault(c.PrivateFDTables && c.Engine != "epoll", "PrivateFDTables", true, "needs the epoll engine")
	between("Loops", c.Loops, 1, maxLoops, "")
	between("Workers", c.Workers, 1, 65536, "")
	between("Limits.Message", c.Limits.Message, 1, 1<<30, " bytes")
	between("Limits.Head", c.Limits.Head, 512, 1<<20, " bytes")
	between("Limits.Inflated", c.Limits.Inflated, 1, 1<<30, " bytes")
	between("Limits.Outbound", c.Limits.Outbound, 1, 1<<30, " bytes")
	between("Limits.Inbound", c.Limits.Inbound, 1, 1<<30, " bytes")
	between("Limits.InboundMessages", c.Limits.InboundMessages, 1, 1<<20, "")
	between("Limits.ControlFrames", c.Limits.ControlFrames, 1, 1<<15, " a second")
	between("Limits.HTTPConnections", c.Limits.HTTPConnections, 1, 1<<16, "")
	positive("Timeouts.Handshake", c.Timeouts.Handshake)
	positive("Timeouts.Pong", c.Timeouts.Pong)
	positive("Timeouts.Close", c.Timeouts.Close)
	positive("Timeouts.WriteStall", c.Timeouts.WriteStall)
	if c.Timeouts.Ping > 0 {
		positive("Timeouts.Ping", c.Timeouts.Ping)
	}
	if c.Timeouts.Idle != 0 {
		positive("Timeouts.Idle", c.Timeouts.Idle)
	}

	paths := make(map[string]string, len(c.Hubs)+len(c.Routes))
	claim := func(field, path string) {
		other, taken := paths[path]
		fault(taken, field, path, "the path is already taken by "+other)
		paths[path] = field
	}
	compression := func(field string, z *Compression) {
		if z == nil {
			return
		}
		full := z.withDefaults()
		between(field+".Threshold", full.Threshold, 1, 1<<30, " bytes")
		between(field+".Level", full.Level, 1, 9, "")
		between(field+".WindowBits", full.WindowBits, 8, 15, "")
	}
	compression("Compression", &c.Compression)
	for i, h := range c.Hubs {
		field := fmt.Sprintf("Hubs[%d].Name", i)
		fault(!validHubName(h.Name), field, h.Name, "must be 1 to 128 characters of A-Z a-z 0-9 _ - and dot")
		fault(h.OnMessage > PublishToOthers, fmt.Sprintf("Hubs[%d].OnMessage", i), h.OnMessage, "is no known action")
		claim(field, HubPath(h.Name))
		compression(fmt.Sprintf("Hubs[%d].Compression", i), h.Compression)
	}
	for i, r := range c.Routes {
		field := fmt.Sprintf("Routes[%d].Path", i)
		fault(r.Path == "" || r.Path[0] != '/', field, r.Path, "must begin with a slash")
		fault(r.Handler == nil, fmt.Sprintf("Routes[%d].Handler", i), r.Handler, "must be set")
		claim(field, r.Path)
		compression(fmt.Sprintf("Routes[%d].Compression", i), r.Compression)
	}
	return errors.Join(faults...)
}

const (
	maxLoops   = 1024
	minTimeout = 10 * time.Millisecond
	maxTimeout = 7 * 24 * time.Hour
)

// HubPath returns the path at which clients connect to the hub with that name.
func HubPath(name string) string { return "/client/hubs/" + name }

func validListen(listen string) bool {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

func validHubName(name string) bool {
	if name == "" || len(name) > 128 {
		return false
	}
	for _, b := range []byte(name) {
		switch {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', b == '_', b == '-', b == '.':
		default:
			return false
		}
	}
	return true
}

func (z Compression) withDefaults() Compression {
	for _, field := range []struct {
		value    *int
		standard int
	}{{&z.Threshold, 256}, {&z.Level, 1}, {&z.WindowBits, 15}} {
		if *field.value == 0 {
			*field.value = field.standard
		}
	}
	return z
}

// WithDefaults returns a copy of c in which every field that selects its default
// by being zero holds it.
func (c Config) WithDefaults() Config {
	orInt := func(field *int, value int) {
		if *field == 0 {
			*field = value
		}
	}
	orDuration := func(field *time.Duration, value time.Duration) {
		if *field == 0 {
			*field = value
		}
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:8080"
	}
	if c.Engine == "" {
		c.Engine = "easygo"
		if runtime.GOOS == "linux" {
			c.Engine = "epoll"
		}
	}
	if c.HTTP == nil {
		c.HTTP = http.NotFoundHandler()
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	c.Compression = c.Compression.withDefaults()
	orInt(&c.Loops, runtime.GOMAXPROCS(0))
	orInt(&c.Workers, 8*runtime.GOMAXPROCS(0))
	orInt(&c.Limits.Message, 64<<10)
	orInt(&c.Limits.Head, 8<<10)
	orInt(&c.Limits.Inflated, max(1, min(10*c.Limits.Message, 1<<30)))
	orInt(&c.Limits.Outbound, 1<<20)
	orInt(&c.Limits.Inbound, 256<<10)
	orInt(&c.Limits.InboundMessages, 256)
	orInt(&c.Limits.ControlFrames, 100)
	orInt(&c.Limits.HTTPConnections, 256)
	orDuration(&c.Timeouts.Handshake, 10*time.Second)
	orDuration(&c.Timeouts.Ping, 25*time.Second)
	orDuration(&c.Timeouts.Pong, 8*time.Second)
	orDuration(&c.Timeouts.Close, 5*time.Second)
	orDuration(&c.Timeouts.WriteStall, 20*time.Second)
	return c
}
