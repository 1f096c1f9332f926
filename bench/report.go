package bench

import (
	"encoding/json"
	"time"
)

// Report is what came of a run. Marshalled to JSON it is one document that
// says how it was made.
type Report struct {
	// Scenario is "idle", "echo", "rate", "attack", "broadcast", "slow", "rooms",
	// "connect", "churn", "soak", "storm" or "capacity"; "slow" is a [Broadcast]
	// with members that stop reading.
	Scenario string    `json:"scenario"`
	Started  time.Time `json:"started"`
	// Interrupted: the run was stopped before its time.
	Interrupted bool        `json:"interrupted"`
	Environment Environment `json:"environment"`
	// Parameters is the scenario, for example an [Echo], with its defaults
	// filled in.
	Parameters any `json:"parameters"`

	Connections Connections `json:"connections"`
	// Failures has one entry per stage and cause, the most frequent first.
	Failures []FailureCount `json:"failures"`
	// Compression is set where [Load].Compression was asked for.
	Compression *CompressionFigures `json:"compression,omitempty"`
	// Echo is set for the echo scenario.
	Echo *EchoFigures `json:"echo,omitempty"`
	// Idle is set for the idle scenario.
	Idle *IdleFigures `json:"idle,omitempty"`
	// Rate is set for the rate scenario.
	Rate *RateFigures `json:"rate,omitempty"`
	// Attack is set for the attack scenario.
	Attack *AttackFigures `json:"attack,omitempty"`
	// Broadcast is set for the broadcast and rooms scenarios.
	Broadcast *BroadcastFigures `json:"broadcast,omitempty"`
	// Connect is set for the connect scenario.
	Connect *ConnectFigures `json:"connect,omitempty"`
	// Churn is set for the churn and soak scenarios.
	Churn *ChurnFigures `json:"churn,omitempty"`
	// Soak is set for the soak scenario, where it has seen enough of the server's memory.
	Soak *SoakFigures `json:"soak,omitempty"`
	// Storm is set for the storm scenario.
	Storm *StormFigures `json:"storm,omitempty"`
	// Capacity is set for the capacity scenario.
	Capacity  *CapacityFigures `json:"capacity,omitempty"`
	Generator Generator        `json:"generator"`
	// GeneratorOverloaded says why the latencies are not to be taken for the
	// server's; nil if they may be.
	GeneratorOverloaded []string `json:"generatorOverloaded,omitempty"`
	// LatenciesWithheld: therefore [Report.WithholdLatencies] has taken them out.
	LatenciesWithheld bool `json:"latenciesWithheld,omitempty"`
	// Series says how the run went, second by second; 3,600 points at most, so
	// that those of a long one stand for more than a sample each.
	Series Series `json:"series,omitempty"`
	// Server holds samples of the server's process in the order they were
	// taken, if its id was given.
	Server []ProcessSample `json:"server,omitempty"`
	// ServerStatus is what StatsURL returned.
	ServerStatus *ServerStatus `json:"serverStatus,omitempty"`
}

// Connections says how many connections were opened and how fast.
type Connections struct {
	Asked  int `json:"asked"`
	Opened int `json:"opened"`
	// Failed never opened; Lost opened and ended before the run did.
	Failed int `json:"failed"`
	Lost   int `json:"lost"`
	// Took is from the first beginning to the last answer.
	Took      time.Duration `json:"tookNanoseconds"`
	PerSecond float64       `json:"perSecond"`
	// Handshake is from the beginning of a connection to the server's answer.
	Handshake Latency `json:"handshake,omitzero"`
	// TLS is what was negotiated, the most frequent first; empty without TLS.
	TLS []Negotiated `json:"tls,omitempty"`
}

// CompressionFigures say what was agreed on permessage-deflate, and what came
// compressed.
type CompressionFigures struct {
	// Agreed is what the server answered to the offer; "" if it never did.
	Agreed string `json:"agreed"`
	// Messages counts those that came compressed.
	Messages uint64 `json:"messages"`
	// Bytes is their payload as it came, and Inflated what it inflated to.
	Bytes    uint64 `json:"bytes"`
	Inflated uint64 `json:"inflated"`
}

// IdleFigures are the results of the idle scenario.
type IdleFigures struct {
	Held time.Duration `json:"heldNanoseconds"`
	// Pings is how many the server sent, each answered with a pong.
	Pings uint64 `json:"pings"`
	// Unanswered counts the messages of [Idle].Exchange that had not come back
	// when [Load].FinishTimeout was over.
	Unanswered uint64 `json:"unanswered"`
	// Messages and Bytes count data that the server sent besides, which was
	// discarded.
	Messages uint64 `json:"messages"`
	Bytes    uint64 `json:"bytes"`
}

// EchoFigures are the results of the echo scenario, taken from the end of the
// warm-up on.
type EchoFigures struct {
	Measured time.Duration `json:"measuredNanoseconds"`
	// Messages counts verified echoes.
	Messages  uint64  `json:"messages"`
	PerSecond float64 `json:"perSecond"`
	// Unanswered counts messages that had not come back when
	// [Load].FinishTimeout was over.
	Unanswered uint64 `json:"unanswered"`
	// PayloadBytes counts the payload of verified echoes, one way.
	PayloadBytes uint64 `json:"payloadBytes"`
	// Latency is from the write of a message to its verified echo.
	Latency Latency `json:"latency,omitzero"`
	// ServerUser and ServerSystem are the server's CPU time per message, if
	// its process is known.
	ServerUser   time.Duration `json:"serverUserNanosecondsPerMessage,omitempty"`
	ServerSystem time.Duration `json:"serverSystemNanosecondsPerMessage,omitempty"`
}

// RateFigures are the results of an open-loop load in one span of its schedule.
// A message belongs to the span in which it was due, whenever it was written and
// answered.
type RateFigures struct {
	Measured time.Duration `json:"measuredNanoseconds"`
	// Due counts the messages of the schedule.
	Due uint64 `json:"due"`
	// Echoed counts verified echoes, and Lost the messages without one: never
	// sent because their connection had ended, or not back when
	// [Load].FinishTimeout was over.
	Echoed uint64 `json:"echoed"`
	Lost   uint64 `json:"lost"`
	// Late counts messages written more than 1 ms after they were due, because
	// the generator was busy or the server did not read.
	Late uint64 `json:"late"`
	// PerSecond is Echoed by Measured.
	PerSecond float64 `json:"perSecond"`
	// Latency is from the moment at which a message was due to its verified
	// echo. The wait of messages that a slow answer delays is part of it.
	Latency Latency `json:"latency,omitzero"`
	// ServerUser and ServerSystem are the server's CPU time per echo, if its
	// process is known.
	ServerUser   time.Duration `json:"serverUserNanosecondsPerMessage,omitempty"`
	ServerSystem time.Duration `json:"serverSystemNanosecondsPerMessage,omitempty"`
}

// Generator says how hard the load generator itself had to work, while figures
// were taken, or, in the idle scenario, while connections were opened.
type Generator struct {
	// CoreShare has the share of one CPU that each loop used, 0 to 1.
	CoreShare []float64 `json:"coreShare"`
	// Saturated: a loop used more than 90 % of a CPU. The generator, not the
	// server, may then have set the figures.
	Saturated bool `json:"generatorSaturated"`
}

const saturation = 0.9

func (g *Generator) add(share float64) {
	g.CoreShare = append(g.CoreShare, share)
	g.Saturated = g.Saturated || share > saturation
}

// ServerStatus is the JSON that the server's status page returned.
type ServerStatus struct {
	Before json.RawMessage `json:"before"`
	After  json.RawMessage `json:"after"`
}

// heading returns what was known before the run began.
func (r *Report) heading() Heading {
	return Heading{Scenario: r.Scenario, Started: r.Started, Environment: r.Environment, Parameters: r.Parameters}
}

// OK reports whether the run has what was asked for: every connection opened
// and stayed open, and every message came back as it was sent. Of an interrupted
// run it is what that came to.
func (r *Report) OK() bool {
	if r.unanswered() > 0 || r.Rate != nil && r.Rate.Lost > 0 || r.Attack != nil && r.Attack.lost() > 0 {
		return false
	}
	if r.Broadcast != nil && (r.Broadcast.Lost > 0 || r.Broadcast.OutOfOrder > 0) {
		return false
	}
	if r.Capacity != nil && r.Capacity.fellShort() || r.Storm != nil && r.Storm.fellShort(r.Interrupted) || r.Churn != nil && r.Churn.fellShort() {
		return false
	}
	c := &r.Connections
	opened := c.Opened == c.Asked || r.Interrupted && c.Failed == 0 // then the others had no time to
	return opened && c.Lost == 0
}

// unanswered counts the messages that never came back.
func (r *Report) unanswered() (n uint64) {
	if r.Echo != nil {
		n = r.Echo.Unanswered
	}
	if r.Idle != nil {
		n += r.Idle.Unanswered
	}
	return n
}

// sampleAt returns the sample of that name, or nil.
func (r *Report) sampleAt(at string) *ProcessSample {
	for i := range r.Server {
		if r.Server[i].At == at {
			return &r.Server[i]
		}
	}
	return nil
}

// serverTimePer returns the CPU time that the server used for each of so many
// messages while figures were taken; 0 if its process is not known.
func (r *Report) serverTimePer(messages uint64) (user, system time.Duration) {
	before, after := r.sampleAt(atMeasure), r.sampleAt(atMeasured)
	if before == nil || after == nil || messages == 0 {
		return 0, 0
	}
	return (after.User - before.User) / time.Duration(messages), (after.System - before.System) / time.Duration(messages)
}

// The moments at which the server's process is sampled.
const (
	atStart    = "before the first connection"
	atAllOpen  = "all open"
	atAfter    = "after hold"
	atMeasure  = "measuring begins"
	atMeasured = "measuring ends"
	atSettled  = "all has arrived"
)
