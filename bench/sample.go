package bench

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Sample says how a run was doing in one span of it, a second by default.
type Sample struct {
	// At is the end of the span, counted from the first connection's beginning,
	// and Span its length.
	At   time.Duration `json:"atNanoseconds"`
	Span time.Duration `json:"spanNanoseconds"`
	// Phase is what the run was doing at the end of the span: "connecting",
	// "warm-up", "measuring" and the like.
	Phase string `json:"phase"`
	// Left is how much of the phase was to come; 0 where nobody knows.
	Left time.Duration `json:"-"`
	// Opened counts the connections that had opened and Connected those that
	// were open, at the end of the span.
	Opened    int `json:"opened"`
	Connected int `json:"connected"`
	// Errors counts the connections that had failed or been lost since the run
	// began.
	Errors int `json:"errors"`
	// Messages counts the verified echoes or deliveries of the span, those of
	// the warm-up too, and PerSecond is by Span.
	Messages  uint64  `json:"messages"`
	PerSecond float64 `json:"perSecond"`
	// P50, P99 and Max are latencies of those messages in microseconds, to two
	// digits. They count from where the report's figures do.
	// They are 0 where they were withheld, see [Report.WithholdLatencies].
	P50 int64 `json:"p50Microseconds"`
	P99 int64 `json:"p99Microseconds"`
	Max int64 `json:"maxMicroseconds"`
	// Overloaded: in this span the generator could not keep its schedule, so that
	// the latencies are its own. See [Sample.WithoutOwnLatencies].
	Overloaded bool `json:"overloaded,omitempty"`
	// ClientCPU is how many CPUs the loops used, and BusiestLoop the share of
	// one that the busiest of them did.
	ClientCPU   float64 `json:"clientCPU"`
	BusiestLoop float64 `json:"busiestLoop"`
	// Server is set if the server's process is known and was alive.
	Server *ServerSample `json:"server,omitempty"`
}

// phaseMeasuring is the phase of most scenarios in which figures are taken.
const phaseMeasuring = "measuring"

// The phases of a [Publishing] in which all members are left alone.
const (
	phaseRestBefore = "rest before"
	phaseRestAfter  = "rest after"
)

// ServerSample is what the server's process used in one span.
type ServerSample struct {
	// RSS is the resident set at the end of the span, in bytes.
	RSS int64 `json:"rssBytes"`
	// CPU is how many CPUs the process used. The kernel counts in ticks of 10 ms.
	CPU float64 `json:"cpu"`
}

// Observer follows a run while it is under way. Its methods are called one at a
// time, from changing goroutines, and a slow one delays the next sample.
type Observer interface {
	// Begin is called once, before the first connection.
	Begin(Heading)
	// Observe is called for each sample, and no more once Run has returned. The
	// sample is the observer's.
	Observe(Sample)
}

// Heading says what a run is, before anything has come of it. Its fields are
// those of [Report].
type Heading struct {
	Scenario    string      `json:"scenario"`
	Started     time.Time   `json:"started"`
	Environment Environment `json:"environment"`
	Parameters  any         `json:"parameters"`
}

// meter counts what came of one loop's messages since it was taken last. It
// belongs to the loop, or to the goroutine that has taken it.
type meter struct {
	messages  uint64
	latencies latencies
	// sent counts what left by a schedule, and late those of them that left late.
	sent, late uint64
}

// meterDigits keep a histogram at some 20 KB, which stays in the cache beside
// the one that figures are taken from.
const meterDigits = 2

func newMeter() *meter {
	return &meter{latencies: latencies{hdrhistogram.New(lowestLatency, latestLatency, meterDigits)}}
}

// message counts one message with its latency.
func (m *meter) message(d time.Duration) {
	m.messages++
	m.latencies.record(d)
}

// left counts what left by a schedule.
func (m *meter) left(late bool) {
	m.sent++
	if late {
		m.late++
	}
}

// add counts what from has counted, and resets it.
func (m *meter) add(from *meter) {
	m.messages += from.messages
	m.sent += from.sent
	m.late += from.late
	m.latencies.merge(from.latencies)
	from.reset()
}

func (m *meter) reset() {
	m.messages, m.sent, m.late = 0, 0, 0
	m.latencies.histogram.Reset()
}
