package bench

import "time"

// CapacityFigures are the results of the capacity scenario, phase by phase. A
// phase that was not reached has none.
type CapacityFigures struct {
	// Verified: every connection sent one ping and one message.
	Verified struct {
		Took   time.Duration `json:"tookNanoseconds"`
		Pongs  Answers       `json:"pongs"`
		Echoes Answers       `json:"echoes"`
	} `json:"verified"`
	// Held: all connections rested.
	Held struct {
		Took time.Duration `json:"tookNanoseconds"`
		// ServerPings is how many pings the server sent, each answered.
		ServerPings uint64 `json:"serverPings"`
		// Pongs answer the pings of the connections, if they sent any.
		Pongs Answers `json:"pongs"`
	} `json:"held"`
	// Active: so many connections echoed messages, and the others rested.
	Active struct {
		Connections int `json:"connections"`
		RateFigures
	} `json:"active"`
	// Broadcast: one message was published to all; nil if it was not.
	Broadcast *DeliveryFigures `json:"broadcast,omitempty"`
	// Phases has the server's CPU time, phase by phase, if its process is known.
	Phases []PhaseUse `json:"phases,omitempty"`
	// Kernel holds samples of the kernel's memory, taken with those of the
	// server's process. They are of this machine, and of both ends where the
	// server runs on it.
	Kernel []KernelSample `json:"kernel"`
}

// Answers say what came of requests that were sent on a schedule.
type Answers struct {
	Sent uint64 `json:"sent"`
	// Missing had not come when [Load].FinishTimeout was over.
	Missing uint64 `json:"missing"`
	// Late counts requests that left more than 1 ms after they were due.
	Late uint64 `json:"late"`
	// Latency is from the moment at which a request was due to its answer.
	Latency Latency `json:"latency,omitzero"`
}

// DeliveryFigures say how one message reached all connections.
type DeliveryFigures struct {
	// Expected is how many connections were open, and Deliveries how many
	// received the message as it was published. Lost is the difference.
	Expected   uint64 `json:"expected"`
	Deliveries uint64 `json:"deliveries"`
	Lost       uint64 `json:"lost"`
	// Accepted is from the beginning of the request that published the message
	// to the server's answer.
	Accepted time.Duration `json:"acceptedNanoseconds"`
	// Latency is from that beginning to each delivery, and Last to the last.
	Latency Latency       `json:"latency,omitzero"`
	Last    time.Duration `json:"lastNanoseconds"`
}

// PhaseUse says what CPU time a phase took of the server.
type PhaseUse struct {
	Phase string        `json:"phase"`
	Took  time.Duration `json:"tookNanoseconds"`
	// CPUShare is the server's CPU time by Took: 1 is one CPU.
	CPUShare float64 `json:"cpuShare"`
}

// The phases of a capacity run.
const (
	phaseConnect   = "connect"
	phaseVerify    = "verify"
	phaseHold      = "hold"
	phaseActive    = "active"
	phaseBroadcast = "broadcast"
)

// fellShort reports whether an answer or a delivery is missing.
func (f *CapacityFigures) fellShort() bool {
	missing := f.Verified.Pongs.Missing + f.Verified.Echoes.Missing + f.Held.Pongs.Missing + f.Active.Lost
	return missing > 0 || f.Broadcast != nil && f.Broadcast.Lost > 0
}
