package bench

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// losses are the well-behaved messages that an attack cost.
func (t *summary) losses(f *AttackFigures) {
	var late, due uint64
	for _, p := range f.Phases {
		late, due = late+p.Late, due+p.Due
	}
	t.unpunctual(f.lost(), late, due)
	for _, failed := range f.failures() {
		t.more("attackers: %d × %s: %s", failed.Count, failed.Stage, failed.Cause)
	}
}

// attack writes the phases side by side, and then what the attack came to.
func (t *summary) attack(f *AttackFigures) {
	for i := range f.Phases {
		p := &f.Phases[i]
		text := fmt.Sprintf("%d of %d echoed", p.Echoed, p.Due)
		if l := &p.Latency; l.Count > 0 {
			text += fmt.Sprintf(", p50 %s  p99 %s  max %s", short(l.At(50)), short(l.At(99)), short(time.Duration(l.Max)*latencyUnit))
		}
		if p.Server != nil {
			text += fmt.Sprintf(", server %.0f %% CPU, %s RSS at most", 100*p.Server.CPUShare, size(p.Server.PeakRSS))
		}
		t.line(p.Name, "%s", text)
		for _, c := range p.Counted {
			t.more("%s %s: %d", c.Series, c.Reason, c.By)
		}
	}
	during := f.phase(phaseDuring)
	if during == nil {
		return
	}
	if a := during.Attackers; a != nil {
		t.line("attackers", "%d at once, %.0f connections/s, %.0f frames/s, %s/s, %.0f %% of a CPU",
			a.Open, a.ConnectionsPerSecond, a.FramesPerSecond, size(int64(a.BytesPerSecond)), 100*a.CoreShare)
		t.more("%d begun, %d ended by the server, %d failed", a.Connections, a.Ended, a.Failed)
	}
	if f.P99Ratio > 0 {
		t.line("p99", "%.2f × that before", f.P99Ratio)
	}
	if during.Server != nil {
		t.line("RSS growth", "%s", size(f.RSSGrowth))
	}
	t.line("counted", "%s", f.verdict())
}

// verdict says under which of the mode's reasons the server counted attackers.
func (f *AttackFigures) verdict() string {
	wanted := strings.Join(f.Mode.Reasons, ", ")
	switch found := f.CountedAsMeant(); {
	case len(f.Mode.Reasons) == 0:
		return "no reason is meant to be"
	case len(found) > 0:
		return strings.Join(found, ", ") + "; meant are " + wanted
	default:
		return "none of " + wanted
	}
}

// CountedAsMeant returns those of the mode's reasons that the server counted
// from the beginning of the attack on, in the mode's order.
func (f *AttackFigures) CountedAsMeant() []string {
	var found []string
	for _, reason := range f.Mode.Reasons {
		for _, name := range []string{phaseDuring, phaseAfter} {
			p := f.phase(name)
			counted := p != nil && slices.ContainsFunc(p.Counted, func(c Counted) bool { return c.Reason == reason })
			if counted && !slices.Contains(found, reason) {
				found = append(found, reason)
			}
		}
	}
	return found
}
