package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// unprovoked are the reasons that no row of [provocations] provokes, and where
// that is tested.
var unprovoked = map[gateway.Reason]string{
	gateway.ReasonNoDescriptors: "descriptors_linux_test.go, in a process of its own: it takes all descriptors",
}

// provoked is a node on which a reason is provoked, and what its client has got.
type provoked struct {
	*gatewaytest.Node
	t     *testing.T
	trust *tls.Config

	status     int
	retryAfter bool
	code       ws.StatusCode
}

// write opens a connection and writes to it.
func (p *provoked) write(bytes string) net.Conn {
	conn := rawFrom(p.t, p.Node, "127.0.0.1")
	io.WriteString(conn, bytes)
	return conn
}

// refuse notes the status of the answer to bytes.
func (p *provoked) refuse(bytes string) { p.read(p.write(bytes)) }

// read notes the status of an answer.
func (p *provoked) read(conn net.Conn) {
	p.t.Helper()
	got, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		p.t.Fatalf("read the answer: %v", err)
	}
	p.status = got.StatusCode
	p.retryAfter = got.Header.Get("Retry-After") != ""
	conn.Close()
}

// repelled waits for a reset.
func (p *provoked) repelled() { mustBeRepelled(p.t, p.Node, "127.0.0.1") }

// end sends frames on a session and notes the code that it is closed with.
func (p *provoked) end(options []gatewaytest.Option, frames ...ws.Frame) {
	p.t.Helper()
	c := p.Dial(p.t, "/", options...)
	for _, f := range frames {
		c.SendFrame(f)
	}
	p.closed(c)
}

// closed notes the code that c is closed with.
func (p *provoked) closed(c *gatewaytest.Client) {
	p.t.Helper()
	for {
		f := c.ReceiveFrame()
		if f.Header.OpCode != ws.OpClose {
			continue
		}
		p.code, _ = ws.ParseCloseFrameData(f.Payload)
		c.Close()
		return
	}
}

func say(text string) ws.Frame { return ws.NewTextFrame([]byte(text)) }

func upgradeOf(path string, fields ...string) string {
	return string(gatewaytest.UpgradeRequest(path, fields...))
}

// short are the timeouts of rows that wait for one.
func short(c *gateway.Config) {
	c.Timeouts = gateway.Timeouts{Handshake: 250 * time.Millisecond, Pong: 250 * time.Millisecond, Ping: -1}
}

// place returns a configuration of one place.
func place(of func(*gateway.Config) *int) func(*gateway.Config) {
	return func(c *gateway.Config) { *of(c) = 1 }
}

// second takes the one place of path, and asks for another.
func second(path string) func(*provoked) {
	return func(p *provoked) {
		p.Dial(p.t, path)
		p.refuse(upgradeOf(path))
	}
}

func asked(bytes string) func(*provoked) { return func(p *provoked) { p.refuse(bytes) } }

func told(frames ...ws.Frame) func(*provoked) { return func(p *provoked) { p.end(nil, frames...) } }

const hubPath = "/client/hubs/guarded"

// provocation is how a peer gets to a reason: with which configuration, and by what.
type provocation struct {
	config  func(*gateway.Config)
	provoke func(*provoked)
}

// provocations has one for each reason; see also [detours].
var provocations = map[gateway.Reason]provocation{
	gateway.ReasonTLSFailed:  {overTLS, func(p *provoked) { p.write("no hello at all, and that for long enough to be seen") }},
	gateway.ReasonTLSTimeout: {func(c *gateway.Config) { overTLS(c); short(c) }, func(p *provoked) { p.write("") }},
	gateway.ReasonDenied:     {deniedClient, asked(upgradeOf("/", "X-Forwarded-For: 192.0.2.7"))},
	gateway.ReasonConnectionsFull: {place(func(c *gateway.Config) *int { return &c.Limits.Connections }), func(p *provoked) {
		p.Dial(p.t, "/")
		p.repelled()
	}},
	gateway.ReasonAddressCrowded: {place(func(c *gateway.Config) *int { return &c.Limits.ConnectionsPerAddress }), func(p *provoked) {
		p.write("") // which is no session
		p.Eventually(p.t, func() bool { return p.Totals(p.t).Connections == 1 }, "a connection")
		p.repelled()
	}},
	gateway.ReasonAddressRate:      {place(func(c *gateway.Config) *int { return &c.Admission.AddressRate }), second("/")},
	gateway.ReasonAcceptQueueFull:  {func(c *gateway.Config) { c.Admission.AcceptRate, c.Admission.AcceptQueue = 1, -1 }, second("/")},
	gateway.ReasonProxyHeader:      {func(c *gateway.Config) { c.Admission.ProxyProtocol = networks("127.0.0.1/32") }, func(p *provoked) { p.write("GET /") }},
	gateway.ReasonProxyTimeout:     {func(c *gateway.Config) { c.Admission.ProxyProtocol = networks("127.0.0.1/32"); short(c) }, func(p *provoked) { p.write("PROX") }},
	gateway.ReasonForwarded:        {func(c *gateway.Config) { c.Admission.Forwarders = networks("127.0.0.1/32") }, asked(upgradeOf("/", "X-Forwarded-For: me"))},
	gateway.ReasonBadRequest:       {nil, asked("nonsense\r\n\r\n")},
	gateway.ReasonHeadTooLarge:     {nil, asked(strings.Repeat("x", 9000))},
	gateway.ReasonHandshakeTimeout: {short, asked("GET")},
	gateway.ReasonHandshakeAborted: {nil, func(p *provoked) { p.write("GET").Close() }},
	gateway.ReasonRouteUnknown:     {nil, asked(upgradeOf("/nowhere"))},
	gateway.ReasonMethod:           {nil, asked(request("GET / HTTP/1.1", "POST / HTTP/1.1"))},
	gateway.ReasonVersion:          {nil, asked(request("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8"))},
	gateway.ReasonOrigin:           {nil, asked(upgradeOf(hubPath, "Origin: https://evil.example"))},
	gateway.ReasonSubprotocol:      {nil, asked(upgradeOf(hubPath, "Sec-WebSocket-Protocol: other"))},
	gateway.ReasonUnauthorized:     {nil, asked(upgradeOf(hubPath + "?refuse"))},
	gateway.ReasonDecisionFailed:   {nil, asked(upgradeOf(hubPath + "?down"))},
	gateway.ReasonHTTPBusy: {place(func(c *gateway.Config) *int { return &c.Limits.HTTPConnections }), func(p *provoked) {
		p.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		p.Eventually(p.t, func() bool { return p.Stats(p.t).HTTPConnections == 1 }, "a request")
		p.refuse("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	}},
	gateway.ReasonNodeFull:    {place(func(c *gateway.Config) *int { return &c.Limits.Sessions }), second("/")},
	gateway.ReasonAddressFull: {place(func(c *gateway.Config) *int { return &c.Limits.SessionsPerAddress }), second("/")},
	gateway.ReasonHubFull:     {place(func(c *gateway.Config) *int { return &c.Hubs[0].Sessions }), second(hubPath)},
	gateway.ReasonUserFull:    {place(func(c *gateway.Config) *int { return &c.Hubs[0].SessionsPerUser }), second(hubPath)},
	gateway.ReasonUndecided:   {func(c *gateway.Config) { undecided(c); c.Timeouts.Decide = 60 * time.Millisecond }, asked(upgradeOf(hubPath))},
	gateway.ReasonUndecidedFull: {func(c *gateway.Config) { undecided(c); c.Limits.Undecided = 1 }, func(p *provoked) {
		p.write(upgradeOf(hubPath))
		p.Eventually(p.t, func() bool { return p.Totals(p.t).Undecided == 1 }, "an undecided upgrade")
		p.refuse(upgradeOf(hubPath))
	}},
	gateway.ReasonInternal: {nil, asked(upgradeOf(hubPath + "?panic"))},

	gateway.ReasonClosedByPeer:    {nil, told(ws.NewCloseFrame(ws.NewCloseFrameBody(1000, "")))},
	gateway.ReasonClosedByHandler: {nil, told(say("close"))},
	gateway.ReasonPeerGone:        {nil, func(p *provoked) { p.Dial(p.t, "/").Close() }},
	gateway.ReasonPeerReset:       {nil, func(p *provoked) { reset(p.Dial(p.t, "/")) }},
	gateway.ReasonTLSError: {overTLS, func(p *provoked) {
		_, conn := dialTLS(p.t, p.Node, p.trust)
		io.WriteString(conn.NetConn(), "\x17\x03\x03\x00\x20no record that anybody has sealed")
	}},
	gateway.ReasonProtocolError: {nil, told(ws.NewFrame(3, true, nil))},
	gateway.ReasonInvalidText:   {nil, told(say("\xff"))},
	gateway.ReasonMessageTooBig: {nil, told(ws.NewBinaryFrame(make([]byte, 65<<10)))},
	gateway.ReasonControlFlood:  {func(c *gateway.Config) { c.Limits.ControlFrames = 1 }, told(ws.NewPingFrame(nil), ws.NewPingFrame(nil), ws.NewPingFrame(nil))},
	gateway.ReasonCostlyMessage: {func(c *gateway.Config) { c.Compression.Enabled = true }, func(p *provoked) {
		p.end([]gatewaytest.Option{offering("permessage-deflate")}, compressedFrame(ws.OpBinary, bytes.Repeat(emptyBlock, 4000)))
	}},
	gateway.ReasonRateExceeded: {func(c *gateway.Config) { c.Rates = gateway.Rates{Messages: 1, Excess: gateway.Disconnect} }, told(say("x"), say("x"))},
	gateway.ReasonSlowConsumer: {trickling, func(p *provoked) {
		c := p.Frozen(p.t, "/")
		c.SendText("go")
		p.Eventually(p.t, func() bool { return p.Stats(p.t).Classes[0].Closed == 1 }, "the session to count as slow")
		p.closed(c)
	}},
	gateway.ReasonWriteStalled: {func(c *gateway.Config) { c.Limits.Outbound = 1 << 30; c.Timeouts.WriteStall = 100 * time.Millisecond }, func(p *provoked) {
		p.Frozen(p.t, "/").SendText("flood")
	}},
	gateway.ReasonPongTimeout: {func(c *gateway.Config) { short(c); c.Timeouts.Ping = 60 * time.Millisecond }, func(p *provoked) { p.Dial(p.t, "/") }},
	gateway.ReasonIdle:        {func(c *gateway.Config) { c.Timeouts.Idle = 60 * time.Millisecond }, told()},
	gateway.ReasonExpired:     {func(c *gateway.Config) { short(c) }, func(p *provoked) { p.closed(p.Dial(p.t, hubPath+"?expire")) }},
	gateway.ReasonShutdown: {nil, func(p *provoked) {
		c := p.Dial(p.t, "/")
		p.Dial(p.t, "/") // does not answer, so that the node is there to be asked
		go p.Gateway.Shutdown(p.t.Context())
		p.closed(c)
	}},
	gateway.ReasonHandlerPanic: {nil, told(say("panic"))},
}

// undecided has the hub decide on nobody.
func undecided(c *gateway.Config) {
	c.Hubs[0].Decide = func(ctx context.Context, _ *gateway.Request) error {
		<-ctx.Done()
		return ctx.Err()
	}
}

// trickling has more sent to who asks than may wait, and little of it stand in front of
// the close frame, which a peer has a second to read.
func trickling(c *gateway.Config) {
	c.Limits.Outbound, c.Limits.KernelSend = 16<<10, 16<<10
	c.Routes[0].Handler = hooks{message: func(s gateway.Session, _ gateway.Message) {
		for range 64 {
			s.Send(gateway.Binary, make([]byte, 4<<10))
		}
	}}
}

// overTLS secures a configuration; the certificate is set when the test begins.
func overTLS(c *gateway.Config) { c.TLS = new(tls.Config) }

// TestEveryReasonCanBeProvoked has a peer provoke each reason, and looks for its
// status or close code, its counter, and its record in the log.
func TestEveryReasonCanBeProvoked(t *testing.T) {
	for _, reason := range gateway.Reasons() {
		row, provokes := provocations[reason]
		if _, elsewhere := unprovoked[reason]; elsewhere != !provokes {
			t.Errorf("%v must have a provocation, or a place where it is tested", reason)
			continue
		}
		if !provokes {
			continue
		}
		t.Run(reason.String(), func(t *testing.T) { provokeReason(t, reason, reason.Status(), row) })
	}
}

// provokeReason has a peer provoke reason, which is answered with that status.
func provokeReason(t *testing.T, reason gateway.Reason, status int, row provocation) {
	log := new(reasonLog)
	config := gateway.Config{Loops: 1, Logger: slog.New(log)}
	config.Routes = []gateway.Route{{Path: "/", Handler: hooks{message: obey}, Dispatch: gateway.Inline}}
	config.Hubs = []gateway.HubConfig{{
		Name: "guarded", Origins: []string{"https://good.example"}, Subprotocols: []string{"chat"}, Authorize: moody,
	}}
	if row.config != nil {
		row.config(&config)
	}
	p := &provoked{t: t}
	if config.TLS != nil {
		config, p.trust = secured(t, config)
	}
	p.Node = gatewaytest.Start(t, config)
	row.provoke(p)
	p.AwaitReason(t, reason, 1)
	if p.status != status {
		t.Errorf("answered with status %d, want %d", p.status, status)
	}
	if later := reason.Retry() == gateway.RetryLater; p.status != 0 && p.retryAfter != later {
		t.Errorf("answered with Retry-After: %v, want %v", p.retryAfter, later)
	}
	if want := reason.CloseCode(); p.code != want {
		t.Errorf("closed with code %d, want %d", p.code, want)
	}
	p.Eventually(t, func() bool { return log.has(reason) }, "a record of "+reason.String())
}

// moody is an Authorize that does what the query says.
func moody(r *gateway.Request) error {
	r.Identity.User = "ann"
	switch r.Query {
	case "refuse":
		return &gateway.Refusal{Status: http.StatusUnauthorized, Text: "not you"}
	case "down":
		return &gateway.Refusal{Status: http.StatusInternalServerError, Text: "whom it asks is down"}
	case "panic":
		panic("as told")
	case "long":
		r.Identity.User = strings.Repeat("x", 1<<20)
	case "expire":
		r.Identity.Expires = time.Now()
	}
	return nil
}

// reasonLog is a log that keeps the reasons in its records, with their levels.
type reasonLog struct {
	// Guarded by mu.
	mu   sync.Mutex
	seen map[string]slog.Level
}

func (l *reasonLog) has(r gateway.Reason) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	level, seen := l.seen[r.String()]
	return seen && level == r.Level()
}

func (*reasonLog) Enabled(context.Context, slog.Level) bool { return true }

func (l *reasonLog) Handle(_ context.Context, record slog.Record) error {
	record.Attrs(func(a slog.Attr) bool {
		if a.Key == "reason" {
			l.mu.Lock()
			defer l.mu.Unlock()
			if l.seen == nil {
				l.seen = make(map[string]slog.Level)
			}
			l.seen[a.Value.String()] = record.Level
		}
		return true
	})
	return nil
}

func (l *reasonLog) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l *reasonLog) WithGroup(string) slog.Handler      { return l }
