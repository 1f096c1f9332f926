package bench

func (t *summary) capacityTitle(p Capacity) {
	t.line("capacity", "%s", p.URL)
	t.more("%s, %s, %d B messages", count(p.Connections, "connection"), count(p.Loops, "loop"), p.Size)
}

// unserved is about answers and deliveries that are missing.
func (t *summary) unserved(f *CapacityFigures) {
	v := &f.Verified
	t.line("unverified", "%d of %s without pong, %d of %s without echo",
		v.Pongs.Missing, count(v.Pongs.Sent, "connection"), v.Echoes.Missing, count(v.Echoes.Sent, "connection"))
	if f.Held.Pongs.Sent > 0 {
		t.line("no pong", "%d of %s while resting", f.Held.Pongs.Missing, count(f.Held.Pongs.Sent, "ping"))
	}
	t.unpunctual(f.Active.Lost, f.Active.Late, f.Active.Due)
	if b := f.Broadcast; b != nil {
		t.line("not told", "%d of %s", b.Lost, count(b.Expected, "connection"))
	}
}

func (t *summary) capacity(f *CapacityFigures) {
	if f.Verified.Took > 0 {
		t.line("verified", "%d pings and %d messages in %s", f.Verified.Pongs.Sent, f.Verified.Echoes.Sent, short(f.Verified.Took))
		t.percentiles("  pong", f.Verified.Pongs.Latency)
		t.percentiles("  echo", f.Verified.Echoes.Latency)
	}
	if f.Held.Took > 0 {
		t.line("held", "%s; %d pings of the server answered", short(f.Held.Took), f.Held.ServerPings)
		t.percentiles("  pong", f.Held.Pongs.Latency)
	}
	if f.Active.Measured > 0 {
		t.line("active", "%s, %d messages in %s, %.0f/s", count(f.Active.Connections, "connection"), f.Active.Echoed, short(f.Active.Measured), f.Active.PerSecond)
		t.latency("  latency", f.Active.Latency)
	}
	if b := f.Broadcast; b != nil {
		t.line("broadcast", "to %d, accepted after %s", b.Deliveries, short(b.Accepted))
		if b.Last > 0 {
			t.line("  last after", "%s", short(b.Last))
		}
		t.percentiles("  latency", b.Latency)
	}
	name := "server CPU"
	for _, p := range f.Phases {
		t.line(name, "%s\t%.1f %% of a CPU for %s", p.Phase, 100*p.CPUShare, short(p.Took))
		name = ""
	}
	name = "kernel"
	for _, k := range f.Kernel {
		t.line(name, "%s\t%s slab, %s in the buffers of %s", k.At, size(k.Slab), size(k.Buffers), count(int(k.Sockets), "TCP socket"))
		name = ""
	}
}
