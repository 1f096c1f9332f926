package bench

import (
	"context"
	"math"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestValidate(t *testing.T) {
	good := Load{URL: "ws://127.0.0.1:1/"}
	with := func(change func(*Load)) Load {
		l := good
		change(&l)
		return l
	}
	for _, test := range []struct {
		name string
		s    interface{ Validate() error }
		want []string // the fields at fault
	}{
		{"idle", Idle{Load: good}, nil},
		{"echo", Echo{Load: good}, nil},
		{"nothing", Idle{}, []string{"URL: "}},
		{"negative", Idle{Load: with(func(l *Load) { l.Connections, l.Loops = -1, -1 }), Hold: -1}, []string{"Connections: -1", "Loops: -1", "Hold: -1ns"}},
		{"more loops than connections", Idle{Load: with(func(l *Load) { l.Connections, l.Loops = 2, 3 })}, []string{"Loops: 3: must not exceed"}},
		{"too much", Echo{Load: with(func(l *Load) { l.Connections, l.Loops = 1<<24+1, 1025 })}, []string{"Connections: ", "Loops: "}},
		{"CPU", Idle{Load: with(func(l *Load) { l.CPUs = []int{0, 1024} })}, []string{"CPUs: 1024"}},
		{"rate", Idle{Load: with(func(l *Load) { l.ConnectRate = math.NaN() })}, []string{"ConnectRate: NaN"}},
		{"in flight", Idle{Load: with(func(l *Load) { l.ConnectInFlight = 1<<16 + 1 })}, []string{"ConnectInFlight: "}},
		{"ramp without a rate", Connect{Load: with(func(l *Load) { l.ConnectRamp = 1 }), Hold: -1}, []string{"ConnectRamp: 1ns", "Hold: -1ns"}},
		{"connect timeout", Idle{Load: with(func(l *Load) { l.ConnectTimeout = 1 })}, []string{"ConnectTimeout: 1ns"}},
		{"finish timeout", Idle{Load: with(func(l *Load) { l.FinishTimeout = -1 })}, []string{"FinishTimeout: -1ns"}},
		{"PID", Idle{Load: with(func(l *Load) { l.PID = -1 })}, []string{"PID: -1"}},
		{"stats", Idle{Load: with(func(l *Load) { l.StatsURL = "file:///etc" })}, []string{"StatsURL: file"}},
		{"echo's own", Echo{Load: good, Size: 15, InFlight: 1025, Warmup: -1, Duration: 1}, []string{"Size: 15", "InFlight: 1025", "Warmup: -1ns", "Duration: 1ns"}},
		{"size", Echo{Load: good, Size: MaxMessage + 1}, []string{"Size: 1048577"}},
		{"open loop", Rate{Load: good}, nil},
		{"open loop's own", Rate{Load: good, PerSecond: math.NaN(), Size: 15, Warmup: -1, Duration: 1}, []string{"PerSecond: NaN", "Size: 15", "Warmup: -1ns", "Duration: 1ns"}},
		{"broadcast", Broadcast{Load: good}, nil},
		{"broadcast's own", Broadcast{Load: good, Publishing: Publishing{Size: 15, PerSecond: -1, Burst: 10_001, InFlight: 1025, Slow: 101, Rest: -1, Warmup: -1, Duration: 1}},
			[]string{"Size: 15", "PerSecond: -1", "Burst: 10001: must be 1", "Burst: 10001: needs a rate", "InFlight: 1025", "Slow: 101", "Rest: -1ns", "Warmup: -1ns", "Duration: 1ns"}},
		{"a burst longer than its interval", Broadcast{Load: good, Publishing: Publishing{PerSecond: 100, Burst: 10, Spread: 101 * time.Millisecond}}, []string{"Spread: 101ms"}},
		{"a burst as long as its interval", Broadcast{Load: good, Publishing: Publishing{PerSecond: 100, Burst: 10, Spread: 100 * time.Millisecond}}, nil},
		{"spread without a pace", Broadcast{Load: good, Publishing: Publishing{Spread: 1}}, []string{"Spread: 1ns"}},
		{"rooms", Rooms{Load: with(func(l *Load) { l.URL += roomMark })}, nil},
		{"idle in rooms", Idle{Load: with(func(l *Load) { l.URL += roomMark }), Rooms: 1000}, nil},
		{"idle rooms at one URL", Idle{Load: good, Rooms: 1001}, []string{"Rooms: 1001", "URL: "}},
		{"an exchange in rooms", Idle{Load: with(func(l *Load) { l.URL += roomMark }), Rooms: 3, Exchange: true}, []string{"Rooms: 3"}},
		{"compressed broadcast", Broadcast{Load: with(func(l *Load) { l.Compression = true })}, []string{"Compression: true"}},
		{"rooms at one URL", Rooms{Load: good}, []string{"URL: ws://127.0.0.1:1/: must contain {room}"}},
		{"more rooms than members", Rooms{Load: with(func(l *Load) { l.URL += roomMark }), Rooms: 1001, Zipf: 4}, []string{"Rooms: 1001", "Zipf: 4"}},
		{"more loops than publishers leave members", Rooms{Load: with(func(l *Load) { l.URL += roomMark; l.Loops = 12 })}, []string{"Loops: 12: must be 11 or less"}},
		{"upgrade", Idle{Load: with(func(l *Load) {
			l.Headers, l.Subprotocols = http.Header{"X-Id": {"{n}"}}, []string{"chat.v1"}
			l.Origin, l.Tokens = "https://example.com", []string{"abc.def"}
		})}, nil},
		{"upgrade with line ends", Idle{Load: with(func(l *Load) {
			l.Headers, l.Subprotocols = http.Header{"X\r\n": {"a\nb"}}, []string{"a b"}
			l.Origin, l.Tokens = "x\r\ny", []string{"fine", "two words"}
		})}, []string{`Headers: "X\r\n": is no name`, `Headers: "a\nb": must be one line`, `Subprotocols: "a b"`, `Origin: "x\r\ny"`, "Tokens: number 2"}},
		{"header fields of its own", Idle{Load: with(func(l *Load) { l.Headers = http.Header{"sec-websocket-key": {"x"}} })}, []string{"Headers: sec-websocket-key: is set by the load tool"}},
		{"an attack over TLS", Attack{Load: with(func(l *Load) { l.URL = "wss://127.0.0.1/" }), Mode: "bomb"}, []string{"URL: wss://127.0.0.1/: must begin with ws://"}},
		{"churn", Churn{Load: good}, nil},
		{"churn's own", Churn{Load: with(func(l *Load) { l.Compression = true }), Lifetime: -1, Distribution: "normal", Abrupt: 101, Pause: -1, PerSecond: -1, Size: 15, Duration: -1},
			[]string{"Compression", "Lifetime: -1ns", "Distribution: normal: must be one of [exponential", "Abrupt: 101", "Pause: -1ns", "PerSecond: -1", "Size: 15", "Duration: -1ns"}},
		{"a soak of nothing", Soak{Churn: Churn{Load: good}}, []string{"PID: 0: must be set"}},
		{"storm", Storm{Load: good}, nil},
		{"storm's own", Storm{Load: with(func(l *Load) { l.Loops, l.Compression = 2, true }), Bystanders: 1, PerSecond: -1, Size: 15, Before: -1, After: -1, Retry: 1, Timeout: -1},
			[]string{"Compression", "Loops: 2: must not exceed the bystanders", "PerSecond: -1", "Size: 15", "Before: -1ns", "After: -1ns", "Retry: 1ns", "Timeout: -1ns"}},
		{"a storm without bystanders", Storm{Load: with(func(l *Load) { l.Connections = 1 })}, []string{"Bystanders: 1: must be 1 or more, and fewer than the connections"}},
		{"capacity", Capacity{Load: good, Publish: HTTPPublish{URL: "http://127.0.0.1:1/"}}, nil},
		{"capacity's own", Capacity{Load: with(func(l *Load) { l.Compression = true }), Size: 15, VerifyRate: -1, Hold: -1, PingInterval: 1, Active: 101, PerSecond: -1, Duration: 1, Publish: HTTPPublish{URL: "here", Body: "x"}},
			[]string{"Compression: true", "Size: 15", "VerifyRate: -1", "Hold: -1ns", "PingInterval: 1ns", "Active: 101", "PerSecond: -1", "Duration: 1ns", "Publish.URL: here", "Publish.Body: x: must contain {text}"}},
		{"attack", Attack{Load: good, Mode: "bomb", AdminURL: "http://127.0.0.1:9090/"}, nil},
		{"attack without a mode", Attack{Load: good, Attackers: 1}, []string{"Mode: : must be one of [fd-exhaustion"}},
		{"attack's own", Attack{Load: good, Mode: "bomb", Attackers: -1, AttackRate: -1, AttackConnectRate: math.Inf(1), AdminURL: "127.0.0.1:9090", Before: time.Minute, During: 1, After: 2 * time.Hour},
			[]string{"Attackers: -1", "AttackRate: -1", "AttackConnectRate: +Inf", "AdminURL: 127", "During: 1ns", "After: 2h"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.s.Validate()
			if len(test.want) == 0 {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil {
				t.Fatal("no error")
			}
			if lines := strings.Split(err.Error(), "\n"); len(lines) != len(test.want) {
				t.Errorf("got %d faults, want %d: %v", len(lines), len(test.want), err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q: names no %q", err, want)
				}
			}
		})
	}
}

func TestResolveTarget(t *testing.T) {
	for _, test := range []struct {
		url  string
		want Target
	}{
		{"ws://127.0.0.1:8080/a/b?c=d", Target{netip.MustParseAddrPort("127.0.0.1:8080"), "127.0.0.1:8080", "/a/b?c=d"}},
		{"ws://127.0.0.1", Target{netip.MustParseAddrPort("127.0.0.1:80"), "127.0.0.1", "/"}},
		{"wss://127.0.0.1/{n}?token={token}&n={n}", Target{netip.MustParseAddrPort("127.0.0.1:443"), "127.0.0.1", "/{n}?token={token}&n={n}"}},
		{"ws://[::1]:9/", Target{netip.MustParseAddrPort("[::1]:9"), "[::1]:9", "/"}},
	} {
		got, err := ResolveTarget(context.Background(), test.url)
		if err != nil || *got != test.want {
			t.Errorf("%s: got %+v, %v; want %+v", test.url, got, err, test.want)
		}
	}
	for url, want := range map[string]string{
		"http://127.0.0.1/":       "must begin with ws://",
		"127.0.0.1:8080":          "URL: ",
		"ws:///path":              "has no host",
		"ws://127.0.0.1:0/":       "port must be 1 to 65535",
		"ws://127.0.0.1:65536/":   "port must be 1 to 65535",
		"ws://127.0.0.1/#section": "must have no fragment",
	} {
		if _, err := ResolveTarget(context.Background(), url); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", url, err, want)
		}
	}
}

func TestSources(t *testing.T) {
	loopback := netip.MustParseAddr("127.0.0.1")
	remote := netip.MustParseAddr("192.0.2.1")
	given := []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")}
	for _, test := range []struct {
		name        string
		given       []netip.Addr
		to          netip.Addr
		connections int
		want        int
		last        string // of connection want-1
	}{
		{"few to loopback", nil, loopback, 1, 1, "127.0.0.2"},
		{"as many as one carries", nil, loopback, perSource, 1, "127.0.0.2"},
		{"one more", nil, loopback, perSource + 1, 2, "127.0.0.3"},
		{"a million", nil, loopback, 1_000_000, 84, "127.0.0.85"},
		{"past the last byte", nil, loopback, 300 * perSource, 300, "127.0.1.45"},
		{"given", given, loopback, 1_000_000, 2, "10.0.0.2"},
		{"elsewhere", nil, remote, 1_000_000, 0, "invalid IP"},
		{"IPv6 loopback has one address", nil, netip.IPv6Loopback(), 1_000_000, 0, "invalid IP"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := chooseSources(test.given, test.to, test.connections)
			if err != nil || len(s) != test.want {
				t.Fatalf("got %d sources, %v; want %d", len(s), err, test.want)
			}
			if last := s.of(uint32(max(test.want, 1) - 1)); last.String() != test.last {
				t.Errorf("last: got %v, want %s", last, test.last)
			}
			if test.want > 0 && s.of(uint32(test.want)) != s.of(0) {
				t.Error("the sources do not begin again after the last")
			}
		})
	}
	if _, err := chooseSources(given, netip.IPv6Loopback(), 1); err == nil {
		t.Error("IPv4 source for an IPv6 target: no error")
	}
}

func TestPace(t *testing.T) {
	for _, test := range []struct {
		pace    pace
		elapsed time.Duration
		due     int
	}{
		{0, 0, math.MaxInt},
		{100, 0, 1},
		{100, 9 * time.Millisecond, 1},
		{100, 10 * time.Millisecond, 2},
		{100, time.Second, 101},
		{0.5, time.Second, 1},
		{0.5, 2 * time.Second, 2},
	} {
		if got := test.pace.due(test.elapsed); got != test.due {
			t.Errorf("%v/s after %v: got %d due, want %d", test.pace, test.elapsed, got, test.due)
		}
	}
	if got := pace(0).wait(0, 1000); got != 0 {
		t.Errorf("without a limit: got a wait of %v", got)
	}
}

// Whoever waits as told finds the next connection due, and no earlier.
func TestPaceWaitEndsWhenDue(t *testing.T) {
	for _, p := range []pace{0.7, 3, 1000, 12345.6} {
		for begun := 1; begun < 50; begun++ {
			at := p.wait(0, begun)
			if got := p.due(at + 1); got != begun+1 {
				t.Errorf("%v/s: after the wait for connection %d, %d are due", p, begun, got)
			}
			if got := p.due(at - time.Microsecond); got > begun {
				t.Errorf("%v/s: connection %d is due before its wait ends", p, begun)
			}
			if got := p.wait(at+time.Second, begun); got != 0 {
				t.Errorf("%v/s: connection %d overdue, and waits %v", p, begun, got)
			}
		}
	}
}

func TestLatencies(t *testing.T) {
	l := newLatencies()
	for _, d := range []time.Duration{-1, 0, time.Nanosecond} {
		l.record(d)
	}
	for i := range 997 {
		l.record(time.Duration(i+1) * time.Microsecond)
	}
	other := newLatencies()
	other.record(time.Hour)
	l.merge(other)
	r := l.report()
	if r.Count != 1001 {
		t.Errorf("got %d, want 1001", r.Count)
	}
	if p50 := r.At(50); p50 < 497*time.Microsecond || p50 > 499*time.Microsecond {
		t.Errorf("p50: got %v, want 498 µs", p50)
	}
	if low := time.Duration(r.Max) * latencyUnit; low < 60*time.Second || low > 60100*time.Millisecond {
		t.Errorf("max: got %v, want the end of the range", low)
	}
	if r.At(12.34) != 0 {
		t.Error("a percentile that is not reported has a value")
	}
}

func TestFailuresAreBounded(t *testing.T) {
	f := failures{}
	for i := range 10 * maxCauses {
		f.add(failure{StageHandshake, strings.Repeat("x", i)}, 1)
	}
	var other uint64
	for _, c := range f.sorted() {
		if c.Cause == "other causes" {
			other = c.Count
		}
	}
	if len(f) != maxCauses+1 || other != 9*maxCauses {
		t.Errorf("got %d causes and %d others, want %d and %d", len(f), other, maxCauses+1, 9*maxCauses)
	}
}

func TestFailuresSorted(t *testing.T) {
	f := failures{}
	f.add(errBytes, 1)
	g := failures{}
	g.add(errAccept, 2)
	g.add(errBytes, 4)
	f.merge(g)
	got := f.sorted()
	want := []FailureCount{{StageVerify, errBytes.cause, 5}, {StageHandshake, errAccept.cause, 2}}
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %v, want %v", got, want)
	}
}
