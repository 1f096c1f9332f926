package bench

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestOverload(t *testing.T) {
	busy, easy := Generator{CoreShare: []float64{0.5, 0.95}}, Generator{CoreShare: []float64{0.5, 0.5}}
	active := &CapacityFigures{}
	active.Active.Due, active.Active.Late = 100, 6
	for _, test := range []struct {
		name string
		r    Report
		want []string
	}{
		{"at ease", Report{Rate: &RateFigures{Due: 100, Late: 5}, Generator: easy}, nil},
		{"busy", Report{Rate: &RateFigures{Due: 100}, Generator: busy}, []string{"loop 1 of the generator used 95 % of a CPU"}},
		{"late", Report{Rate: &RateFigures{Due: 100, Late: 6}, Generator: easy}, []string{"6.0 % of what was due left more than 1ms late"}},
		{"both", Report{Rate: &RateFigures{Due: 100, Late: 100}, Generator: busy}, []string{"loop 1", "100.0 %"}},
		{"a closed loop", Report{Echo: &EchoFigures{Messages: 100}, Generator: busy}, nil},
		{"capacity", Report{Capacity: active, Generator: easy}, []string{"6.0 %"}},
		{"storm", Report{Storm: &StormFigures{Before: Answers{Sent: 50}, During: Answers{Sent: 50, Late: 10}}, Generator: easy}, []string{"10.0 %"}},
		{"churn", Report{Churn: &ChurnFigures{Messages: Answers{Sent: 10, Late: 1}}, Generator: easy}, []string{"10.0 %"}},
		{"broadcast", Report{Parameters: Broadcast{Publishing: Publishing{PerSecond: 1}}, Broadcast: &BroadcastFigures{Messages: 10, Late: 1}}, []string{"10.0 %"}},
		{"rooms", Report{Parameters: Rooms{Publishing: Publishing{PerSecond: 1}}, Broadcast: &BroadcastFigures{Messages: 10, Late: 1}}, []string{"10.0 %"}},
		{"broadcast in a closed loop", Report{Parameters: Broadcast{}, Broadcast: &BroadcastFigures{Messages: 10, Late: 1}, Generator: busy}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := test.r.overload()
			if len(got) != len(test.want) {
				t.Fatalf("got %q, want %q", got, test.want)
			}
			for i, want := range test.want {
				if !strings.Contains(got[i], want) {
					t.Errorf("got %q, want %q", got[i], want)
				}
			}
		})
	}
}

func TestWithholdLatencies(t *testing.T) {
	latency := Latency{Count: 10, Max: 90, Corrected: true, Percentiles: []Percentile{{99, 50}}}
	answers := Answers{Sent: 10, Latency: latency}
	capacity := &CapacityFigures{Broadcast: &DeliveryFigures{Latency: latency, Last: 7}}
	capacity.Verified.Pongs, capacity.Verified.Echoes, capacity.Held.Pongs, capacity.Active.Latency = answers, answers, answers, latency
	for _, report := range []Report{
		{Rate: &RateFigures{Latency: latency}},
		{Attack: &AttackFigures{P99Ratio: 2, Phases: []AttackPhase{{Name: phaseDuring, RateFigures: RateFigures{Latency: latency}}}}},
		{Broadcast: &BroadcastFigures{Latency: latency, LastLatency: latency}},
		{Churn: &ChurnFigures{Handshake: latency, Messages: answers}},
		{Storm: &StormFigures{Dropped: 1, Away: latency, Before: answers, During: answers, After: answers}},
		{Capacity: capacity},
	} {
		report.Series = Series{{At: 1e9, Messages: 5, P50: 1, P99: 2, Max: 3}}
		report.WithholdLatencies()
		if report.LatenciesWithheld || report.MessageLatency().Count == 0 || report.Series[0].P99 == 0 {
			t.Errorf("withheld though nothing was overloaded: %+v", report)
		}
		report.GeneratorOverloaded = []string{"loop 0 of the generator used 95 % of a CPU"}
		report.WithholdLatencies()
		document, err := json.Marshal(report)
		if err != nil {
			t.Fatal(err)
		}
		for _, not := range []string{`"correctedForCoordinatedOmission":true`, `"p99Microseconds":2`, `"p99Ratio":2`, `"lastNanoseconds":7`} {
			if strings.Contains(string(document), not) {
				t.Errorf("the document has %s: %s", not, document)
			}
		}
		if !strings.Contains(string(document), `"generatorOverloaded":["loop 0`) || !strings.Contains(string(document), `"latenciesWithheld":true`) {
			t.Errorf("the document does not say so: %s", document)
		}
		for _, f := range Figures() {
			if value, ok := f.Of(&report); ok && value > 0 && f.Unit == Seconds {
				t.Errorf("%s is still %s", f.Name, f.Format(value))
			}
		}
		var text strings.Builder
		if err := report.WriteText(&text); err != nil || !strings.Contains(text.String(), "withheld") || strings.Contains(text.String(), "p99") {
			t.Errorf("%v, %s", err, &text)
		}
		required, err := ParseRequirements("p99<1s")
		if err != nil {
			t.Fatal(err)
		}
		if broken := required.Broken(&report); len(broken) != 1 || !strings.Contains(broken[0], "overloaded") {
			t.Errorf("got %q", broken)
		}
	}
}
