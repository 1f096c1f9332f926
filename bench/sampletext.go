package bench

import (
	"fmt"
	"time"
)

// Text returns what a sample says, for people, in three lines: how the run
// stands, its traffic, and the load of the machine.
func (s Sample) Text() [3]string {
	standing := fmt.Sprintf("%s  %s", clock(s.At), s.Phase)
	if s.Left > 0 {
		standing += fmt.Sprintf(", %s left", clock(s.Left))
	}
	standing += fmt.Sprintf("  connected %d  errors %d", s.Connected, s.Errors)

	traffic := fmt.Sprintf("%.0f messages/s", s.PerSecond)
	switch {
	case s.Overloaded && s.Max == 0:
		traffic += "  latencies withheld: the client is overloaded"
	case s.Messages > 0:
		traffic += fmt.Sprintf("  p50 %s  p99 %s  max %s", short(micro(s.P50)), short(micro(s.P99)), short(micro(s.Max)))
		if s.Overloaded {
			traffic += "  the client's own: it is overloaded"
		}
	}
	machine := fmt.Sprintf("client %.0f %% of a CPU", 100*s.ClientCPU)
	if s.Server != nil {
		machine += fmt.Sprintf("  server %.0f %%, %s", 100*s.Server.CPU, size(s.Server.RSS))
	}
	return [3]string{standing, traffic, machine}
}

// micro returns so many of a latency's units.
func micro(units int64) time.Duration { return time.Duration(units) * latencyUnit }

// clock returns d as minutes and seconds, with hours in front where there are
// some.
func clock(d time.Duration) string {
	seconds := int(d.Round(time.Second).Seconds())
	if seconds >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	}
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}
