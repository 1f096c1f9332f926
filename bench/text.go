package bench

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// WriteText writes r to w as a summary for people: what went wrong first, then
// the figures, aligned.
func (r *Report) WriteText(w io.Writer) error {
	var text bytes.Buffer
	t := &summary{tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)}
	t.title(r)
	t.trouble(r)
	t.connections(&r.Connections)
	if r.Compression != nil {
		t.compression(r.Compression)
	}
	if r.Echo != nil {
		t.echo(r.Echo)
	}
	if r.Idle != nil {
		t.idle(r.Idle)
	}
	if r.Rate != nil {
		t.rate(r.Rate)
	}
	if r.Attack != nil {
		t.attack(r.Attack)
	}
	if r.Broadcast != nil {
		t.broadcast(r.Broadcast)
	}
	if c := r.Connect; c != nil {
		t.line("held", "%s", short(c.Held))
		t.serverTime("connection", c.ServerUser, c.ServerSystem)
	}
	if r.Churn != nil {
		t.churn(r.Churn)
	}
	if r.Soak != nil {
		t.line("memory", "%s at most, growing by %s an hour in the end", size(r.Soak.Peak), size(r.Soak.Growth))
	}
	if r.Storm != nil {
		t.storm(r.Storm)
	}
	if r.Capacity != nil {
		t.capacity(r.Capacity)
	}
	t.server(r)
	t.generator(&r.Generator)
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := w.Write(text.Bytes())
	return err
}

// summary lays out a report as lines of a name and a text.
type summary struct{ *tabwriter.Writer }

func (t *summary) line(name, format string, values ...any) {
	fmt.Fprintf(t, "%s\t%s\n", name, fmt.Sprintf(format, values...))
}

// more continues the line above.
func (t *summary) more(format string, values ...any) { t.line("", format, values...) }

func (t *summary) title(r *Report) {
	switch p := r.Parameters.(type) {
	case Echo:
		t.line("echo", "%s", p.URL)
		t.more("%s, %s, %d B messages, %d in flight", count(p.Connections, "connection"), count(p.Loops, "loop"), p.Size, p.InFlight)
	case Idle:
		t.line("idle", "%s", p.URL)
		t.more("%s, %s", count(p.Connections, "connection"), count(p.Loops, "loop"))
	case Rate:
		t.line("rate", "%s", p.URL)
		t.wellBehaved(p)
	case Broadcast:
		t.broadcastTitle(p)
	case Rooms:
		t.roomsTitle(p)
	case Connect:
		t.line("connect", "%s", p.URL)
		t.more("%s, %s, %s", count(p.Connections, "connection"), count(p.Loops, "loop"), rateOf(p.Load))
	case Churn:
		t.churnTitle("churn", p)
	case Soak:
		t.churnTitle("soak", p.Churn)
	case Storm:
		t.stormTitle(p)
	case Capacity:
		t.capacityTitle(p)
	case Attack:
		t.line("attack", "%s", p.URL)
		t.wellBehaved(p.wellBehaved())
		t.more("%s: %s, %.0f frames/s and %.0f connections/s at most", p.Mode, count(p.Attackers, "attacker"), p.AttackRate, p.AttackConnectRate)
	}
	e := &r.Environment
	t.more("%s, %s", cmp.Or(e.Version, "unknown version"), cmp.Or(e.Commit, "unknown commit"))
	t.more("%s, Linux %s, %d CPUs, %d descriptors, ports %s", e.Go, e.Kernel, e.CPUs, e.DescriptorLimit, cmp.Or(e.PortRange, "unknown"))
}

func (t *summary) wellBehaved(p Rate) {
	t.more("%s, %s, %d B messages, %.0f messages/s", count(p.Connections, "connection"), count(p.Loops, "loop"), p.Size, p.PerSecond)
}

func (t *summary) trouble(r *Report) {
	if r.Interrupted {
		t.line("interrupted", "before its time; the figures cover what was done")
	}
	if r.Echo != nil || r.unanswered() > 0 {
		t.line("unanswered", "%s", count(r.unanswered(), "message"))
	}
	if r.Rate != nil {
		t.unpunctual(r.Rate.Lost, r.Rate.Late, r.Rate.Due)
	}
	if r.Attack != nil {
		t.losses(r.Attack)
	}
	if r.Broadcast != nil {
		t.undelivered(r.Broadcast)
	}
	if r.Connect != nil {
		t.line("late", "%s began more than %v late", count(r.Connect.Late, "connection"), lateAfter)
	}
	if r.Churn != nil {
		t.unreturned(r.Churn)
	}
	if r.Storm != nil {
		t.wreckage(r.Storm)
	}
	if r.Capacity != nil {
		t.unserved(r.Capacity)
	}
	c := &r.Connections
	t.line("failed", "%d of %s did not open", c.Failed, count(c.Asked, "connection"))
	t.line("dropped", "%s ended before the run did", count(c.Lost, "connection"))
	for _, f := range r.Failures {
		t.more("%d × %s: %s", f.Count, f.Stage, f.Cause)
	}
	for _, reason := range r.GeneratorOverloaded {
		t.line("overload", "%s: the latencies are the generator's, not the server's", reason)
	}
	if r.LatenciesWithheld {
		t.line("withheld", "the latencies; a run that allows the overload shows them")
	}
	if r.Generator.Saturated {
		t.line("warning", "the generator was saturated: it may have set the figures, not the server")
	}
}

func (t *summary) connections(c *Connections) {
	t.line("opened", "%d in %s, %.0f/s", c.Opened, short(c.Took), c.PerSecond)
	t.percentiles("handshake", c.Handshake)
	for _, n := range c.TLS {
		t.line("tls", "%s, %s: %s", n.Version, n.CipherSuite, count(n.Handshakes, "handshake"))
	}
}

func (t *summary) compression(f *CompressionFigures) {
	if f.Agreed == "" {
		t.line("compression", "none was agreed on")
		return
	}
	t.line("compression", "%s", f.Agreed)
	t.more("%s came compressed, %s for %s", count(f.Messages, "message"), size(int64(f.Bytes)), size(int64(f.Inflated)))
}

func (t *summary) percentiles(name string, l Latency) {
	if l.Count == 0 {
		return
	}
	t.line(name, "p50 %s  p90 %s  p99 %s  p99.9 %s  max %s", short(l.At(50)), short(l.At(90)),
		short(l.At(99)), short(l.At(99.9)), short(time.Duration(l.Max)*latencyUnit))
}

// latency is about messages, and says from where it counts.
func (t *summary) latency(name string, l Latency) {
	t.percentiles(name, l)
	t.counting(l)
}

// counting says from where the latency of messages counts.
func (t *summary) counting(l Latency) {
	switch {
	case l.Count == 0:
	case l.Corrected:
		t.more("from when each message was due: corrected for coordinated omission")
	default:
		t.more("from the write of each message: a closed loop, not corrected for coordinated omission")
	}
}

func (t *summary) echo(f *EchoFigures) {
	t.line("messages", "%d in %s, %.0f/s", f.Messages, short(f.Measured), f.PerSecond)
	t.line("payload", "%s each way, %s/s", size(int64(f.PayloadBytes)), size(perSecond(f.PayloadBytes, f.Measured)))
	t.latency("latency", f.Latency)
}

// unpunctual is about messages that did not come back, or left late.
func (t *summary) unpunctual(lost, late, due uint64) {
	t.line("missing", "%d of %s did not come back", lost, count(due, "message"))
	t.line("late", "%s left more than %v late", count(late, "message"), lateAfter)
}

func (t *summary) rate(f *RateFigures) {
	t.line("messages", "%d in %s, %.0f/s", f.Echoed, short(f.Measured), f.PerSecond)
	t.latency("latency", f.Latency)
}

func (t *summary) idle(f *IdleFigures) {
	t.line("held", "%s; %d pings answered, %d messages (%s) discarded", short(f.Held), f.Pings, f.Messages, size(int64(f.Bytes)))
}

func (t *summary) server(r *Report) {
	if len(r.Server) == 0 {
		return
	}
	if r.Echo != nil {
		t.serverTime("message", r.Echo.ServerUser, r.Echo.ServerSystem)
	}
	if r.Rate != nil {
		t.serverTime("message", r.Rate.ServerUser, r.Rate.ServerSystem)
	}
	if r.Broadcast != nil {
		t.serverTime("delivery", r.Broadcast.ServerUser, r.Broadcast.ServerSystem)
	}
	start := r.sampleAt(atStart)
	name := "server"
	for _, s := range r.Server {
		line := fmt.Sprintf("%s RSS, %s anonymous, CPU %.2f s", size(s.RSS), size(s.Anonymous), (s.User + s.System).Seconds())
		if s.At != atStart && start != nil && r.Connections.Opened > 0 {
			line += fmt.Sprintf(", %d B RSS per connection", (s.RSS-start.RSS)/int64(r.Connections.Opened))
		}
		t.line(name, "%s\t%s", s.At, line)
		name = ""
	}
}

func (t *summary) serverTime(each string, user, system time.Duration) {
	if user+system > 0 {
		t.line("server CPU", "%.2f µs per %s: %.2f user, %.2f system", micros(user+system), each, micros(user), micros(system))
	}
}

func (t *summary) generator(g *Generator) {
	if len(g.CoreShare) == 0 {
		return
	}
	shares := make([]string, len(g.CoreShare))
	for i, s := range g.CoreShare {
		shares[i] = fmt.Sprintf("%.0f %%", 100*s)
	}
	t.line("generator", "%s of a CPU per loop", strings.Join(shares, ", "))
}

func count[N int | uint64](n N, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// short rounds d to three significant digits.
func short(d time.Duration) string {
	unit := time.Duration(1)
	for abs := d.Abs(); abs >= 1000; abs /= 10 {
		unit *= 10
	}
	return d.Round(unit).String()
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func perSecond(n uint64, d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	return int64(float64(n) / d.Seconds())
}

// size returns n bytes in the unit that suits them.
func size(n int64) string {
	const units = "KMGT"
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	v, i := float64(n)/(1<<10), 0
	for v >= 1<<10 && i < len(units)-1 {
		v, i = v/(1<<10), i+1
	}
	return fmt.Sprintf("%.1f %ciB", v, units[i])
}

// rateOf says how fast connections are begun.
func rateOf(l Load) string {
	switch {
	case l.ConnectRate == 0:
		return "as fast as it goes"
	case l.ConnectRamp == 0:
		return fmt.Sprintf("%.0f/s", l.ConnectRate)
	}
	return fmt.Sprintf("%.0f/s after %v", l.ConnectRate, l.ConnectRamp)
}
