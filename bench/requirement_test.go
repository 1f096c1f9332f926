package bench

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// measured is a report in which every figure has a value but disorder and
// last-p99.
func measured() *Report {
	return &Report{
		Scenario:    "rate",
		Connections: Connections{Asked: 1000, Opened: 990, Failed: 10, Lost: 2, PerSecond: 5000, Handshake: Latency{Count: 990, Percentiles: []Percentile{{99, 700}}}},
		Rate: &RateFigures{Due: 10_000, Echoed: 9_999, Lost: 1, Late: 5, PerSecond: 999.9, ServerUser: 2 * time.Microsecond, ServerSystem: 6 * time.Microsecond,
			Latency: Latency{Count: 9_999, Max: 9000, Percentiles: []Percentile{{50, 100}, {90, 200}, {99, 5000}, {99.9, 6000}, {99.99, 8000}}}},
		Generator: Generator{CoreShare: []float64{0.3, 0.5}},
		Server:    []ProcessSample{{RSS: 10 << 20}, {RSS: 20 << 20}},
		Series:    Series{{}, {Server: &ServerSample{RSS: 30 << 20}}},
	}
}

func TestRequirements(t *testing.T) {
	for _, test := range []struct{ text, broken string }{
		{"loss=1", ""},
		{"loss=0", "loss=0: loss is 1"},
		{"loss<=0.01%", ""},
		{"loss<0.01%", "loss<0.01%: loss is 0.01 %"},
		{"late<6,failed<=1%", ""},
		{"failed<0.5%", "failed<0.5%: failed is 1 %"},
		{"dropped=0", "dropped=0: dropped is 2"},
		{"p50<1ms", ""},
		{" p99 < 5ms ", "p99 < 5ms: p99 is 5ms"},
		{"p99<=5ms", ""},
		{"p99.9 > 6ms", "p99.9 > 6ms: p99.9 is 6ms"},
		{"p99.9>=6ms,p99.99<=8000us,p90=200µs", ""},
		{"max<9ms", "max<9ms: max is 9ms"},
		{"handshake-p99<1ms", ""},
		{"rate>=1000/s", "rate>=1000/s: rate is 1000/s"},
		{"connect-rate>4999", ""},
		{"server-cpu<8us", "server-cpu<8us: server-cpu is 8µs"},
		{"rss<30MiB", "rss<30MiB: rss is 30.0 MiB"},
		{"rss<32MB,rss<40000kB,rss<1GB,rss<1GiB,rss<31000KiB", ""},
		{"rss-growth<1000B", "rss-growth<1000B: rss-growth is 10.3 KiB"},
		{"client-cpu<=50%", ""},
		{"client-cpu<50%", "client-cpu<50%: client-cpu is 50 %"},
		{"disorder=0", "disorder=0: this run of rate has no disorder"},
		{"last-p99<1s", "last-p99<1s: this run of rate has no last-p99"},
	} {
		q, err := ParseRequirements(test.text)
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
			continue
		}
		if got := strings.Join(q.Broken(measured()), "; "); got != test.broken {
			t.Errorf("%s: got %q, want %q", test.text, got, test.broken)
		}
	}
	two, err := ParseRequirements("loss=0,p99<1ms")
	if err != nil || len(two.Broken(measured())) != 2 {
		t.Errorf("%v, %v; want both broken", two.Broken(measured()), err)
	}
}

// Whoever forgot to name the server's process is not told that the client was overloaded.
func TestRequirementsOnAServerThatWasNotLookedAt(t *testing.T) {
	q, err := ParseRequirements("rss<80MiB,rss-trend<1MiB,p99<5ms")
	if err != nil {
		t.Fatal(err)
	}
	r := measured()
	r.Server, r.Series = nil, nil
	r.Rate.Latency, r.LatenciesWithheld = Latency{}, true
	got := q.Broken(r)
	if len(got) != 3 || got[0] != "rss<80MiB: the server's process was not looked at; give its PID" || !strings.Contains(got[1], "give its PID") || !strings.Contains(got[2], "withheld") {
		t.Errorf("got %q", got)
	}
}

func TestRequirementsMisread(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", `position 1: "": write a figure`},
		{"p99", `position 1: "p99": write a figure, one of < <= = >= >`},
		{"loss=0,", `position 8: "": write a figure`},
		{"loss=0, p98<5ms", `position 9: "p98": is no figure; known are loss, late, `},
		{"p50<1µs,p99<5", `position 13: "5": write a time with its unit`},
		{"p99 < -5ms", `position 7: "-5ms": write a time`},
		{"p99<5%", `position 5: "5%": write a time`},
		{"loss=none", `position 6: "none": write a number, or a share`},
		{"loss==0", `position 6: "=0": write a number`},
		{"loss<x%", `position 6: "x%": write a share in percent`},
		{"rate>inf", `position 6: "inf": write a number per second`},
		{"rss<80", `position 5: "80": write a size with its unit`},
		{"rss<manyMiB", `position 5: "manyMiB": write a size`},
		{"client-cpu<0.9", `position 12: "0.9": write a share in percent`},
	} {
		var q Requirements
		err := q.UnmarshalText([]byte(test.text))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got %v, want %q", test.text, err, test.want)
		}
	}
}

func TestFiguresOfScenarios(t *testing.T) {
	latency := Latency{Count: 10, Max: 90, Percentiles: []Percentile{{99, 50}}}
	phases := []AttackPhase{
		{Name: phaseBefore, RateFigures: RateFigures{Due: 10, Echoed: 10}},
		{Name: phaseDuring, RateFigures: RateFigures{Due: 10, Echoed: 8, Lost: 2, Late: 1, PerSecond: 8, Latency: latency}},
	}
	connections := Connections{Asked: 10, Opened: 10, PerSecond: 100}
	answered := Answers{Sent: 10, Missing: 2, Late: 1, Latency: latency}
	told := &CapacityFigures{Broadcast: &DeliveryFigures{Expected: 10, Deliveries: 10, Last: time.Second}}
	told.Active.Due, told.Active.Latency = 30, latency
	told.Verified.Pongs = answered
	always := []string{"failed", "dropped", "connect-rate"}
	latencies := []string{"p50", "p90", "p99", "p99.9", "p99.99", "max"}
	for _, test := range []struct {
		name   string
		report Report
		has    []string
	}{
		{"nothing came of it", Report{}, nil},
		{"idle", Report{Connections: connections, Idle: &IdleFigures{}}, append([]string{"loss"}, always...)},
		{"echo", Report{Connections: connections, Echo: &EchoFigures{Latency: latency}}, slices.Concat([]string{"loss", "rate"}, always, latencies)},
		{"attack", Report{Connections: connections, Attack: &AttackFigures{Phases: phases}}, slices.Concat([]string{"loss", "late", "rate"}, always, latencies)},
		{"broadcast", Report{Connections: connections, Broadcast: &BroadcastFigures{Latency: latency, LastLatency: latency}},
			slices.Concat([]string{"loss", "late", "disorder", "rate", "last-p99"}, always, latencies)},
		{"connect", Report{Connections: connections, Connect: &ConnectFigures{ServerUser: 1}}, append([]string{"late", "server-cpu"}, always...)},
		{"churn without messages", Report{Connections: connections, Churn: &ChurnFigures{Handshake: latency}},
			append([]string{"refusals", "unclosed", "return-rate", "handshake-p99"}, always...)},
		{"soak", Report{Connections: connections, Churn: &ChurnFigures{Messages: answered}, Soak: &SoakFigures{}},
			slices.Concat([]string{"loss", "late", "rate", "refusals", "unclosed", "return-rate", "rss-trend"}, always, latencies)},
		{"storm", Report{Connections: connections, Storm: &StormFigures{Dropped: 9, Back: 9, Away: latency, During: answered}},
			slices.Concat([]string{"loss", "late", "refusals", "away", "return-rate", "away-p99", "recovery"}, always, latencies)},
		{"storm that some did not survive", Report{Connections: connections, Storm: &StormFigures{Dropped: 9, Back: 8}},
			append([]string{"loss", "late", "refusals", "away", "return-rate"}, always...)},
		{"capacity", Report{Connections: connections, Capacity: told}, slices.Concat([]string{"loss", "late", "rate", "told"}, always, latencies)},
	} {
		for _, f := range Figures() {
			value, ok := f.Of(&test.report)
			if want := slices.Contains(test.has, f.Name); ok != want {
				t.Errorf("%s has %s: %t, want %t", test.name, f.Name, ok, want)
			}
			if f.Means == "" || ok && f.Format(value) == "" {
				t.Errorf("%s has no meaning or no text", f.Name)
			}
		}
	}
}

func TestFiguresAddUp(t *testing.T) {
	answers := func(sent, missing, late uint64, p99 int64) Answers {
		return Answers{sent, missing, late, Latency{Count: 1, Percentiles: []Percentile{{99, p99}}}}
	}
	attack := &AttackFigures{Phases: []AttackPhase{
		{Name: phaseBefore, RateFigures: RateFigures{Due: 10, Echoed: 10}},
		{Name: phaseDuring, RateFigures: RateFigures{Due: 10, Echoed: 8, Lost: 2, Late: 1, PerSecond: 8, Latency: answers(1, 0, 0, 50).Latency}},
	}}
	storm := &StormFigures{Dropped: 9, Back: 8, Attempts: 20, Refused: []FailureCount{{Count: 3}, {Count: 2}}, PerSecond: 5,
		Before: answers(10, 0, 1, 1), During: answers(20, 3, 4, 70), After: answers(10, 1, 0, 1)}
	churn := &ChurnFigures{Measured: 2 * time.Second, Left: 40, Returned: 38, Unanswered: 4, Refused: []FailureCount{{Count: 2}}, Messages: answers(20, 2, 1, 90)}
	capacity := &CapacityFigures{Broadcast: &DeliveryFigures{Expected: 10, Lost: 1}}
	capacity.Verified.Pongs, capacity.Verified.Echoes, capacity.Held.Pongs = answers(10, 1, 9, 1), answers(10, 2, 9, 1), answers(20, 3, 2, 1)
	capacity.Active.Due, capacity.Active.Lost, capacity.Active.Late = 50, 3, 5
	for _, test := range []struct {
		report Report
		values map[string]float64
		shares map[string]float64
	}{
		{Report{Attack: attack}, map[string]float64{"loss": 2, "late": 1, "rate": 8, "p99": 50e-6}, map[string]float64{"loss": 0.1}},
		{Report{Storm: storm}, map[string]float64{"loss": 4, "late": 5, "p99": 70e-6, "refusals": 5, "away": 1, "return-rate": 5},
			map[string]float64{"loss": 0.1, "late": 0.125, "refusals": 0.25, "away": 1.0 / 9}},
		{Report{Churn: churn}, map[string]float64{"loss": 2, "late": 1, "rate": 9, "p99": 90e-6, "refusals": 2, "unclosed": 4},
			map[string]float64{"loss": 0.1, "late": 0.05, "refusals": 0.05, "unclosed": 0.1}},
		{Report{Capacity: capacity}, map[string]float64{"loss": 10, "late": 7}, map[string]float64{"loss": 0.1, "late": 0.1}},
		{Report{Connections: Connections{Asked: 10}, Connect: &ConnectFigures{Late: 1}}, map[string]float64{"late": 1}, map[string]float64{"late": 0.1}},
		{Report{Broadcast: &BroadcastFigures{Messages: 10, Late: 1, Expected: 100, Lost: 1}}, map[string]float64{"loss": 1, "late": 1},
			map[string]float64{"loss": 0.01, "late": 0.1}},
	} {
		for name, want := range test.values {
			if got, ok := figureNamed(name).Of(&test.report); !ok || got != want {
				t.Errorf("%+v: %s: got %v, %t, want %v", test.report, name, got, ok, want)
			}
		}
		for name, want := range test.shares {
			if got, ok := figureNamed(name).ShareOf(&test.report); !ok || got != want {
				t.Errorf("%+v: share of %s: got %v, %t, want %v", test.report, name, got, ok, want)
			}
		}
	}
	if _, ok := figureNamed("rate").ShareOf(&Report{Attack: attack}); ok {
		t.Error("a rate is no share of anything")
	}
}
