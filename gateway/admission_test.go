package gateway_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// networks reads networks.
func networks(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// dialFrom connects from an address of the loopback.
func dialFrom(n *gatewaytest.Node, addr string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: gatewaytest.Patience, LocalAddr: &net.TCPAddr{IP: net.ParseIP(addr)}}
	return dialer.Dial("tcp", n.Addr())
}

// rawFrom opens a connection from an address of the loopback.
func rawFrom(t *testing.T, n *gatewaytest.Node, addr string) net.Conn {
	t.Helper()
	conn, err := dialFrom(n, addr)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(gatewaytest.Patience))
	t.Cleanup(func() { conn.Close() })
	return conn
}

// mustBeRepelled connects from an address and waits for the reset, which may come
// before the client knows that it is connected.
func mustBeRepelled(t *testing.T, n *gatewaytest.Node, addr string) {
	t.Helper()
	conn, err := dialFrom(n, addr)
	if errors.Is(err, syscall.ECONNRESET) {
		return
	}
	must(t, err)
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(gatewaytest.Patience))
	mustBeReset(t, conn)
}

// mustBeReset waits for the reset of a connection that has got nothing.
func mustBeReset(t *testing.T, conn net.Conn) {
	t.Helper()
	n, err := conn.Read(make([]byte, 100))
	if n > 0 || !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
		t.Errorf("read %d bytes and %v, want a reset", n, err)
	}
}

// mustBeTurnedAway connects from an address, and waits for the answer with that
// status or, where none can be given before TLS, for the reset.
func mustBeTurnedAway(t *testing.T, n *gatewaytest.Node, addr string, secure bool, status int) {
	t.Helper()
	if secure {
		mustBeRepelled(t, n, addr)
		return
	}
	got := answer(t, rawFrom(t, n, addr))
	if retry := got.Header.Get("Retry-After"); got.StatusCode != status || retry == "" {
		t.Errorf("status %d, Retry-After %q", got.StatusCode, retry)
	}
}

// answer sends an upgrade and returns the answer.
func answer(t *testing.T, conn net.Conn, fields ...string) *http.Response {
	t.Helper()
	conn.Write(gatewaytest.UpgradeRequest("/", fields...))
	got, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("read the answer: %v", err)
	}
	return got
}

func TestAddressesAreAllowedAndDenied(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config.Admission.Deny = networks("127.0.0.0/28")
		config.Admission.Allow = networks("127.0.0.0/24", "127.0.0.3/32")
		n := gatewaytest.Start(t, serving(config, gateway.Echo(), gateway.Inline))
		for addr, admitted := range map[string]bool{"127.0.0.2": false, "127.0.0.3": true, "127.0.0.77": true, "127.0.1.1": false} {
			if admitted {
				gatewaytest.Upgraded(t, sent(rawFrom(t, n, addr)))
			} else {
				mustBeRepelled(t, n, addr)
			}
		}
		n.AwaitReason(t, gateway.ReasonDenied, 2)
	})
}

// sent is conn with an upgrade sent.
func sent(conn net.Conn) net.Conn {
	conn.Write(gatewaytest.UpgradeRequest("/"))
	return conn
}

func TestConnectionsAreCapped(t *testing.T) {
	const most = 5
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config.Limits.Connections = most
		n := gatewaytest.Start(t, serving(config, gateway.Echo(), gateway.Inline))
		for round := range 2 {
			var open []net.Conn
			for range most {
				open = append(open, n.Raw(t))
			}
			n.Eventually(t, func() bool { return n.Totals(t).Connections == most }, "the connections")
			for range 3 {
				mustBeRepelled(t, n, "127.0.0.1")
			}
			n.AwaitReason(t, gateway.ReasonConnectionsFull, uint64(3*(round+1)))
			for _, conn := range open {
				conn.Close()
			}
			n.Eventually(t, func() bool { return n.Totals(t).Connections == 0 }, "them to end")
		}
	})
}

// TestConnectionsOfAnAddressAreCapped counts those that have sent nothing, and
// forgets each of them when it ends.
func TestConnectionsOfAnAddressAreCapped(t *testing.T) {
	const most = 3
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config.Limits.ConnectionsPerAddress = most
		config.Admission.IPv4Bits = 28
		n := gatewaytest.Start(t, serving(config, gateway.Echo(), gateway.Inline))
		for round := range 2 {
			open := []net.Conn{sent(rawFrom(t, n, "127.0.0.2")), rawFrom(t, n, "127.0.0.3"), rawFrom(t, n, "127.0.0.4")}
			gatewaytest.Upgraded(t, open[0])
			n.Eventually(t, func() bool { return n.Totals(t).Connections == most }, "the connections")
			mustBeRepelled(t, n, "127.0.0.5")
			n.AwaitReason(t, gateway.ReasonAddressCrowded, uint64(round+1))
			gatewaytest.Upgraded(t, sent(rawFrom(t, n, "127.0.0.77"))).Close() // of another network
			for _, conn := range open {
				conn.Close()
			}
			n.Eventually(t, func() bool { return n.Totals(t).Connections == 0 }, "them to end")
		}
	})
}

func TestForwardersMayHaveAnyNumberOfConnections(t *testing.T) {
	config := gateway.Config{Loops: 1}
	config.Limits.ConnectionsPerAddress = 1
	config.Admission.Forwarders = networks("127.0.0.2/32")
	n := gatewaytest.Start(t, serving(config, telling(), gateway.Inline))
	for range 3 {
		conn := rawFrom(t, n, "127.0.0.2")
		conn.Write(gatewaytest.UpgradeRequest("/", "X-Forwarded-For: 192.0.2.7"))
		if m := gatewaytest.Upgraded(t, conn).Receive(); string(m.Payload) != "192.0.2.7:0" {
			t.Errorf("the client is %s", m.Payload)
		}
	}
}

func TestAddressesAreHeldToTheirRate(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("TLS %v", secure), func(t *testing.T) {
			config := gateway.Config{Loops: 2}
			if secure {
				config, _ = secured(t, config)
			}
			config.Admission.AddressRate, config.Admission.AddressBurst = 1, 3
			config.Admission.IPv4Bits = 28
			n := gatewaytest.Start(t, serving(config, gateway.Echo(), gateway.Inline))
			for i := range 3 {
				rawFrom(t, n, fmt.Sprintf("127.0.0.%d", 2+i))
			}
			n.Eventually(t, func() bool { return n.Totals(t).Connections == 3 }, "the first three")
			mustBeTurnedAway(t, n, "127.0.0.5", secure, http.StatusTooManyRequests)
			n.AwaitReason(t, gateway.ReasonAddressRate, 1)
			rawFrom(t, n, "127.0.0.200") // of another network
			n.Eventually(t, func() bool { return n.Totals(t).Connections >= 4 }, "one from elsewhere")
			n.AwaitReason(t, gateway.ReasonAddressRate, 1)
		})
	}
}

// TestAStormWaitsInLine has more clients come at once than the rate lets in. All
// are served, in the time that the rate takes, and one from elsewhere that comes
// last is not served last.
func TestAStormWaitsInLine(t *testing.T) {
	const clients, rate, burst = 60, 100, 10
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config.Loops = 1 // one line
		config.Admission.AcceptRate, config.Admission.AcceptBurst, config.Admission.AcceptQueue = rate, burst, 2*clients
		n := gatewaytest.Start(t, serving(config, gateway.Echo(), gateway.Inline))
		began := time.Now()
		var mu sync.Mutex
		var order []string
		var asking sync.WaitGroup
		ask := func(addr string) {
			conn := rawFrom(t, n, addr)
			asking.Go(func() {
				conn.Write(gatewaytest.UpgradeRequest("/"))
				if got, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || got.StatusCode != 101 {
					t.Errorf("%s: %v, %v", addr, got, err)
				}
				mu.Lock()
				order = append(order, addr)
				mu.Unlock()
			})
		}
		for range clients {
			ask("127.0.0.2")
		}
		n.Eventually(t, func() bool { return n.Totals(t).Waiting > 0 }, "a line")
		ask("127.0.0.3")
		asking.Wait()
		if took, least := time.Since(began), time.Second*(clients-burst)/rate/2; took < least {
			t.Errorf("served within %v, want %v or more", took, least)
		}
		for place, addr := range order {
			if addr == "127.0.0.3" && place > clients-10 {
				t.Errorf("a client from elsewhere was served as number %d of %d", place+1, clients+1)
			}
		}
		if got := n.Totals(t); got.Waiting != 0 || got.Sessions != clients+1 {
			t.Errorf("%d wait and %d sessions are open", got.Waiting, got.Sessions)
		}
	})
}

func TestTheLineIsBounded(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("TLS %v", secure), func(t *testing.T) {
			config := gateway.Config{Loops: 1}
			if secure {
				config, _ = secured(t, config)
			}
			config.Admission.AcceptRate, config.Admission.AcceptBurst, config.Admission.AcceptQueue = 1, 1, 4
			n := gatewaytest.Start(t, serving(config, gateway.Echo(), gateway.Inline))
			var waiting []net.Conn
			for range 3 { // one comes in, two wait: half of the line
				waiting = append(waiting, rawFrom(t, n, "127.0.0.2"))
			}
			n.Eventually(t, func() bool { return n.Totals(t).Waiting == 2 }, "two to wait")
			mustBeTurnedAway(t, n, "127.0.0.2", secure, http.StatusServiceUnavailable)
			n.AwaitReason(t, gateway.ReasonAcceptQueueFull, 1)
			waiting[1].(*net.TCPConn).SetLinger(0)
			for _, conn := range waiting[1:] {
				conn.Close() // however it leaves the line, that is noticed
			}
			n.AwaitReason(t, gateway.ReasonHandshakeAborted, 2)
		})
	}
}

func TestSessionsPerAddressCountNetworks(t *testing.T) {
	config := gateway.Config{Loops: 2}
	config.Limits.SessionsPerAddress = 1
	config.Admission.IPv4Bits = 24
	n := gatewaytest.Start(t, serving(config, gateway.Echo(), gateway.Inline))
	for _, tc := range []struct {
		addr   string
		status int
	}{{"127.0.0.2", 101}, {"127.0.0.3", 503}, {"127.0.1.2", 101}} {
		if got := answer(t, rawFrom(t, n, tc.addr)); got.StatusCode != tc.status {
			t.Errorf("%s gets %d, want %d", tc.addr, got.StatusCode, tc.status)
		}
	}
}

// telling is a handler that tells a client its address.
func telling() gateway.Handler {
	return hooks{open: func(s gateway.Session, r *gateway.Request) {
		s.Send(gateway.Text, []byte(r.RemoteAddr.String()))
	}}
}

const (
	proxyV1 = "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n"
	proxyV2 = "\r\n\r\n\x00\r\nQUIT\n\x21\x21\x00\x24" + // PROXY, TCP over IPv6, 36 bytes
		"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07" +
		"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x08\x12\x67\x01\xbb"
	proxyV2Local = "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"
)

var proxyHeaders = []struct{ name, header, client string }{
	{"version 1", proxyV1, "192.0.2.7:4711"},
	{"version 1, IPv6", "PROXY TCP6 2001:db8::7 2001:db8::8 4711 443\r\n", "[2001:db8::7]:4711"},
	{"version 1, unknown", "PROXY UNKNOWN whatever this is\r\n", "127.0.0.2:"},
	{"version 2", proxyV2, "[2001:db8::7]:4711"},
	{"version 2, local", proxyV2Local, "127.0.0.2:"},
	{"version 2, with an extension", "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x10\xc0\x00\x02\x07\xc6\x33\x64\x01\x12\x67\x01\xbb\x04\x00\x01x", "192.0.2.7:4711"},
}

func TestProxyHeadersNameTheClient(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config.Admission.ProxyProtocol = networks("127.0.0.2/32")
		n := gatewaytest.Start(t, serving(config, telling(), gateway.Inline))
		secure, trust := secured(t, config)
		over := gatewaytest.Start(t, serving(secure, telling(), gateway.Inline))
		for _, tc := range proxyHeaders {
			request := gatewaytest.UpgradeRequest("/")
			for chopped, pieces := range map[string][]string{
				"together": {tc.header + string(request)},
				"apart":    {tc.header, string(request)},
				"in the header": {tc.header[:3], tc.header[3 : len(tc.header)-1],
					tc.header[len(tc.header)-1:] + string(request[:9]), string(request[9:])},
			} {
				t.Run(tc.name+", "+chopped, func(t *testing.T) {
					conn := rawFrom(t, n, "127.0.0.2")
					for i, piece := range pieces {
						before := n.Totals(t).BytesIn
						io.WriteString(conn, piece)
						if i < len(pieces)-1 {
							n.Eventually(t, func() bool { return n.Totals(t).BytesIn == before+uint64(len(piece)) }, "the bytes to be read")
						}
					}
					expectClient(t, conn, tc.client)
				})
			}
			t.Run(tc.name+", TLS", func(t *testing.T) {
				conn := rawFrom(t, over, "127.0.0.2")
				io.WriteString(conn, tc.header)
				expectClient(t, sent(tls.Client(conn, trust)), tc.client)
			})
		}
	})
}

// expectClient expects the handler to know the client by an address that begins
// so.
func expectClient(t *testing.T, conn net.Conn, client string) {
	t.Helper()
	c := gatewaytest.Upgraded(t, conn)
	if m := c.Receive(); !strings.HasPrefix(string(m.Payload), client) {
		t.Errorf("the client is %s, want %s", m.Payload, client)
	}
	c.Close()
}

func TestBrokenProxyHeadersAreRefused(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config.Admission.ProxyProtocol = networks("127.0.0.2/32")
		n := gatewaytest.Start(t, serving(config, telling(), gateway.Inline))
		for i, header := range []string{
			string(gatewaytest.UpgradeRequest("/")),
			"PROXY TCP4 192.0.2.7 198.51.100.1 4711\r\n",
			"PROXY TCP4 2001:db8::7 2001:db8::8 1 2\r\n",
			"PROXY TCP4 192.0.2.7 198.51.100.1 4711 99999\r\n",
			"PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\n",
			"PROXY TCP4 " + strings.Repeat("1", 200),
			"PROXYTCP4 192.0.2.7 198.51.100.1 4711 443\r\n",
			"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x04abcd",
			"\r\n\r\n\x00\r\nQUIT\n\x31\x11\x00\x0cabcdabcdabcd",
			"\r\n\r\n\x00\r\nQUIT\n\x21\x11\xff\xff",
			"\x16\x03\x01",
		} {
			conn := rawFrom(t, n, "127.0.0.2")
			io.WriteString(conn, header)
			mustBeReset(t, conn)
			n.AwaitReason(t, gateway.ReasonProxyHeader, uint64(i+1))
		}
		// From elsewhere it is a request that is none.
		conn := rawFrom(t, n, "127.0.0.3")
		io.WriteString(conn, proxyV1+string(gatewaytest.UpgradeRequest("/")))
		if got, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || got.StatusCode != 400 {
			t.Errorf("a header from elsewhere: %v, %v", got, err)
		}
	})
}

func TestProxyHeadersMustComeInTime(t *testing.T) {
	config := gateway.Config{}
	config.Timeouts.Handshake = 300 * time.Millisecond
	config.Admission.ProxyProtocol = networks("127.0.0.2/32")
	n := gatewaytest.Start(t, serving(config, telling(), gateway.Inline))
	conn := rawFrom(t, n, "127.0.0.2")
	io.WriteString(conn, proxyV1[:20])
	mustBeReset(t, conn)
	n.AwaitReason(t, gateway.ReasonProxyTimeout, 1)
	rawFrom(t, n, "127.0.0.2").Close()
	n.AwaitReason(t, gateway.ReasonHandshakeAborted, 1)
}

func TestTheClientOfAProxyIsAdmitted(t *testing.T) {
	config := gateway.Config{Loops: 1}
	config.Admission.ProxyProtocol = networks("127.0.0.2/32")
	config.Admission.Allow = networks("192.0.2.0/24")
	config.Admission.Deny = networks("192.0.2.7/32")
	n := gatewaytest.Start(t, serving(config, telling(), gateway.Inline))
	denied := rawFrom(t, n, "127.0.0.2")
	io.WriteString(denied, proxyV1)
	mustBeReset(t, denied)
	n.AwaitReason(t, gateway.ReasonDenied, 1)
	allowed := rawFrom(t, n, "127.0.0.2")
	io.WriteString(allowed, strings.Replace(proxyV1, "192.0.2.7", "192.0.2.8", 1))
	expectClient(t, sent(allowed), "192.0.2.8:4711")
	check := rawFrom(t, n, "127.0.0.2")
	io.WriteString(check, proxyV2Local)
	expectClient(t, sent(check), "127.0.0.2:")
}

func TestForwardersNameTheClient(t *testing.T) {
	const xff, fwd = "X-Forwarded-For", "Forwarded"
	for _, tc := range []struct {
		name, header string
		from         string
		fields       []string
		client       string // empty: refused with 400
	}{
		{"one address", xff, "127.0.0.2", []string{"X-Forwarded-For: 192.0.2.7"}, "192.0.2.7:0"},
		{"what the client has made up", xff, "127.0.0.2", []string{"X-Forwarded-For: 10.9.9.9, nonsense, 192.0.2.7"}, "192.0.2.7:0"},
		{"several forwarders", xff, "127.0.0.2", []string{"X-Forwarded-For: 10.9.9.9, 192.0.2.7", "X-Forwarded-For: 127.0.0.9,127.0.0.8"}, "192.0.2.7:0"},
		{"with a port", xff, "127.0.0.2", []string{"X-Forwarded-For: 192.0.2.7:80"}, "192.0.2.7:0"},
		{"IPv6", xff, "127.0.0.2", []string{"X-Forwarded-For: [2001:db8::7]:80"}, "[2001:db8::7]:0"},
		{"forwarders only", xff, "127.0.0.2", []string{"X-Forwarded-For: 127.0.0.9"}, "127.0.0.2:"},
		{"empty members", xff, "127.0.0.2", []string{"X-Forwarded-For: 192.0.2.7,, "}, "192.0.2.7:0"},
		{"none", xff, "127.0.0.2", nil, "127.0.0.2:"},
		{"unknown", xff, "127.0.0.2", []string{"X-Forwarded-For: 192.0.2.7, unknown"}, "127.0.0.2:"},
		{"no forwarder", xff, "127.0.1.1", []string{"X-Forwarded-For: 192.0.2.7"}, "127.0.1.1:"},
		{"the other header", xff, "127.0.0.2", []string{"Forwarded: for=192.0.2.7"}, "127.0.0.2:"},
		{"Forwarded", fwd, "127.0.0.2", []string{`Forwarded: for=10.9.9.9, proto=https;For="[2001:db8::7]:80";by=127.0.0.2`}, "[2001:db8::7]:0"},
		{"Forwarded, obfuscated", fwd, "127.0.0.2", []string{"Forwarded: for=_hidden"}, "127.0.0.2:"},
		{"Forwarded, unknown with a port", fwd, "127.0.0.2", []string{`Forwarded: for="unknown:47011"`}, "127.0.0.2:"},
		{"Forwarded, obfuscated port", fwd, "127.0.0.2", []string{`Forwarded: for="192.0.2.7:_https"`}, "192.0.2.7:0"},
		{"Forwarded, obfuscated port of IPv6", fwd, "127.0.0.2", []string{`Forwarded: for="[2001:db8::7]:_https"`}, "[2001:db8::7]:0"},
		{"Forwarded, two lines", fwd, "127.0.0.2", []string{`Forwarded: for=10.9.9.9;x="`, "Forwarded: for=192.0.2.7"}, ""},
		{"Forwarded, a comma in a host", fwd, "127.0.0.2", []string{`Forwarded: for=192.0.2.7;host="a,for=10.9.9.9"`}, "192.0.2.7:0"},
		{"Forwarded, a semicolon in a host", fwd, "127.0.0.2", []string{`Forwarded: host="a;for=10.9.9.9;b=";for=192.0.2.7`}, "192.0.2.7:0"},
		{"Forwarded, a quote in a host", fwd, "127.0.0.2", []string{`Forwarded: for=192.0.2.7;host="a\",for=10.9.9.9;b=\""`}, "192.0.2.7:0"},
		{"Forwarded, a quote left open", fwd, "127.0.0.2", []string{`Forwarded: for=10.9.9.9;x=", for="[2001:db8::7]"`}, ""},
		{"Forwarded, a quote left open before a host", fwd, "127.0.0.2", []string{`Forwarded: x=", for=192.0.2.7;host=",for=10.9.9.9;b=\""`}, ""},
		{"Forwarded, two nodes in one element", fwd, "127.0.0.2", []string{"Forwarded: for=10.9.9.9;for=192.0.2.7"}, ""},
		{"broken", xff, "127.0.0.2", []string{"X-Forwarded-For: 192.0.2.7, 192.0.2"}, ""},
		{"no port", xff, "127.0.0.2", []string{"X-Forwarded-For: 192.0.2.7:99999"}, ""},
		{"half a bracket", xff, "127.0.0.2", []string{"X-Forwarded-For: [2001:db8::7"}, ""},
		{"Forwarded, broken", fwd, "127.0.0.2", []string{"Forwarded: for=192.0.2.7, proto=https"}, ""},
		{"Forwarded, empty", fwd, "127.0.0.2", []string{"Forwarded: for="}, ""},
		{"denied", xff, "127.0.0.2", []string{"X-Forwarded-For: 198.51.100.1"}, "denied"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			config := gateway.Config{Loops: 1}
			config.Admission.Forwarders, config.Admission.ForwardedHeader = networks("127.0.0.0/24"), tc.header
			config.Admission.Deny = networks("198.51.100.0/24", "127.0.0.0/24")
			n := gatewaytest.Start(t, serving(config, telling(), gateway.Inline))
			conn := rawFrom(t, n, tc.from)
			conn.Write(gatewaytest.UpgradeRequest("/", tc.fields...))
			for client, refused := range map[string]struct {
				status int
				reason gateway.Reason
			}{"": {400, gateway.ReasonForwarded}, "denied": {403, gateway.ReasonDenied}} {
				if tc.client != client {
					continue
				}
				if got, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || got.StatusCode != refused.status {
					t.Errorf("%v, %v, want %d", got, err, refused.status)
				}
				conn.Close()
				n.AwaitReason(t, refused.reason, 1)
				return
			}
			expectClient(t, conn, tc.client)
		})
	}
}

// TestHTTPKnowsTheClient: requests that are no upgrades leave the loops, and take
// the client's address along.
func TestHTTPKnowsTheClient(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config.Admission.ProxyProtocol = networks("127.0.0.2/32")
		config.HTTP = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RemoteAddr) })
		n := gatewaytest.Start(t, config)
		conn := rawFrom(t, n, "127.0.0.2")
		io.WriteString(conn, proxyV1+"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		got, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, _ := io.ReadAll(got.Body); string(body) != "192.0.2.7:4711" {
			t.Errorf("the client is %s", body)
		}
	})
}
