package bench

import (
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
			got := test.r.Overload()
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
