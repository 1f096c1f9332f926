package settings

import (
	"crypto/tls"
	"log/slog"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway"
)

func fromFile(yaml string) Input { return Input{Files: []File{{"s.yaml", []byte(yaml)}}} }

func fromEnv(pairs map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := pairs[name]
		return v, ok
	}
}

func mustLoad(t *testing.T, in Input) *Settings {
	t.Helper()
	s, err := Load(in)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return s
}

func TestAnEmptyFileIsTheDefault(t *testing.T) {
	for _, yaml := range []string{"", "\n", "# nothing\n", "---\n", "limits:\n  # message: 1MiB\nhubs:\n", "{}"} {
		s := mustLoad(t, fromFile(yaml))
		s.origins = nil
		if want := Default(); !reflect.DeepEqual(s, want) {
			t.Errorf("%q gave %+v, want %+v", yaml, s, want)
		}
	}
}

func TestLoadReadsEverySetting(t *testing.T) {
	s := mustLoad(t, fromFile(`
listen: "[::1]:7000"
admin: ""
engine: easygo
loops: 3
workers: 7
dispatch: inline
echo: /echo
tryPage: true
longTurn: 50ms
compression: {enabled: true, threshold: 1KiB, level: 2, windowBits: 12}
limits: {message: 1MiB, inflated: 3MiB, head: 4096, outbound: 2MB, outboundMessages: 5, backlog: 6KiB, connections: 70, sessions: 7, sessionsPerAddress: 8, groups: 10, identity: 11, kernelSend: 0, kernelReceive: 32KiB, inbound: 10kB, inboundMessages: 9, fragments: 77, controlFrames: 12, decisions: 13, undecided: 14, tlsHandshakes: 3, httpConnections: 8}
timeouts: {handshake: 1s, decide: 8s, ping: 2s, pong: 3s, idle: 4s, close: 5s, writeStall: 6s, shutdown: 7s}
drain: {grace: 2s, rate: 500, code: 1012, reason: bye}
admission: {allow: [10.0.0.0/8], deny: [10.1.0.0/16, "2001:db8::/32"], acceptRate: 1, acceptBurst: 2, acceptQueue: 3, addressRate: 4, addressBurst: 5, ipv4Bits: 24, ipv6Bits: 56, proxyProtocol: [192.0.2.1], forwarders: [192.0.2.2], forwardedHeader: Forwarded}
rates: {messages: 1, messageBurst: 2, bytes: 3KiB, byteBurst: 4, excess: drop}
tls: {certificates: [a.pem, b.pem], keys: [a.key, b.key], minVersion: "1.3", clientCA: [ca.pem], clientCertificates: optional}
hubs:
  chat:
    {onMessage: publish, dispatch: pooled, origins: ["https://example.com"], subprotocols: [a, b], sessions: 6, sessionsPerUser: 5,
    auth: {secrets: [s], publicKeys: [p], jwks: [j], issuer: i, audiences: [a, b], leeway: 0s, tokens: [header, "query:t", "subprotocol:jwt."], anonymous: true, userClaim: u, groupsClaim: g, endExpired: true},
    delivery: {policy: drop-oldest, window: 50ms, batch: 8KiB},
    groups: {positions: {prefix: "pos/", policy: conflate, window: 1ms, batch: 4KiB}, log: {}}}
  quiet:
log: {level: debug, format: json, sample: 0}
`))
	s.origins = nil
	want := &Settings{
		Listen: "[::1]:7000", Engine: "easygo", Loops: 3, Workers: 7,
		Dispatch: gateway.Inline, Echo: "/echo", TryPage: true,
		TLS: TLS{Certificates: []string{"a.pem", "b.pem"}, Keys: []string{"a.key", "b.key"}, MinVersion: tls.VersionTLS13, ClientCA: []string{"ca.pem"}, Clients: tls.VerifyClientCertIfGiven},
		Hubs: []Hub{
			{gateway.HubConfig{Name: "chat", OnMessage: gateway.PublishToOthers, Dispatch: gateway.Pooled,
				Origins: []string{"https://example.com"}, Subprotocols: []string{"a", "b"}, Sessions: 6, SessionsPerUser: 5,
				Delivery: gateway.Delivery{Policy: gateway.DropOldest, Window: 50 * time.Millisecond, Batch: 8 << 10},
				Groups: []gateway.GroupClass{
					{Name: "positions", Prefix: "pos/", Delivery: gateway.Delivery{Policy: gateway.Conflate, Window: time.Millisecond, Batch: 4 << 10}},
					{Name: "log", Delivery: gateway.Delivery{Batch: 32 << 10}},
				}}, Auth{Secrets: []string{"s"}, PublicKeys: []string{"p"}, JWKS: []string{"j"}, Issuer: "i", Audiences: []string{"a", "b"}, Leeway: -1,
				Tokens: []string{"header", "query:t", "subprotocol:jwt."}, Anonymous: true, UserClaim: "u", GroupsClaim: "g", EndExpired: true}},
			{gateway.HubConfig{Name: "quiet", Dispatch: gateway.Inline, Delivery: gateway.Delivery{Batch: 32 << 10}}, defaultAuth()},
		},
		Compression: gateway.Compression{Enabled: true, Threshold: 1024, Level: 2, WindowBits: 12},
		Limits:      gateway.Limits{Message: 1 << 20, Inflated: 3 << 20, Head: 4096, Outbound: 2e6, OutboundMessages: 5, Backlog: 6 << 10, Connections: 70, Sessions: 7, SessionsPerAddress: 8, Groups: 10, Identity: 11, KernelSend: -1, KernelReceive: 32 << 10, Inbound: 10e3, InboundMessages: 9, Fragments: 77, ControlFrames: 12, Decisions: 13, Undecided: 14, TLSHandshakes: 3, HTTPConnections: 8},
		Timeouts: gateway.Timeouts{Handshake: time.Second, Decide: 8 * time.Second, Ping: 2 * time.Second, Pong: 3 * time.Second, Idle: 4 * time.Second,
			Close: 5 * time.Second, WriteStall: 6 * time.Second},
		Admission: Admission{
			Admission: gateway.Admission{AcceptRate: 1, AcceptBurst: 2, AcceptQueue: 3, AddressRate: 4, AddressBurst: 5, IPv4Bits: 24, IPv6Bits: 56, ForwardedHeader: "Forwarded"},
			Allow:     []string{"10.0.0.0/8"}, Deny: []string{"10.1.0.0/16", "2001:db8::/32"}, ProxyProtocol: []string{"192.0.2.1"}, Forwarders: []string{"192.0.2.2"},
		},
		Rates:    gateway.Rates{Messages: 1, MessageBurst: 2, Bytes: 3 << 10, ByteBurst: 4, Excess: gateway.Drop},
		Shutdown: 7 * time.Second,
		LongTurn: 50 * time.Millisecond,
		Drain:    gateway.Drain{Grace: 2 * time.Second, Rate: 500, Code: gateway.StatusServiceRestart, Reason: "bye"},
		Log:      Log{slog.LevelDebug, JSON, -1},
	}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got  %+v\nwant %+v", s, want)
	}
}

func TestFlagsOverEnvironmentOverFile(t *testing.T) {
	in := fromFile("loops: 1\nworkers: 1\nengine: easygo\n")
	in.Env = fromEnv(map[string]string{"SLUICE_LOOPS": "2", "SLUICE_WORKERS": "2", "SLUICE_PORT": "tcp://10.0.0.1:80"})
	in.Flags = map[string]string{"loops": "3"}
	s := mustLoad(t, in)
	if s.Loops != 3 || s.Workers != 2 || s.Engine != "easygo" {
		t.Errorf("loops %d, workers %d, engine %s; want 3, 2, easygo", s.Loops, s.Workers, s.Engine)
	}
}

func TestALaterFileReplacesAList(t *testing.T) {
	s := mustLoad(t, Input{Files: []File{
		{"first.yaml", []byte("admission: {allow: [10.0.0.0/8], deny: [192.0.2.1]}")},
		{"second.yaml", []byte("admission: {allow: [10.1.0.0/16, 10.2.0.0/16], deny: []}")},
	}})
	if allow, deny := strings.Join(s.Admission.Allow, " "), s.Admission.Deny; allow != "10.1.0.0/16 10.2.0.0/16" || len(deny) > 0 {
		t.Errorf("allow is %s and deny is %s, want what the second file has", allow, deny)
	}
}

// What the first file said of a hub is not in effect, so it must not count as chosen.
func TestALaterFileReplacesHubs(t *testing.T) {
	s := mustLoad(t, Input{
		Files: []File{{"first.yaml", []byte("hubs: {x: {dispatch: pooled}}")}, {"second.yaml", []byte("hubs: {x: {}}")}},
		Flags: map[string]string{"dispatch": "inline"},
	})
	if got := s.Hubs[0].Dispatch; got != gateway.Inline {
		t.Errorf("hub x: %v, want that of the program", got)
	}
	if shown := string(s.YAML()); strings.Contains(shown, "first.yaml") {
		t.Errorf("the first file has set a value of\n%s", shown)
	}
}

func TestEverySettingHasAFlagAndAVariable(t *testing.T) {
	sample := map[string]string{"ADDRESS": "127.0.0.1:1", "COUNT": "5", "SIZE": "6KiB", "DURATION": "7s", "BOOL": "true", "FILES": "a.pem, b.pem", "NETWORKS": "10.0.0.0/8, 192.0.2.1"}
	named := map[string]string{"engine": Default().Engine, "dispatch": "inline", "log.level": "warn", "log.format": "json", "echo": "/e", "compression.level": "5", "compression.windowBits": "9", "tls.minVersion": "1.3", "rates.excess": "drop", "admission.ipv4Bits": "24", "admission.ipv6Bits": "56", "admission.forwardedHeader": "Forwarded", "tls.clientCertificates": "optional", "drain.code": "1012", "drain.reason": "bye"}
	pair := map[string]string{"tls-certificates": "a.pem, b.pem", "tls-keys": "a.pem, b.pem"}
	companions := map[string]map[string]string{"tls.certificates": pair, "tls.keys": pair, "tls.clientCA": pair}
	for _, setting := range Catalog() {
		value, ok := sample[setting.Kind]
		if !ok {
			value = named[setting.Path]
		}
		for name, in := range map[string]Input{
			setting.Env():       {Env: fromEnv(map[string]string{setting.Env(): value})},
			"--" + setting.Flag: {Flags: map[string]string{setting.Flag: value}},
		} {
			in.Flags = withCompanions(in, companions[setting.Path], setting.Flag)
			s := mustLoad(t, in)
			if got := setting.Value(s); got != value {
				t.Errorf("%s=%s left %s at %s", name, value, setting.Path, got)
			}
			if got := s.origins[setting.Path].String(); got != name {
				t.Errorf("%s has origin %s, want %s", setting.Path, got, name)
			}
		}
	}
}

// withCompanions returns the flags of in with others that make sense of the one
// that is tried.
func withCompanions(in Input, companions map[string]string, tried string) map[string]string {
	flags := maps.Clone(in.Flags)
	if flags == nil {
		flags = make(map[string]string)
	}
	for flag, value := range companions {
		if flag != tried {
			flags[flag] = value
		}
	}
	return flags
}

func TestZeroDurationsTurnOff(t *testing.T) {
	s := mustLoad(t, fromFile("timeouts: {ping: 0s, idle: 0s}"))
	if s.Timeouts.Ping >= 0 || s.Timeouts.Idle != 0 {
		t.Errorf("ping %v, idle %v; want ping negative, idle 0", s.Timeouts.Ping, s.Timeouts.Idle)
	}
}

func TestHubsInheritDispatch(t *testing.T) {
	in := fromFile("hubs:\n  own: {dispatch: pooled}\n  heir: {}\n")
	in.Flags = map[string]string{"dispatch": "inline"}
	s := mustLoad(t, in)
	if s.Hubs[0].Dispatch != gateway.Pooled || s.Hubs[1].Dispatch != gateway.Inline {
		t.Errorf("own %v, heir %v; want pooled and inline", s.Hubs[0].Dispatch, s.Hubs[1].Dispatch)
	}
}

// TestNamesWithDots are no paths of settings.
func TestNamesWithDots(t *testing.T) {
	in := fromFile("hubs:\n  x: {}\n  x.dispatch: {dispatch: pooled}\n  x.dispatch.dispatch: {}\n")
	in.Flags = map[string]string{"dispatch": "inline"}
	s := mustLoad(t, in)
	for i, want := range []gateway.Dispatch{gateway.Inline, gateway.Pooled, gateway.Inline} {
		if got := s.Hubs[i].Dispatch; got != want {
			t.Errorf("hub %s: %v, want %v", s.Hubs[i].Name, got, want)
		}
	}
	if at := s.Fault(`hubs."x.dispatch".dispatch`, "", "").Origin; at.Line != 3 || at.Column != 26 {
		t.Errorf("the dispatch of x.dispatch was set at %v", at)
	}
}

func TestFileFaults(t *testing.T) {
	for _, tc := range []struct{ name, yaml, want string }{
		{"unknown key", "lisen: x", `s.yaml:1:1: lisen: is no setting; did you mean listen?`},
		{"unknown key, nothing near", "colour: x", `s.yaml:1:1: colour: is no setting`},
		{"unknown nested key", "limits:\n  mesage: 1", `s.yaml:2:3: limits.mesage: is no setting; did you mean message?`},
		{"unknown hub key", "hubs:\n  a:\n    onmessage: echo", `s.yaml:3:5: hubs.a.onmessage: is no setting; did you mean onMessage?`},
		{"unknown key of delivery", "hubs: {a: {delivery: {widow: 1s}}}", `s.yaml:1:23: hubs.a.delivery.widow: is no setting; did you mean window?`},
		{"unknown policy", "hubs: {a: {delivery: {policy: drop_oldest}}}", `s.yaml:1:31: hubs.a.delivery.policy: "drop_oldest": must be one of: close, drop-newest, drop-oldest, conflate; did you mean drop-oldest?`},
		{"no window", "hubs: {a: {delivery: {window: 50}}}", `s.yaml:1:31: hubs.a.delivery.window: "50": must be a duration with its unit, for example 250ms, 30s or 1m30s`},
		{"value for delivery", "hubs: {a: {delivery: close}}", `s.yaml:1:22: hubs.a.delivery: "close": must be a mapping of keys to values`},
		{"groups misspelt", "hubs: {a: {group: {}}}", `s.yaml:1:12: hubs.a.group: is no setting; did you mean groups?`},
		{"list for groups", "hubs: {a: {groups: [b]}}", `s.yaml:1:20: hubs.a.groups: […]: must be a mapping of keys to values`},
		{"unknown key of a class", "hubs:\n  a:\n    groups:\n      b: {prefx: x}", `s.yaml:4:11: hubs.a.groups.b.prefx: is no setting; did you mean prefix?`},
		{"class twice", "hubs:\n  a:\n    groups:\n      b: {prefix: x}\n      b: {}", `s.yaml:5:7: hubs.a.groups.b: is set twice, first on line 4; remove one`},
		{"hubs misspelt", "hub: {}", `s.yaml:1:1: hub: is no setting; did you mean hubs?`},
		{"merge key", "<<: {loops: 1}", `s.yaml:1:1: <<: is no setting`},
		{"set twice", "loops: 1\nloops: 2", `s.yaml:2:1: loops: is set twice, first on line 1; remove one`},
		{"hub twice", "hubs:\n  a: {}\n  a: {}", `s.yaml:3:3: hubs.a: is set twice, first on line 2; remove one`},
		{"ambiguous unit", "limits:\n  message: 64kb", `s.yaml:2:12: limits.message: "64kb": unit "kb" could mean either; write KiB (1024 bytes) or kB (1000 bytes)`},
		{"unknown unit", "limits: {message: 1TiB}", `s.yaml:1:19: limits.message: "1TiB": unit "TiB" is unknown; use KiB, MiB, GiB (powers of 1024) or kB, MB, GB (powers of 1000)`},
		{"no size", "limits: {message: big}", `s.yaml:1:19: limits.message: "big": must be a whole number of bytes, or one with a unit: KiB, MiB, GiB (powers of 1024), kB, MB, GB (powers of 1000)`},
		{"zero size", "limits: {message: 0}", `s.yaml:1:19: limits.message: "0": must be more than 0 bytes and at most 1GiB`},
		{"overflow", "limits: {message: 9223372036854775807KiB}", `s.yaml:1:19: limits.message: "9223372036854775807KiB": must be more than 0 bytes and at most 1GiB`},
		{"no unit of time", "timeouts: {pong: 30}", `s.yaml:1:18: timeouts.pong: "30": must be a duration with its unit, for example 250ms, 30s or 1m30s`},
		{"zero time", "timeouts: {pong: 0s}", `s.yaml:1:18: timeouts.pong: "0s": must be longer than 0s`},
		{"negative time", "timeouts: {ping: -1s}", `s.yaml:1:18: timeouts.ping: "-1s": must be longer than 0s`},
		{"negative count", "loops: -1", `s.yaml:1:8: loops: "-1": must be a whole number, 0 or more`},
		{"no boolean", "tryPage: yes", `s.yaml:1:10: tryPage: "yes": must be true or false`},
		{"no choice", "dispatch: inlne", `s.yaml:1:11: dispatch: "inlne": must be one of: pooled, inline; did you mean inline?`},
		{"port only", "listen: 8080", `s.yaml:1:9: listen: "8080": must be host:port, for example 127.0.0.1:8080 or [::1]:8080`},
		{"port by name", "listen: ':http'", `s.yaml:1:9: listen: ":http": must end in a port number, 0 to 65535`},
		{"no value", "listen:", `s.yaml:1:8: listen: has no value; give one, or remove the key to use the default`},
		{"mapping for a value", "listen: {a: b}", `s.yaml:1:9: listen: {…}: must be a single value`},
		{"value for a mapping", "limits: 3", `s.yaml:1:9: limits: "3": must be a mapping of keys to values`},
		{"list for a mapping", "- a", `s.yaml:1:1: […]: must be a mapping of keys to values`},
		{"value for a list", "hubs: {a: {origins: '*'}}", `s.yaml:1:21: hubs.a.origins: "*": must be a list, for example [a, b]`},
		{"origin with a path", "hubs: {a: {origins: [https://a.example/]}}",
			`s.yaml:1:22: hubs.a.origins: "https://a.example/": must be scheme://host or scheme://host:port with no path, for example https://example.com, or "*"`},
		{"keys without certificates", "tls: {certificates: [a, b], keys: [a]}", `s.yaml:1:35: tls.keys: 1 files: must be as many as tls.certificates, which are 2, and in the same order`},
		{"clients' certificates on a plain port", "tls: {clientCA: [a]}", `s.yaml:1:17: tls.clientCA: has no use on a plain port; set tls.certificates and tls.keys too`},
		{"network", "admission: {deny: [10.0.0.1/8]}", `s.yaml:1:20: admission.deny: "10.0.0.1/8": has bits set beyond its first 8; write 10.0.0.0/8 for the network, or 10.0.0.1 for the one address`},
		{"gateway: bits", "admission: {ipv4Bits: 33}", `s.yaml:1:23: admission.ipv4Bits: 33: must be 1 to 32`},
		{"version of TLS", "tls: {minVersion: 1.1}", `s.yaml:1:19: tls.minVersion: "1.1": must be one of: 1.2, 1.3; did you mean 1.2?`},
		{"auth without keys", "hubs: {a: {auth: {issuer: x}}}", `s.yaml:1:27: hubs.a.auth.issuer: "x": is set, and there are no keys to check tokens with; name files in secrets, publicKeys or jwks, or remove auth`},
		{"place of tokens", "hubs: {a: {auth: {jwks: [k], tokens: [cookie]}}}", `s.yaml:1:39: hubs.a.auth.tokens: "cookie": must be header, query:NAME or subprotocol:PREFIX, for example query:access_token`},
		{"no token", "hubs: {a: {subprotocols: ['a b']}}", `s.yaml:1:27: hubs.a.subprotocols: "a b": must be a token: visible ASCII without spaces and separators`},
		{"complex key", "? [a]\n: 1", `s.yaml:1:3: […]: must be a plain name`},
		{"a path for a key", "limits.message: 1KiB", `s.yaml:1:1: limits.message: is written nested: limits: {message: …}`},
		{"a path in a hub", "hubs: {a.b: {delivery.window: 1s}}", `s.yaml:1:14: hubs."a.b".delivery.window: is written nested: delivery: {window: …}`},
		{"broken YAML", "loops: 1\nlisten: [", `s.yaml:2: is no valid YAML: did not find expected node content`},
		{"a tab", "limits:\n\tmessage: 1", `s.yaml:2: is indented with a tab; YAML takes spaces only`},
		{"a tab behind spaces", "limits:\n  message: 1\r\n \thead: 512\r\n", `s.yaml:3: is indented with a tab; YAML takes spaces only`},
		{"a tab at the beginning", "\tloops: 1", `s.yaml:1: is indented with a tab; YAML takes spaces only`},
		{"a tab elsewhere", "loops: 1\nengine: \t[", `s.yaml:2: is no valid YAML: did not find expected node content`},
		{"two documents", "loops: 1\n---\nloops: 2", `s.yaml:2:1: a second YAML document; a file holds one`},

		{"gateway: range", "\nlimits:\n  head: 100", `s.yaml:3:9: limits.head: 100: must be 512 to 1048576 bytes`},
		{"gateway: engine", "engine: poll", `s.yaml:1:9: engine: "poll": must be "epoll" or "easygo"`},
		{"gateway: fd tables", "engine: easygo\nprivateFdTables: true", `s.yaml:2:18: privateFdTables: true: needs the epoll engine`},
		{"gateway: hub name", "hubs:\n  a b: {}", `s.yaml:2:3: hubs.a b: "a b": must be 1 to 128 characters of A-Z a-z 0-9 _ - and dot`},
		{"gateway: window", "hubs:\n  a:\n    delivery: {window: 11s}", `s.yaml:3:24: hubs.a.delivery.window: 11s: must be 0 or 1ms to 10s`},
		{"gateway: batch", "hubs: {a: {delivery: {batch: 17MiB}}}", `s.yaml:1:30: hubs.a.delivery.batch: 17MiB: must be 1 to 16777216 bytes`},
		{"gateway: sessions", "hubs: {a: {sessions: 2000000000}}", `s.yaml:1:22: hubs.a.sessions: 2000000000: must be 0 to 1073741824`},
		{"gateway: sessions per user", "hubs: {a: {sessionsPerUser: 2000000000}}", `s.yaml:1:29: hubs.a.sessionsPerUser: 2000000000: must be 0 to 1073741824`},
		{"gateway: window of a class", "hubs:\n  a: {}\n  b:\n    groups:\n      c: {prefix: c}\n      d: {prefix: d, window: 1us}", `s.yaml:6:30: hubs.b.groups.d.window: 1µs: must be 0 or 1ms to 10s`},
		{"gateway: prefix of two classes", "hubs: {a: {groups: {b: {prefix: x}, c: {prefix: x}}}}", `s.yaml:1:49: hubs.a.groups.c.prefix: "x": is the prefix of another class`},
		{"gateway: class name", "hubs:\n  a:\n    groups:\n      hub: {}", `s.yaml:4:7: hubs.a.groups.hub: "hub": must be 1 to 64 characters of a-z 0-9 _ and -, and not "hub"`},
		{"a grace that is all of the stop", "timeouts: {shutdown: 60s}\ndrain: {grace: 60s}", `s.yaml:2:16: drain.grace: 1m0s: must be shorter than timeouts.shutdown, which is 1m0s and includes it`},
		{"gateway: echo path", "echo: echo", `s.yaml:1:7: echo: "echo": must begin with a slash`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Load(fromFile(tc.yaml))
			if err == nil {
				t.Fatal("no fault")
			}
			if got := err.Error(); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			if n := len(Faults(err)); n != 1 {
				t.Errorf("%d faults, want 1", n)
			}
		})
	}
}

// A fault of a setting that nobody has set has no place.
func TestAFaultOfADefault(t *testing.T) {
	_, err := Load(Input{Flags: map[string]string{"tls-certificates": "a.pem"}})
	want := "tls.keys: 0 files: must be as many as tls.certificates, which are 1, and in the same order"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestEveryFaultIsReportedAtOnce(t *testing.T) {
	in := fromFile("lisen: x\nloops: 5000\ntimeouts: {pong: 30}\n")
	in.Env = fromEnv(map[string]string{"SLUICE_WORKERS": "many"})
	in.Flags = map[string]string{"max-message": "64kb"}
	_, err := Load(in)
	want := []string{
		`s.yaml:1:1: lisen: is no setting; did you mean listen?`,
		`s.yaml:3:18: timeouts.pong: "30": must be a duration with its unit, for example 250ms, 30s or 1m30s`,
		`SLUICE_WORKERS: "many": must be a whole number, 0 or more`,
		`--max-message: "64kb": unit "kb" could mean either; write KiB (1024 bytes) or kB (1000 bytes)`,
		`s.yaml:2:8: loops: 5000: must be 1 to 1024`,
	}
	var got []string
	for _, fault := range Faults(err) {
		got = append(got, fault.Error())
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAliasesAreFollowed(t *testing.T) {
	s := mustLoad(t, fromFile("hubs:\n  a: &public {onMessage: echo}\n  b: *public\n"))
	if len(s.Hubs) != 2 || s.Hubs[1].OnMessage != gateway.EchoBack {
		t.Errorf("hubs %+v, want b to echo", s.Hubs)
	}
}

// FuzzLoad asserts that no file panics, and that what loads survives being
// written and read again.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{"", "loops: 1", "hubs: {a: {origins: ['*']}}", "hubs: {a: {delivery: {window: 1s}, groups: {b: {prefix: '1', policy: conflate}}}}", "a: &a {b: *a}", "? [a]\n: 1", "limits: {message: 1MiB}", "- x", "%YAML 1.1\n---\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		s, err := Load(fromFile(content))
		if err != nil {
			if len(Faults(err)) == 0 {
				t.Fatalf("an error without a fault: %v", err)
			}
			return
		}
		again := mustLoad(t, Input{Files: []File{{"again.yaml", s.YAML()}}})
		again.origins, s.origins = nil, nil
		if !reflect.DeepEqual(again, s) {
			t.Fatalf("read back as %+v, was %+v", again, s)
		}
	})
}
