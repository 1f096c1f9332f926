package admin

import (
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/sluicegate/sluice/gateway"
)

// figuresDocument is the answer of /figures: the snapshot with the figures of all
// loops added up, small enough to be asked for every second. Counters only grow.
type figuresDocument struct {
	Version       string  `json:"version"`
	Engine        string  `json:"engine"`
	Address       string  `json:"address"`
	Secured       bool    `json:"secured"` // the address speaks TLS
	UptimeSeconds float64 `json:"uptimeSeconds"`
	Ready         bool    `json:"ready"`

	Connections    int    `json:"connections"`
	Sessions       int    `json:"sessions"`
	Undecided      int    `json:"undecided"`
	SlowSessions   int    `json:"slowSessions"`
	QueuedMessages int    `json:"queuedMessages"`
	QueuedBytes    int    `json:"queuedBytes"`
	Accepted       uint64 `json:"accepted"`
	Upgraded       uint64 `json:"upgraded"`
	MessagesIn     uint64 `json:"messagesIn"`
	MessagesOut    uint64 `json:"messagesOut"`
	BytesIn        uint64 `json:"bytesIn"`
	BytesOut       uint64 `json:"bytesOut"`

	// BoundsNanoseconds are the bounds of the buckets of both histograms, the last
	// of which has none.
	BoundsNanoseconds []time.Duration      `json:"boundsNanoseconds"`
	Fanout            durationFigures      `json:"fanout"`
	WorkerWait        durationFigures      `json:"workerWait"`
	Loops             []loopFigures        `json:"loops"`
	Workers           gateway.WorkerStats  `json:"workers"`
	Reasons           []reasonFigures      `json:"reasons"`
	Hubs              []gateway.HubStats   `json:"hubs"`
	Classes           []gateway.ClassStats `json:"classes"`
	Memory            memoryFigures        `json:"memory"`
}

// durationFigures are a [gateway.Durations] without its bounds.
type durationFigures struct {
	SumNanoseconds time.Duration `json:"sumNanoseconds"`
	Counts         []uint64      `json:"counts"`
}

// loopFigures are those of a loop that are worth telling apart.
type loopFigures struct {
	Sessions       int           `json:"sessions"`
	Turns          uint64        `json:"turns"`
	Busy           time.Duration `json:"busyNanoseconds"`
	LongestTurn    time.Duration `json:"longestTurnNanoseconds"`
	MailboxLetters int           `json:"mailboxLetters"`
}

// reasonFigures are of a reason that something has ended with.
type reasonFigures struct {
	Reason  gateway.Reason `json:"reason"`
	Refusal bool           `json:"refusal"`
	Count   uint64         `json:"count"`
}

// memoryFigures are of the process and its garbage collector.
type memoryFigures struct {
	// RSSBytes is the resident set size, 0 where the system does not tell.
	RSSBytes    int64 `json:"rssBytes"`
	Goroutines  int   `json:"goroutines"`
	Collections int64 `json:"collections"`
	// LongestPause is the longest stop of the world of the last 10 seconds.
	LongestPause time.Duration `json:"longestPauseNanoseconds"`
}

func figures(source Source, version string) endpoint {
	return func(w http.ResponseWriter, r *http.Request) error {
		stats, err := snapshot(source, r)
		if err != nil {
			return err
		}
		d := summed(&stats)
		d.Version = version
		d.UptimeSeconds = time.Since(stats.Started).Seconds()
		d.Ready = source.Ready()
		d.Memory = memory(time.Now())
		return compact(w, d)
	}
}

// summed adds up the figures of all loops.
func summed(stats *gateway.Stats) *figuresDocument {
	d := &figuresDocument{
		Engine:            stats.Engine,
		Address:           stats.Address,
		Secured:           len(stats.Certificates) > 0,
		BoundsNanoseconds: gateway.Durations{}.Bounds(),
		Loops:             []loopFigures{},
		Workers:           stats.Workers,
		Reasons:           []reasonFigures{},
		Hubs:              append([]gateway.HubStats{}, stats.Hubs...),
		Classes:           append([]gateway.ClassStats{}, stats.Classes...),
	}
	var fanout, wait gateway.Durations
	reasons := make(map[gateway.Reason]uint64)
	for i := range stats.Loops {
		l := &stats.Loops[i]
		d.add(l)
		fanout.Merge(&l.Fanout.Latency)
		wait.Merge(&l.WorkerWait)
		for reason, count := range l.Reasons {
			reasons[reason] += count
		}
	}
	d.Fanout = durationFigures{fanout.Sum, fanout.Buckets[:]}
	d.WorkerWait = durationFigures{wait.Sum, wait.Buckets[:]}
	for _, reason := range gateway.Reasons() {
		if count := reasons[reason]; count > 0 {
			d.Reasons = append(d.Reasons, reasonFigures{reason, reason.Refusal(), count})
		}
	}
	return d
}

// add counts one loop in.
func (d *figuresDocument) add(l *gateway.LoopStats) {
	d.Connections += l.Connections
	d.Sessions += l.Sessions
	d.Undecided += l.Undecided
	d.SlowSessions += l.SlowSessions
	d.QueuedMessages += l.QueuedMessages
	d.QueuedBytes += l.QueuedBytes + l.OutboundBytes
	d.Accepted += l.Accepted
	d.Upgraded += l.Upgraded
	d.MessagesIn += l.MessagesIn
	d.MessagesOut += l.MessagesOut
	d.BytesIn += l.BytesIn
	d.BytesOut += l.BytesOut
	d.Loops = append(d.Loops, loopFigures{l.Sessions, l.Turns, l.TurnTime.Sum, l.LongestTurn, l.MailboxLetters})
}

// pauseWindow is how far back the longest pause is looked for.
const pauseWindow = 10 * time.Second

func memory(now time.Time) memoryFigures {
	var gc debug.GCStats
	debug.ReadGCStats(&gc)
	m := memoryFigures{RSSBytes: residentBytes(), Goroutines: runtime.NumGoroutine(), Collections: gc.NumGC}
	for i, ended := range gc.PauseEnd { // the latest first
		if now.Sub(ended) > pauseWindow {
			break
		}
		m.LongestPause = max(m.LongestPause, gc.Pause[i])
	}
	return m
}
