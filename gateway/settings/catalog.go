package settings

import (
	"log/slog"
	"strings"
)

// Setting describes one scalar setting: where it is set and what it means.
type Setting struct {
	// Path is its place in the file, for example "limits.message".
	Path string
	// Flag is its flag without the dashes, for example "max-message".
	Flag string
	// Kind names the form of its values, for example "SIZE". Settings of kind
	// "BOOL" take no value as a flag.
	Kind string
	// Range says in a few words which values are allowed.
	Range string
	// Help is one line that says what it does.
	Help string

	in func(*Settings) value
}

// Env returns the environment variable that sets s, for example
// "SLUICE_MAX_MESSAGE".
func (s Setting) Env() string {
	return "SLUICE_" + strings.ToUpper(strings.ReplaceAll(s.Flag, "-", "_"))
}

// Value returns the text of s's value in from, as a file would hold it.
func (s Setting) Value(from *Settings) string { return s.in(from).String() }

// Catalog returns every scalar setting, in the order of the file.
func Catalog() []Setting {
	return []Setting{
		{"listen", "listen", "ADDRESS", "host:port; port 0 lets the kernel choose",
			"public address for WebSocket and HTTP", func(s *Settings) value { return address{&s.Listen} }},
		{"admin", "admin", "ADDRESS", `host:port, or "" for none`,
			"address of the console, metrics, health, status and profiles; it needs no login, so keep it private",
			func(s *Settings) value { return orNone{address{&s.Admin}} }},
		{"adminActions", "admin-actions", "BOOL", "true, false",
			"let the console and POST requests at the admin address send to sessions and groups, and close them",
			func(s *Settings) value { return toggle{&s.AdminActions} }},
		{"engine", "engine", "NAME", "epoll, easygo",
			"how loops learn of readiness; epoll is for Linux only", func(s *Settings) value { return text{&s.Engine} }},
		{"loops", "loops", "COUNT", "1 to 1024, or 0 for one per CPU",
			"number of event loops; 0 is one per CPU. With more, sluice serve raises GOMAXPROCS to as many, 4 per CPU at most, unless the environment sets it", func(s *Settings) value { return count{&s.Loops, 0} }},
		{"workers", "workers", "COUNT", "1 to 65536, or 0 for 8 per processor",
			"number of workers that run pooled handlers; 0 is 8 for each processor of the Go runtime (GOMAXPROCS)", func(s *Settings) value { return count{&s.Workers, 0} }},
		{"privateFdTables", "private-fd-tables", "BOOL", "true, false; needs the epoll engine",
			"give each loop a descriptor table of its own, so that the open-files limit bounds a loop and not the process",
			func(s *Settings) value { return toggle{&s.PrivateFDTables} }},
		{"dispatch", "dispatch", "NAME", "pooled, inline",
			"where messages are handled: on the worker pool or on the event loop; hubs may differ",
			func(s *Settings) value { return dispatch(&s.Dispatch) }},
		{"echo", "echo", "PATH", `a path, or "" for none`,
			"path at which each message is sent back", func(s *Settings) value { return text{&s.Echo} }},
		{"tryPage", "try-page", "BOOL", "true, false",
			"serve a page for trying the hubs at / of the public address", func(s *Settings) value { return toggle{&s.TryPage} }},

		{"longTurn", "long-turn", "DURATION", "10ms to 168h, or 0s for never",
			"a turn of a loop that takes so long is logged, once a minute, with what the loop was at",
			func(s *Settings) value { return orNever{duration{&s.LongTurn}, -1} }},
		{"tls.certificates", "tls-certificates", "FILES", "PEM files, or none for a plain port",
			"certificates of the public port, each with its chain; clients choose by name", func(s *Settings) value { return list{&s.TLS.Certificates, checkFile} }},
		{"tls.keys", "tls-keys", "FILES", "PEM files, in the order of tls.certificates",
			"their private keys", func(s *Settings) value { return list{&s.TLS.Keys, checkFile} }},
		{"tls.minVersion", "tls-min-version", "VERSION", "1.2, 1.3",
			"least version of TLS that is spoken", func(s *Settings) value { return tlsVersion(&s.TLS.MinVersion) }},
		{"tls.clientCA", "tls-client-ca", "FILES", "PEM files, or none",
			"certificates that vouch for those of clients; without any, clients are not asked for one", func(s *Settings) value { return list{&s.TLS.ClientCA, checkFile} }},
		{"tls.clientCertificates", "tls-client-certificates", "NAME", "required, optional",
			"whether a client may come without a certificate, where tls.clientCA is set", func(s *Settings) value { return clientCertificates(&s.TLS.Clients) }},

		{"compression.enabled", "compression", "BOOL", "true, false",
			"accept permessage-deflate from clients that offer it", func(s *Settings) value { return toggle{&s.Compression.Enabled} }},
		{"compression.threshold", "compression-threshold", "SIZE", "1 to 1GiB",
			"least payload that is compressed", func(s *Settings) value { return size{&s.Compression.Threshold} }},
		{"compression.level", "compression-level", "LEVEL", "1 to 9",
			"1 is the fastest, 9 the smallest", func(s *Settings) value { return count{&s.Compression.Level, 1} }},
		{"compression.windowBits", "compression-window-bits", "BITS", "8 to 15",
			"largest window to compress with: 2 to that power bytes", func(s *Settings) value { return count{&s.Compression.WindowBits, 8} }},

		{"limits.message", "max-message", "SIZE", "1 to 1GiB",
			"largest message accepted from a client", func(s *Settings) value { return size{&s.Limits.Message} }},
		{"limits.head", "max-head", "SIZE", "512 to 1MiB",
			"largest HTTP request head", func(s *Settings) value { return size{&s.Limits.Head} }},
		{"limits.inflated", "max-inflated", "SIZE", "1 to 1GiB, or 0 for 10 × limits.message",
			"largest message that a compressed one may inflate to", func(s *Settings) value { return orDerived{size{&s.Limits.Inflated}} }},
		{"limits.outbound", "max-outbound", "SIZE", "1 to 1GiB",
			"bytes that may wait for a client before it counts as slow", func(s *Settings) value { return size{&s.Limits.Outbound} }},
		{"limits.outboundMessages", "max-outbound-messages", "COUNT", "1 to 1048576",
			"the same bound as a number of messages", func(s *Settings) value { return count{&s.Limits.OutboundMessages, 1} }},
		{"limits.kernelSend", "kernel-send", "SIZE", "4KiB to 64MiB, or 0 for the kernel's own choice",
			"the kernel's send buffer of one connection; it takes up to twice as much, and a quarter for a client that does not read",
			func(s *Settings) value { return orKernel{size{&s.Limits.KernelSend}} }},
		{"limits.kernelReceive", "kernel-receive", "SIZE", "4KiB to 64MiB, or 0 for the kernel's own choice",
			"the kernel's receive buffer of one connection; it takes up to twice as much",
			func(s *Settings) value { return orKernel{size{&s.Limits.KernelReceive}} }},
		{"limits.inbound", "max-inbound", "SIZE", "1 to 1GiB",
			"bytes of one session that may wait for a worker before it is no longer read", func(s *Settings) value { return size{&s.Limits.Inbound} }},
		{"limits.inboundMessages", "max-inbound-messages", "COUNT", "1 to 1048576",
			"the same bound as a number of messages", func(s *Settings) value { return count{&s.Limits.InboundMessages, 1} }},
		{"limits.backlog", "max-backlog", "SIZE", "1 to 1GiB",
			"bytes of all sessions together that may wait for workers", func(s *Settings) value { return size{&s.Limits.Backlog} }},
		{"limits.connections", "max-connections", "COUNT", "0 to 1073741824; 0 is no limit",
			"connections on the event loops, sessions included; further ones are reset", func(s *Settings) value { return count{&s.Limits.Connections, 0} }},
		{"limits.connectionsPerAddress", "max-connections-per-address", "COUNT", "0 to 1073741824; 0 is no limit",
			"connections of one address, sessions or not; further ones are reset", func(s *Settings) value { return count{&s.Limits.ConnectionsPerAddress, 0} }},
		{"limits.sessions", "max-sessions", "COUNT", "0 to 1073741824; 0 is no limit",
			"open sessions; further upgrades get 503", func(s *Settings) value { return count{&s.Limits.Sessions, 0} }},
		{"limits.sessionsPerAddress", "max-sessions-per-address", "COUNT", "0 to 1073741824; 0 is no limit",
			"open sessions with one address", func(s *Settings) value { return count{&s.Limits.SessionsPerAddress, 0} }},
		{"limits.groups", "max-groups", "COUNT", "1 to 65536",
			"groups that a session may be in", func(s *Settings) value { return count{&s.Limits.Groups, 1} }},
		{"limits.identity", "max-identity", "SIZE", "1 to 1MiB",
			"user id and metadata of one session together", func(s *Settings) value { return size{&s.Limits.Identity} }},
		{"limits.fragments", "max-fragments", "COUNT", "1 to 1073741824",
			"frames that one message may consist of", func(s *Settings) value { return count{&s.Limits.Fragments, 1} }},
		{"limits.controlFrames", "max-control-frames", "COUNT", "1 to 32768",
			"pings and pongs that a session may send in a second", func(s *Settings) value { return count{&s.Limits.ControlFrames, 1} }},
		{"limits.decisions", "max-decisions", "COUNT", "1 to 65536",
			"upgrades decided on at once by an upstream; others wait in line", func(s *Settings) value { return count{&s.Limits.Decisions, 1} }},
		{"limits.undecided", "max-undecided", "COUNT", "1 to 1073741824",
			"upgrades that may await a decision; further ones get 503", func(s *Settings) value { return count{&s.Limits.Undecided, 1} }},
		{"limits.tlsHandshakes", "max-tls-handshakes", "COUNT", "1 to 65536",
			"TLS handshakes under way at once, half of them of one address at most; others wait, and addresses take turns", func(s *Settings) value { return count{&s.Limits.TLSHandshakes, 1} }},
		{"limits.httpConnections", "max-http-connections", "COUNT", "1 to 65536",
			"plain HTTP connections served at once", func(s *Settings) value { return count{&s.Limits.HTTPConnections, 1} }},

		{"admission.allow", "allow", "NETWORKS", "networks, or none for all",
			"networks whose clients are let in, and no others", networks(func(a *Admission) *[]string { return &a.Allow })},
		{"admission.deny", "deny", "NETWORKS", "networks, or none",
			"networks whose clients are not let in; the smallest network that holds an address decides", networks(func(a *Admission) *[]string { return &a.Deny })},
		{"admission.acceptRate", "accept-rate", "COUNT", "0 to 16777216; 0 is no limit",
			"connections that may come in a second; others wait in a queue in which networks take turns", func(s *Settings) value { return count{&s.Admission.AcceptRate, 0} }},
		{"admission.acceptBurst", "accept-burst", "COUNT", "0 to 16777216; 0 is a second's worth",
			"how many may come at once after a pause", func(s *Settings) value { return count{&s.Admission.AcceptBurst, 0} }},
		{"admission.acceptQueue", "accept-queue", "COUNT", "0 to 16777216; 0 is 5 × admission.acceptRate",
			"how many may wait; further ones get 503, or over TLS a reset", func(s *Settings) value { return count{&s.Admission.AcceptQueue, 0} }},
		{"admission.addressRate", "address-rate", "COUNT", "0 to 16777216; 0 is no limit",
			"connections that may come from one address in a second; further ones get 429, or over TLS a reset", func(s *Settings) value { return count{&s.Admission.AddressRate, 0} }},
		{"admission.addressBurst", "address-burst", "COUNT", "0 to 16777216; 0 is a second's worth",
			"how many may come from one address at once after a pause", func(s *Settings) value { return count{&s.Admission.AddressBurst, 0} }},
		{"admission.ipv4Bits", "ipv4-bits", "BITS", "1 to 32",
			"leading bits of an IPv4 address that tell clients apart", func(s *Settings) value { return count{&s.Admission.IPv4Bits, 1} }},
		{"admission.ipv6Bits", "ipv6-bits", "BITS", "1 to 128",
			"the same of an IPv6 address", func(s *Settings) value { return count{&s.Admission.IPv6Bits, 1} }},
		{"admission.proxyProtocol", "proxy-protocol", "NETWORKS", "networks, or none",
			"networks of proxies that begin each connection with a PROXY header, version 1 or 2, in front of TLS", networks(func(a *Admission) *[]string { return &a.ProxyProtocol })},
		{"admission.forwarders", "forwarders", "NETWORKS", "networks, or none",
			"networks of proxies whose admission.forwardedHeader is believed", networks(func(a *Admission) *[]string { return &a.Forwarders })},
		{"admission.forwardedHeader", "forwarded-header", "NAME", "X-Forwarded-For, Forwarded",
			"the header in which forwarders note whom a request is from", func(s *Settings) value { return forwardedHeader(&s.Admission.ForwardedHeader) }},

		{"rates.messages", "message-rate", "COUNT", "0 to 1073741824; 0 is no limit",
			"messages that a session may send in a second", func(s *Settings) value { return count{&s.Rates.Messages, 0} }},
		{"rates.messageBurst", "message-burst", "COUNT", "0 to 1073741824; 0 is a second's worth",
			"how many at once after a pause", func(s *Settings) value { return count{&s.Rates.MessageBurst, 0} }},
		{"rates.bytes", "byte-rate", "SIZE", "1 to 1GiB, or 0 for no limit",
			"bytes of messages that a session may send in a second", func(s *Settings) value { return orDerived{size{&s.Rates.Bytes}} }},
		{"rates.byteBurst", "byte-burst", "SIZE", "1 to 1GiB, or 0 for a second's worth",
			"how many at once after a pause", func(s *Settings) value { return orDerived{size{&s.Rates.ByteBurst}} }},
		{"rates.excess", "rate-excess", "NAME", "delay, drop, close",
			"what becomes of more: the session is not read for a while, the messages are dropped, or it ends with 1008", func(s *Settings) value { return excess(&s.Rates.Excess) }},

		{"timeouts.handshake", "handshake-timeout", "DURATION", "10ms to 168h",
			"time from admission to a complete request head", func(s *Settings) value { return duration{&s.Timeouts.Handshake} }},
		{"timeouts.decide", "decide-timeout", "DURATION", "10ms to 168h",
			"time from a complete request head to the upstream's decision", func(s *Settings) value { return duration{&s.Timeouts.Decide} }},
		{"timeouts.ping", "ping", "DURATION", "10ms to 168h, or 0s for no pings",
			"silence after which a session is sent a ping", func(s *Settings) value { return orNever{duration{&s.Timeouts.Ping}, -1} }},
		{"timeouts.pong", "pong", "DURATION", "10ms to 168h",
			"time to answer a ping", func(s *Settings) value { return duration{&s.Timeouts.Pong} }},
		{"timeouts.idle", "idle", "DURATION", "10ms to 168h, or 0s for never",
			"time without a message after which a session ends", func(s *Settings) value { return orNever{duration{&s.Timeouts.Idle}, 0} }},
		{"timeouts.close", "close-timeout", "DURATION", "10ms to 168h",
			"time for the close handshake", func(s *Settings) value { return duration{&s.Timeouts.Close} }},
		{"timeouts.writeStall", "write-stall", "DURATION", "10ms to 168h",
			"time without progress after which a client that does not read is cut off", func(s *Settings) value { return duration{&s.Timeouts.WriteStall} }},
		{"timeouts.shutdown", "shutdown-timeout", "DURATION", "longer than 0s",
			"time for a graceful stop, the drain's grace included; sessions left then are closed together", func(s *Settings) value { return duration{&s.Shutdown} }},

		{"drain.grace", "drain-grace", "DURATION", "0s to 1h, shorter than `timeouts.shutdown`",
			"time between not ready and the first close, in which clients are still accepted: what a load balancer takes to notice",
			func(s *Settings) value { return orNever{duration{&s.Drain.Grace}, 0} }},
		{"drain.rate", "drain-rate", "COUNT", "1 to 1073741824",
			"sessions closed in a second", func(s *Settings) value { return count{&s.Drain.Rate, 1} }},
		{"drain.code", "drain-code", "CODE", "1001 (going away), 1012 (service restart)",
			"status code of the close frames", func(s *Settings) value { return farewellCode(&s.Drain.Code) }},
		{"drain.reason", "drain-reason", "TEXT", "at most 123 bytes",
			"text of the close frames", func(s *Settings) value { return text{&s.Drain.Reason} }},

		{"log.level", "log-level", "NAME", "debug, info, warn, error",
			"least level that is logged", func(s *Settings) value {
				return choice[slog.Level]{&s.Log.Level, []option[slog.Level]{
					{"debug", slog.LevelDebug}, {"info", slog.LevelInfo}, {"warn", slog.LevelWarn}, {"error", slog.LevelError}}}
			}},
		{"log.sample", "log-sample", "COUNT", "1 or more, or 0 for all",
			"records of one kind that are written in a second; the rest is counted", func(s *Settings) value { return orAll{count{&s.Log.Sample, 1}} }},
		{"log.format", "log-format", "NAME", "text, json",
			"form of log records", func(s *Settings) value {
				return choice[Format]{&s.Log.Format, []option[Format]{{"text", Text}, {"json", JSON}}}
			}},
	}
}

// field is a setting's place in the file together with its place in memory.
type field struct {
	path  string
	value value
}

func (s *Settings) fields() []field {
	catalog := Catalog()
	fields := make([]field, len(catalog))
	for i, setting := range catalog {
		fields[i] = field{setting.Path, setting.in(s)}
	}
	return fields
}
