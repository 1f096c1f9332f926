package bench

import "time"

func (t *summary) stormTitle(p Storm) {
	t.line("storm", "%s", p.URL)
	t.more("%s, %s, %s with %.0f messages/s", count(p.Connections, "connection"), count(p.Loops, "loop"), count(p.Bystanders, "bystander"), p.PerSecond)
}

// wreckage is about what did not come back.
func (t *summary) wreckage(f *StormFigures) {
	t.line("not back", "%d of %s", f.Dropped-f.Back, count(f.Dropped, "connection"))
	sent := f.Before.Sent + f.During.Sent + f.After.Sent
	t.unpunctual(f.Before.Missing+f.During.Missing+f.After.Missing, f.Before.Late+f.During.Late+f.After.Late, sent)
	t.attempts(f.Refused)
}

// attempts is about attempts to come back that failed.
func (t *summary) attempts(refused []FailureCount) {
	name := "refused"
	for _, r := range refused {
		t.line(name, "%d × %s: %s", r.Count, r.Stage, r.Cause)
		name = ""
	}
}

func (t *summary) storm(f *StormFigures) {
	t.line("back", "%d in %s, %.0f/s, %d attempts", f.Back, short(f.Took.Round(time.Microsecond)), f.PerSecond, f.Attempts)
	t.percentiles("  away", f.Away)
	t.percentiles("before", f.Before.Latency)
	t.percentiles("during", f.During.Latency)
	t.percentiles("after", f.After.Latency)
	t.counting(f.After.Latency)
}
