package bench

func (t *summary) broadcastTitle(p Broadcast) {
	t.line(p.scenario(), "%s", p.URL)
	t.more("%s and a publisher, %s", count(p.Connections, "member"), count(p.Loops, "loop"))
	t.publishing(p.Publishing)
}

func (t *summary) roomsTitle(p Rooms) {
	t.line("rooms", "%s", p.URL)
	t.more("%s in %s, and a publisher in each, %s", count(p.Connections, "member"), count(p.Rooms, "room"), count(p.Loops, "loop"))
	if p.Zipf > 0 {
		t.more("sizes by Zipf's law with exponent %g", p.Zipf)
	}
	t.publishing(p.Publishing)
}

func (t *summary) publishing(p Publishing) {
	switch {
	case p.PerSecond == 0:
		t.more("%d B messages, %d in flight", p.Size, p.InFlight)
	case p.Burst == 1:
		t.more("%d B messages, %.4g/s", p.Size, p.PerSecond)
	default:
		t.more("%d B messages, %.4g/s in bursts of %d, each over %v", p.Size, p.PerSecond, p.Burst, p.Spread)
	}
	if p.Publish.URL != "" {
		t.more("published by POST to %s", p.Publish.URL)
	}
	if p.Slow > 0 {
		t.more("%.4g %% of the members stop reading", p.Slow)
	}
	if p.Rest > 0 {
		t.more("all rest for %v before that, and after", p.Rest)
	}
}

// undelivered is about messages that did not arrive as they should.
func (t *summary) undelivered(f *BroadcastFigures) {
	t.line("missing", "%d of %d deliveries", f.Lost, f.Expected)
	t.line("disorder", "%s came after a later one, or twice", count(f.OutOfOrder, "message"))
	t.line("late", "%s left more than %v late", count(f.Late, "message"), lateAfter)
}

func (t *summary) broadcast(f *BroadcastFigures) {
	t.line("messages", "%d in %s", f.Messages, short(f.Measured))
	t.line("deliveries", "%d, %.0f/s, %.2f in a read", f.Deliveries, f.PerSecond, f.PerRead)
	t.percentiles("to the last", f.LastLatency)
	t.latency("latency", f.Latency)
	if f.Slow != nil {
		t.slow(f.Slow)
	}
}

func (t *summary) slow(f *SlowFigures) {
	t.line("slow", "%s, of which %d stayed; %d messages of the whole run received, %d missed in %s", count(f.Members, "member"), f.Open, f.Received, f.Missed, count(f.Gaps, "gap"))
	for _, e := range f.Ended {
		t.more("%d × %s: %s", e.Count, e.Stage, e.Cause)
	}
}
