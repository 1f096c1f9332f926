package bench

// AttackFigures are the results of the attack scenario.
type AttackFigures struct {
	// Mode is the attack, with the reasons that the server should count.
	Mode AttackMode `json:"mode"`
	// Phases are those before, during and after the attack.
	Phases []AttackPhase `json:"phases"`
	// RSSGrowth is the highest resident set of the server's process during the
	// attack less the last one before, in bytes; 0 if its process is not known.
	RSSGrowth int64 `json:"rssGrowthBytes"`
	// P99Ratio is the well-behaved p99 during the attack by the one before; 0
	// where one of them is missing.
	P99Ratio float64 `json:"p99Ratio"`
}

// AttackPhase is one phase of the scenario.
type AttackPhase struct {
	// Name is "before", "during" or "after".
	Name string `json:"name"`
	// RateFigures are those of the well-behaved load.
	RateFigures
	// Attackers is set for the phase that has some.
	Attackers *AttackerFigures `json:"attackers,omitempty"`
	// Server is set if the server's process is known.
	Server *ServerUse `json:"server,omitempty"`
	// Counted has the server's counters that moved, the most first, if its
	// admin address is known. A connection ended in the last moments of a phase
	// may be counted in the next.
	Counted []Counted `json:"counted,omitempty"`
}

// AttackerFigures are what the attackers did.
type AttackerFigures struct {
	// Open is the most connections that attacked at once.
	Open int `json:"open"`
	// Connections counts those that were begun, Ended those that the server
	// ended and Failed those that never came to attack.
	Connections          uint64  `json:"connections"`
	ConnectionsPerSecond float64 `json:"connectionsPerSecond"`
	Ended                uint64  `json:"ended"`
	Failed               uint64  `json:"failed"`
	// Frames counts what the mode takes for a frame, see [Attack].AttackRate.
	Frames          uint64  `json:"frames"`
	FramesPerSecond float64 `json:"framesPerSecond"`
	// Bytes counts what was written after the upgrade, or without one.
	Bytes          uint64  `json:"bytes"`
	BytesPerSecond float64 `json:"bytesPerSecond"`
	// CoreShare is the share of a CPU that the attackers' loop used, 0 to 1.
	CoreShare float64 `json:"coreShare"`
	// Failures are the causes for which attackers could not attack.
	Failures []FailureCount `json:"failures"`
}

// ServerUse is what the server's process used during a phase.
type ServerUse struct {
	// RSS is its resident set at the end of the phase, and PeakRSS the highest
	// that was seen in it, in bytes.
	RSS     int64 `json:"rssBytes"`
	PeakRSS int64 `json:"peakRSSBytes"`
	// CPUShare is the CPU time it used as a share of the time that passed:
	// above 1 where it ran on several CPUs.
	CPUShare float64 `json:"cpuShare"`
}

// lost counts the well-behaved messages without an echo.
func (f *AttackFigures) lost() (n uint64) {
	for _, p := range f.Phases {
		n += p.Lost
	}
	return n
}

// failures are those of the attackers.
func (f *AttackFigures) failures() []FailureCount {
	if during := f.phase(phaseDuring); during != nil && during.Attackers != nil {
		return during.Attackers.Failures
	}
	return nil
}

// phase returns the phase of that name, or nil.
func (f *AttackFigures) phase(name string) *AttackPhase {
	for i := range f.Phases {
		if f.Phases[i].Name == name {
			return &f.Phases[i]
		}
	}
	return nil
}

// The names of phases.
const (
	phaseBefore = "before"
	phaseDuring = "during"
	phaseAfter  = "after"
)

// compare fills in what the phases say together.
func (f *AttackFigures) compare() {
	before, during := f.phase(phaseBefore), f.phase(phaseDuring)
	if before == nil || during == nil {
		return
	}
	if before.Server != nil && during.Server != nil {
		f.RSSGrowth = during.Server.PeakRSS - before.Server.RSS
	}
	if calm := before.Latency.At(99); calm > 0 {
		f.P99Ratio = float64(during.Latency.At(99)) / float64(calm)
	}
}
