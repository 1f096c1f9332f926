package bench

func (t *summary) churnTitle(name string, p Churn) {
	t.line(name, "%s", p.URL)
	t.more("%s, %s, open for %v (%s), %.0f messages/s", count(p.Connections, "connection"), count(p.Loops, "loop"), p.Lifetime, p.Distribution, p.PerSecond)
}

// unreturned is about ends and returns that went wrong.
func (t *summary) unreturned(f *ChurnFigures) {
	t.line("unanswered", "%s", count(f.Unanswered, "close frame"))
	if m := f.Messages; m.Sent > 0 {
		t.unpunctual(m.Missing, m.Late, m.Sent)
	}
	t.attempts(f.Refused)
}

func (t *summary) churn(f *ChurnFigures) {
	t.line("left", "%d in %s, %.0f/s", f.Left, short(f.Measured), f.LeftPerSecond)
	t.line("returned", "%d, %.0f/s", f.Returned, f.ReturnedPerSecond)
	t.percentiles("  handshake", f.Handshake)
	t.latency("messages", f.Messages.Latency)
	t.serverTime("return", f.ServerUser, f.ServerSystem)
}
