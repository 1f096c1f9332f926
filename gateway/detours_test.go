package gateway_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/gateway"
)

// detours are further ways to a reason, with another answer or through other code.
var detours = map[string]struct {
	reason gateway.Reason
	status int // of the answer; 0: none
	provocation
}{
	"denied before TLS and requests": {gateway.ReasonDenied, 0, provocation{
		func(c *gateway.Config) { c.Admission.Deny = networks("127.0.0.1/32") }, (*provoked).repelled}},
	"denied client of a proxy": {gateway.ReasonDenied, 0, provocation{
		func(c *gateway.Config) {
			c.Admission.ProxyProtocol, c.Admission.Deny = networks("127.0.0.1/32"), networks("192.0.2.0/24")
		},
		func(p *provoked) { mustBeReset(p.t, p.write(proxyV1)) }}},
	"denied request":             {gateway.ReasonDenied, 403, provocation{deniedClient, asked(page + "X-Forwarded-For: 192.0.2.7\r\n\r\n")}},
	"denied second request":      {gateway.ReasonDenied, 403, provocation{deniedClient, askedSecond(page + "X-Forwarded-For: 192.0.2.7\r\n\r\n")}},
	"second request, forwarded":  {gateway.ReasonForwarded, 400, provocation{deniedClient, askedSecond(page + "X-Forwarded-For: me\r\n\r\n")}},
	"second request, an upgrade": {gateway.ReasonBadRequest, 400, provocation{nil, askedSecond(upgradeOf("/"))}},

	"address rate over TLS": {gateway.ReasonAddressRate, 0, provocation{
		func(c *gateway.Config) { overTLS(c); c.Admission.AddressRate = 1 }, secondOverTLS}},
	"accept queue full over TLS": {gateway.ReasonAcceptQueueFull, 0, provocation{
		func(c *gateway.Config) { overTLS(c); c.Admission.AcceptRate, c.Admission.AcceptQueue = 1, -1 }, secondOverTLS}},
	"aborted before it was secured": {gateway.ReasonHandshakeAborted, 0, provocation{overTLS, func(p *provoked) { p.write("\x16\x03\x01").Close() }}},
	"aborted in line": {gateway.ReasonHandshakeAborted, 0, provocation{
		func(c *gateway.Config) { c.Admission.AcceptRate, c.Admission.AcceptQueue = 1, 20 }, func(p *provoked) {
			var last net.Conn
			for range 5 {
				last = p.write("")
			}
			p.Eventually(p.t, func() bool { return p.Totals(p.t).Waiting > 0 }, "it to wait")
			last.Close()
		}}},
	"aborted while undecided": {gateway.ReasonHandshakeAborted, 0, provocation{undecided, func(p *provoked) {
		conn := p.write(upgradeOf(hubPath))
		p.Eventually(p.t, func() bool { return p.Totals(p.t).Undecided == 1 }, "an undecided upgrade")
		conn.Close()
	}}},

	"version of HTTP":                 {gateway.ReasonBadRequest, 505, provocation{nil, asked("GET / HTTP/2.0\r\n\r\n")}},
	"long target":                     {gateway.ReasonHeadTooLarge, 414, provocation{func(c *gateway.Config) { c.Limits.Head = 2 * codec.MaxTarget }, asked("GET /" + strings.Repeat("a", codec.MaxTarget) + " HTTP/1.1\r\nHost: a\r\n\r\n")}},
	"refused by Decide":               {gateway.ReasonUnauthorized, 402, provocation{deciding(&gateway.Refusal{Status: 402}), asked(upgradeOf(hubPath))}},
	"panic of Decide":                 {gateway.ReasonInternal, 500, provocation{deciding(nil), asked(upgradeOf(hubPath))}},
	"identity that cannot be":         {gateway.ReasonInternal, 500, provocation{nil, asked(upgradeOf(hubPath + "?long"))}},
	"too much ahead of the decision":  {gateway.ReasonUndecidedFull, 503, provocation{func(c *gateway.Config) { undecided(c); c.Limits.Backlog = 4 << 10 }, asked(upgradeOf(hubPath) + string(patterned(5<<10)))}},
	"http busy where a pool serves":   {gateway.ReasonHTTPBusy, 503, provocation{func(c *gateway.Config) { brief(c); c.Limits.HTTPConnections = 1 }, func(p *provoked) { askHalf(p); p.refuse(page + "\r\n") }}},
	"rate in bytes":                   {gateway.ReasonRateExceeded, 0, provocation{func(c *gateway.Config) { c.Rates = gateway.Rates{Bytes: 1, Excess: gateway.Disconnect} }, told(say("xx"))}},
	"handshake timeout behind a page": {gateway.ReasonHandshakeTimeout, 408, provocation{func(c *gateway.Config) { brief(c); short(c) }, func(p *provoked) { p.read(askHalf(p)) }}},
}

const page = "GET / HTTP/1.1\r\nHost: a\r\n"

// TestEveryReasonByDetours is [TestEveryReasonCanBeProvoked] for [detours].
func TestEveryReasonByDetours(t *testing.T) {
	for name, row := range detours {
		t.Run(name, func(t *testing.T) { provokeReason(t, row.reason, row.status, row.provocation) })
	}
}

// deniedClient has the peer be a forwarder, and a client of it be denied.
func deniedClient(c *gateway.Config) {
	c.Admission.Forwarders, c.Admission.Deny = networks("127.0.0.1/32"), networks("192.0.2.0/24")
}

// brief has plain requests served on the pool.
func brief(c *gateway.Config) { c.Brief = func(string, string) bool { return true } }

// deciding has the hub's Decide return err, or panic.
func deciding(err error) func(*gateway.Config) {
	return func(c *gateway.Config) {
		c.Hubs[0].Decide = func(context.Context, *gateway.Request) error {
			if err == nil {
				panic("as told")
			}
			return err
		}
	}
}

// askedSecond sends bytes on a connection that has left its loop for net/http.
func askedSecond(bytes string) func(*provoked) {
	return func(p *provoked) {
		conn := p.write(page + "\r\n")
		first, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			p.t.Fatalf("read the first answer: %v", err)
		}
		io.Copy(io.Discard, first.Body)
		io.WriteString(conn, bytes)
		p.read(conn)
	}
}

// askHalf sends a part of a request's body.
func askHalf(p *provoked) net.Conn {
	conn := p.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf")
	p.Eventually(p.t, func() bool { return p.Stats(p.t).HTTPConnections == 1 }, "a request")
	return conn
}

// secondOverTLS takes the one place, and asks for another.
func secondOverTLS(p *provoked) {
	p.write("")
	p.Eventually(p.t, func() bool { return p.Totals(p.t).Connections == 1 }, "the first")
	p.repelled()
}
