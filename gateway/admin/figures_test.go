package admin

import (
	"encoding/json"
	"errors"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway"
)

func TestFiguresAddUpTheLoops(t *testing.T) {
	source := busy()
	source.stats.Address = "127.0.0.1:8080"
	source.stats.Certificates = []gateway.CertificateStats{{}}
	answer := get(t, source, "/figures")
	var got figuresAnswer
	if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil || answer.Code != 200 {
		t.Fatalf("%d %s: %v", answer.Code, answer.Body, err)
	}
	loops := source.stats.Loops
	if got.Version != "v1.2.3" || got.Address != "127.0.0.1:8080" || !got.Secured || !got.Ready || got.Workers.Workers != 16 || len(got.Loops) != 2 || len(got.Hubs) != 2 || len(got.Classes) != 4 {
		t.Errorf("%s", answer.Body)
	}
	if want := loops[0].Sessions + loops[1].Sessions; got.Sessions != want {
		t.Errorf("%d sessions, want %d", got.Sessions, want)
	}
	if want := loops[0].MessagesOut + loops[1].MessagesOut; got.MessagesOut != want {
		t.Errorf("%d messages out, want %d", got.MessagesOut, want)
	}
	if want := loops[0].TurnTime.Sum; got.Loops[0].BusyNanoseconds != want {
		t.Errorf("the first loop was busy for %v, want %v", got.Loops[0].BusyNanoseconds, want)
	}
	var fanout gateway.Durations
	fanout.Merge(&loops[0].Fanout.Latency)
	fanout.Merge(&loops[1].Fanout.Latency)
	if !slices.Equal(got.Fanout.Counts, fanout.Buckets[:]) || got.Fanout.SumNanoseconds != fanout.Sum || len(got.BoundsNanoseconds) != len(fanout.Buckets)-1 {
		t.Errorf("fan-out %+v, want %+v", got.Fanout, fanout)
	}
	for _, r := range got.Reasons {
		if r.Reason == "pong_timeout" && r.Count == 5 && !r.Refusal {
			return
		}
	}
	t.Errorf("pong_timeout is not 5 in %+v", got.Reasons)
}

// figuresAnswer is the part of the answer that is checked.
type figuresAnswer struct {
	Version, Address  string
	Secured           bool
	Ready             bool
	Sessions          int
	MessagesOut       uint64
	BoundsNanoseconds []time.Duration
	Fanout            struct {
		SumNanoseconds time.Duration
		Counts         []uint64
	}
	Loops   []struct{ BusyNanoseconds time.Duration }
	Workers struct{ Workers int }
	Hubs    []struct{ Name string }
	Classes []struct{ Policy string }
	Reasons []struct {
		Reason  string
		Refusal bool
		Count   uint64
	}
}

func TestFiguresNeedLoopsThatAnswer(t *testing.T) {
	if answer := get(t, &scripted{err: errors.New("loop 1 did not answer")}, "/figures"); answer.Code != 503 {
		t.Errorf("%d %s, want 503", answer.Code, answer.Body)
	}
}

func TestTheLongestPauseIsForgotten(t *testing.T) {
	runtime.GC()
	if m := memory(time.Now()); m.LongestPause <= 0 || m.Collections == 0 {
		t.Errorf("after a collection: %+v", m)
	}
	if m := memory(time.Now().Add(pauseWindow + time.Minute)); m.LongestPause != 0 {
		t.Errorf("long after: %v, want 0", m.LongestPause)
	}
}
