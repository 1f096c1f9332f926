package bench

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestWriteText(t *testing.T) {
	environment := Environment{Version: "v1.2.3", Commit: "0123abc", PortRange: "32768 60999", Go: "go1.26.0", Kernel: "6.18.0", CPUs: 2, DescriptorLimit: 20000}
	latency := Latency{Count: 1, Max: 26100, Percentiles: []Percentile{{50, 890}, {90, 1120}, {99, 1500}, {99.9, 22300}}}
	scheduled := latency
	scheduled.Corrected = true
	url := "ws://127.0.0.1:8080/client/hubs/echo"
	for _, test := range []struct {
		name   string
		report Report
	}{
		{"idle", Report{
			Parameters:  Idle{Load: Load{URL: url, Connections: 60000, Loops: 4}},
			Environment: environment,
			Connections: Connections{Asked: 60000, Opened: 60000, Took: 2930 * time.Millisecond, PerSecond: 20478, Handshake: latency},
			Idle:        &IdleFigures{Held: 10*time.Second + 123456, Pings: 120000, Messages: 3, Bytes: 1536},
			Generator:   Generator{CoreShare: []float64{0.26, 0.28, 0.255, 0.261}},
			Server: []ProcessSample{
				{At: atStart, RSS: 12 << 20, Anonymous: 5 << 20, User: 10 * time.Millisecond},
				{At: atAllOpen, RSS: 24 << 20, Anonymous: 17 << 20, User: time.Second, System: 2 * time.Second},
				{At: atAfter, RSS: 22 << 20, Anonymous: 15 << 20, User: time.Second, System: 3 * time.Second},
			},
		}},
		{"echo", Report{
			Parameters:  Echo{Load: Load{URL: url, Connections: 1000, Loops: 1}, Size: 64, InFlight: 8},
			Environment: environment,
			Connections: Connections{Asked: 1000, Opened: 1000, Took: 72600 * time.Microsecond, PerSecond: 13774, Handshake: latency},
			Echo: &EchoFigures{
				Measured: 10 * time.Second, Messages: 8_000_000, PerSecond: 800_000, PayloadBytes: 512_000_000,
				Latency: latency, ServerUser: 60, ServerSystem: 1090,
			},
			Generator: Generator{CoreShare: []float64{0.96}, Saturated: true},
			Server:    []ProcessSample{{At: atMeasured, RSS: 3 << 20, Anonymous: 900 << 10, User: time.Second, System: 2 * time.Second}},
		}},
		{"rate", Report{
			Parameters:  Rate{Load: Load{URL: url, Connections: 1000, Loops: 1}, PerSecond: 5000, Size: 64},
			Environment: environment,
			Connections: Connections{Asked: 1000, Opened: 1000, Took: 72600 * time.Microsecond, PerSecond: 13774, Handshake: latency},
			Rate: &RateFigures{
				Measured: 10 * time.Second, Due: 50_000, Echoed: 49_999, Lost: 1, Late: 12, PerSecond: 4999.9,
				Latency: scheduled, ServerUser: 600, ServerSystem: 10900,
			},
			Generator: Generator{CoreShare: []float64{0.11}},
		}},
		{"attack", Report{
			Parameters:  Attack{Load: Load{URL: url, Connections: 200, Loops: 1}, PerSecond: 1000, Size: 64, Mode: "bomb", Attackers: 100, AttackRate: 500, AttackConnectRate: 400},
			Environment: environment,
			Connections: Connections{Asked: 200, Opened: 200, Took: time.Second, PerSecond: 200},
			Attack: &AttackFigures{
				Mode: *modeNamed("bomb"),
				Phases: []AttackPhase{
					{Name: phaseBefore, RateFigures: RateFigures{Due: 3000, Echoed: 3000, Late: 1, Latency: latency}, Server: &ServerUse{RSS: 15 << 20, PeakRSS: 16 << 20, CPUShare: 0.04}},
					{Name: phaseDuring, RateFigures: RateFigures{Due: 5000, Echoed: 4998, Lost: 2, Latency: latency},
						Server:  &ServerUse{RSS: 35 << 20, PeakRSS: 36 << 20, CPUShare: 0.46},
						Counted: []Counted{{"sluice_disconnects_total", "message_too_big", 2480}, {"sluice_disconnects_total", "peer_reset", 20}},
						Attackers: &AttackerFigures{Open: 7, Connections: 2500, ConnectionsPerSecond: 500, Ended: 2480, Failed: 3, Frames: 2500, FramesPerSecond: 500, Bytes: 80 << 20, BytesPerSecond: 16 << 20, CoreShare: 0.08,
							Failures: []FailureCount{{StageHandshake, errNoAnswer.cause, 3}}}},
					{Name: phaseAfter, RateFigures: RateFigures{Due: 2000, Echoed: 2000, Latency: latency}, Server: &ServerUse{RSS: 30 << 20, PeakRSS: 35 << 20, CPUShare: 0.05}},
				},
				RSSGrowth: 21 << 20, P99Ratio: 1.25,
			},
			Generator: Generator{CoreShare: []float64{0.06}},
		}},
		{"broadcast", Report{
			Parameters:  Broadcast{Load: Load{URL: url, Connections: 10000, Loops: 1}, Publishing: Publishing{Size: 1024, PerSecond: 400, Burst: 20, Spread: 50 * time.Millisecond, Slow: 1}},
			Environment: environment,
			Connections: Connections{Asked: 10001, Opened: 10001, Took: time.Second, PerSecond: 10001, Handshake: latency},
			Broadcast: &BroadcastFigures{
				Measured: 10 * time.Second, Messages: 4000, Expected: 39_600_000, Deliveries: 39_599_999, Lost: 1, OutOfOrder: 1, Late: 7,
				PerSecond: 3_960_000, PerRead: 19.5, Latency: scheduled, LastLatency: scheduled, ServerUser: 100, ServerSystem: 800,
				Slow: &SlowFigures{Members: 100, Open: 40, Received: 12_000, Missed: 388_000, Ended: []FailureCount{
					{StageDisconnect, "closed by the server with 1013: too slow", 50}, {StageDisconnect, "reset by the server", 10}}},
			},
			Server: []ProcessSample{{At: atMeasured, RSS: 3 << 20, Anonymous: 900 << 10, User: time.Second, System: 2 * time.Second}},
		}},
		{"rooms", Report{
			Parameters:  Rooms{Load: Load{URL: url + "?room={room}", Connections: 10000, Loops: 1}, Publishing: Publishing{Size: 128, InFlight: 64}, Rooms: 1000, Zipf: 1},
			Environment: environment,
			Connections: Connections{Asked: 11000, Opened: 11000, Took: time.Second, PerSecond: 11000},
			Broadcast:   &BroadcastFigures{Measured: 10 * time.Second, Messages: 1000, Expected: 10_000, Deliveries: 10_000, PerSecond: 1000, PerRead: 1, Latency: latency},
		}},
		{"capacity", Report{
			Parameters:  Capacity{Load: Load{URL: url, Connections: 1_000_000, Loops: 56}, Size: 64},
			Environment: environment,
			Connections: Connections{Asked: 1_000_000, Opened: 1_000_000, Took: 40 * time.Second, PerSecond: 25_000, Handshake: latency},
			Capacity:    capacityFigures(scheduled),
			Server: []ProcessSample{
				{At: atStart, RSS: 12 << 20},
				{At: atAllOpen, RSS: 200 << 20, User: time.Second, System: 20 * time.Second},
			},
		}},
		{"soak", Report{
			Parameters:  Soak{Churn: Churn{Load: Load{URL: url, Connections: 1000, Loops: 1}, Lifetime: time.Minute, Distribution: "exponential", PerSecond: 100}},
			Environment: environment,
			Connections: Connections{Asked: 1000, Opened: 1000, Took: time.Second, PerSecond: 1000},
			Churn: &ChurnFigures{
				Measured: time.Hour, Left: 60_000, LeftPerSecond: 16.7, Returned: 59_999, ReturnedPerSecond: 16.7, Unanswered: 1,
				Refused: []FailureCount{{StageConnect, "timed out", 2}}, Handshake: latency,
				Messages: Answers{Sent: 360_000, Missing: 1, Late: 3, Latency: scheduled}, ServerUser: 2000, ServerSystem: 30_000,
			},
			Soak:      &SoakFigures{Growth: 12 << 10, Peak: 21 << 20},
			Generator: Generator{CoreShare: []float64{0.01}},
		}},
		{"storm", Report{
			Parameters:  Storm{Load: Load{URL: url, Connections: 50_000, Loops: 4}, Bystanders: 100, PerSecond: 1000},
			Environment: environment,
			Connections: Connections{Asked: 50_000, Opened: 50_000, Took: 2 * time.Second, PerSecond: 25_000},
			Storm: &StormFigures{
				Dropped: 49_900, Back: 49_899, Took: 5 * time.Second, PerSecond: 9979.8, Attempts: 60_000,
				Refused: []FailureCount{{StageHandshake, "refused with 503 Service Unavailable", 10_000}, {StageConnect, "timed out", 101}},
				Away:    latency, Before: Answers{Sent: 3000, Latency: scheduled}, During: Answers{Sent: 5000, Missing: 1, Late: 2, Latency: scheduled}, After: Answers{Sent: 3000, Latency: scheduled},
			},
			Generator: Generator{CoreShare: []float64{0.5, 0.5, 0.5, 0.5}},
		}},
		{"compressed", Report{
			Parameters:  Idle{Load: Load{URL: url, Connections: 100, Loops: 1, Compression: true}},
			Environment: environment,
			Connections: Connections{Asked: 100, Opened: 100, Took: time.Second, PerSecond: 100},
			Compression: &CompressionFigures{Agreed: string(offerDeflate), Messages: 99, Bytes: 6138, Inflated: 30492},
			Idle:        &IdleFigures{Held: time.Second, Unanswered: 1},
		}},
		{"trouble", Report{
			Parameters:  Echo{Load: Load{URL: url, Connections: 1000, Loops: 1}, Size: 64, InFlight: 1},
			Environment: environment,
			Interrupted: true,
			Connections: Connections{Asked: 1000, Failed: 997, Opened: 3, Lost: 2, Took: time.Second, PerSecond: 3},
			Failures: []FailureCount{
				{StageHandshake, "refused with 403 Forbidden: origin not allowed", 997},
				{StageVerify, errOrder.cause, 2},
			},
			Echo: &EchoFigures{Unanswered: 1},
		}},
		{"nothing", Report{
			Parameters:  Idle{Load: Load{URL: url, Connections: 10, Loops: 1}},
			Environment: environment,
			Connections: Connections{Asked: 10, Failed: 10},
			Failures:    []FailureCount{{StageConnect, "connection refused", 10}},
			Idle:        &IdleFigures{},
			Server:      []ProcessSample{{At: atStart, RSS: 500}, {At: atAllOpen, RSS: 1 << 40}},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got bytes.Buffer
			if err := test.report.WriteText(&got); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", test.name+".golden")
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("got\n%s\nwant\n%s\nwhere the new text is right, run with -update", got.Bytes(), want)
			}
		})
	}
}

func capacityFigures(latency Latency) *CapacityFigures {
	f := &CapacityFigures{
		Broadcast: &DeliveryFigures{Expected: 1_000_000, Deliveries: 999_998, Lost: 2, Accepted: 3 * time.Millisecond, Latency: latency, Last: 2 * time.Second},
		Phases:    []PhaseUse{{phaseConnect, 40 * time.Second, 0.52}, {phaseHold, 30 * time.Second, 0.4}},
		Kernel:    []KernelSample{{atStart, 300 << 20, 3, 0}, {atAllOpen, 8 << 30, 2_000_003, 1 << 20}},
	}
	f.Verified.Took = 50 * time.Second
	f.Verified.Pongs = Answers{Sent: 1_000_000, Missing: 1, Latency: latency}
	f.Verified.Echoes = Answers{Sent: 1_000_000, Latency: latency}
	f.Held.Took, f.Held.ServerPings = 30*time.Second, 1_200_000
	f.Held.Pongs = Answers{Sent: 1, Latency: latency}
	f.Active.Connections = 10_000
	f.Active.RateFigures = RateFigures{Measured: 10 * time.Second, Due: 100_000, Echoed: 99_999, Lost: 1, Late: 7, PerSecond: 9999.9, Latency: latency}
	return f
}

func TestReportOK(t *testing.T) {
	for _, test := range []struct {
		name string
		r    Report
		want bool
	}{
		{"all opened", Report{Connections: Connections{Asked: 2, Opened: 2}}, true},
		{"interrupted after that", Report{Connections: Connections{Asked: 2, Opened: 2}, Interrupted: true}, true},
		{"interrupted before that", Report{Connections: Connections{Asked: 2, Opened: 1}, Interrupted: true}, true},
		{"interrupted after a failure", Report{Connections: Connections{Asked: 3, Opened: 1, Failed: 1}, Interrupted: true}, false},
		{"one short", Report{Connections: Connections{Asked: 2, Opened: 1}}, false},
		{"one lost", Report{Connections: Connections{Asked: 2, Opened: 2, Lost: 1}}, false},
		{"unanswered", Report{Connections: Connections{Asked: 2, Opened: 2}, Echo: &EchoFigures{Unanswered: 1}}, false},
		{"late", Report{Connections: Connections{Asked: 2, Opened: 2}, Rate: &RateFigures{Late: 1}}, true},
		{"message lost", Report{Connections: Connections{Asked: 2, Opened: 2}, Rate: &RateFigures{Lost: 1}}, false},
		{"delivery lost", Report{Connections: Connections{Asked: 2, Opened: 2}, Broadcast: &BroadcastFigures{Lost: 1}}, false},
		{"out of order", Report{Connections: Connections{Asked: 2, Opened: 2}, Broadcast: &BroadcastFigures{OutOfOrder: 1}}, false},
		{"missed by the slow", Report{Connections: Connections{Asked: 2, Opened: 2}, Broadcast: &BroadcastFigures{Slow: &SlowFigures{Missed: 1}}}, true},
		{"message lost in an attack", Report{Connections: Connections{Asked: 2, Opened: 2}, Attack: &AttackFigures{
			Phases: []AttackPhase{{Name: phaseBefore}, {Name: phaseDuring, RateFigures: RateFigures{Lost: 1}}},
		}}, false},
		{"returned with difficulty", Report{Connections: Connections{Asked: 2, Opened: 2}, Churn: &ChurnFigures{Refused: []FailureCount{{StageConnect, "timed out", 1}}}}, false},
		{"never returned", Report{Connections: Connections{Asked: 2, Opened: 2}, Storm: &StormFigures{Dropped: 1}}, false},
		{"interrupted while they return", Report{Connections: Connections{Asked: 2, Opened: 2}, Storm: &StormFigures{Dropped: 1}, Interrupted: true}, true},
		{"message lost in a storm", Report{Connections: Connections{Asked: 2, Opened: 2}, Storm: &StormFigures{During: Answers{Missing: 1}}, Interrupted: true}, false},
		{"not told", Report{Connections: Connections{Asked: 2, Opened: 2}, Capacity: &CapacityFigures{Broadcast: &DeliveryFigures{Lost: 1}}}, false},
		{"unanswered at first", Report{Connections: Connections{Asked: 2, Opened: 2}, Idle: &IdleFigures{Unanswered: 1}}, false},
	} {
		if got := test.r.OK(); got != test.want {
			t.Errorf("%s: got %t, want %t", test.name, got, test.want)
		}
	}
}
