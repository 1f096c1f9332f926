package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// capacityReport is what the table reads of the load tool's JSON document.
type capacityReport struct {
	verdict
	Environment environment `json:"environment"`
	Connections struct {
		Asked     int           `json:"asked"`
		Opened    int           `json:"opened"`
		Failed    int           `json:"failed"`
		Lost      int           `json:"lost"`
		Took      time.Duration `json:"tookNanoseconds"`
		PerSecond float64       `json:"perSecond"`
	} `json:"connections"`
	Failures []failure `json:"failures"`
	Server   []struct {
		At string `json:"at"`
		processSample
	} `json:"server"`
	Capacity *struct {
		Verified struct {
			Took   time.Duration `json:"tookNanoseconds"`
			Pongs  answers       `json:"pongs"`
			Echoes answers       `json:"echoes"`
		} `json:"verified"`
		Held struct {
			ServerPings uint64 `json:"serverPings"`
		} `json:"held"`
		Active struct {
			Connections int     `json:"connections"`
			Due         uint64  `json:"due"`
			Lost        uint64  `json:"lost"`
			Late        uint64  `json:"late"`
			PerSecond   float64 `json:"perSecond"`
			Latency     latency `json:"latency"`
		} `json:"active"`
		Broadcast *struct {
			Expected uint64        `json:"expected"`
			Lost     uint64        `json:"lost"`
			Last     time.Duration `json:"lastNanoseconds"`
		} `json:"broadcast"`
		Phases []struct {
			Phase    string        `json:"phase"`
			Took     time.Duration `json:"tookNanoseconds"`
			CPUShare float64       `json:"cpuShare"`
		} `json:"phases"`
		Kernel []struct {
			At      string `json:"at"`
			Slab    int64  `json:"slabBytes"`
			Sockets int64  `json:"tcpSockets"`
		} `json:"kernel"`
	} `json:"capacity"`
}

type answers struct {
	Sent    uint64 `json:"sent"`
	Missing uint64 `json:"missing"`
}

func (a answers) String() string { return fmt.Sprintf("%d of %d", a.Sent-a.Missing, a.Sent) }

func parseCapacityReport(text []byte) (*capacityReport, error) {
	r := new(capacityReport)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("no report of the load tool: %w", err)
	}
	if r.Capacity == nil || len(r.Capacity.Kernel) == 0 || len(r.Server) == 0 {
		return nil, errors.New("the load tool reported no capacity")
	}
	return r, nil
}

// complete returns an error unless every connection opened, stayed and was
// served: each of them is asked for a pong and for an echo.
func (r *capacityReport) complete() error {
	c, f := r.Connections, r.Capacity
	missing := f.Verified.Pongs.Missing + f.Verified.Echoes.Missing + f.Active.Lost
	if f.Broadcast != nil {
		missing += f.Broadcast.Lost
	}
	asked := min(f.Verified.Pongs.Sent, f.Verified.Echoes.Sent)
	if asked < uint64(c.Opened) {
		return fmt.Errorf("%d of %d connections were verified", asked, c.Opened)
	}
	if c.Opened == c.Asked && c.Lost == 0 && missing == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d connections opened, %d were lost and %d answers and deliveries are missing", c.Opened, c.Asked, c.Lost, missing)
}

// write writes r as Markdown: what was asked for, and then memory and CPU time,
// phase by phase.
func (r *capacityReport) write(w io.Writer, server string, at place) error {
	var b strings.Builder
	c := r.Capacity
	fmt.Fprintf(&b, "### capacity of %s: %d connections\n\n", server, r.Connections.Asked)
	fmt.Fprintf(&b, "%s\n\n", at.setting(r.Environment))
	b.WriteString("| figure | value |\n|---|---:|\n")
	row := func(name, format string, values ...any) { writeRow(&b, []string{name, fmt.Sprintf(format, values...)}) }
	row("opened", "%d of %d", r.Connections.Opened, r.Connections.Asked)
	row("lost", "%d", r.Connections.Lost)
	row("connections opened per second", "%.0f", r.Connections.PerSecond)
	row("pings answered", "%v", c.Verified.Pongs)
	row("messages echoed and verified", "%v", c.Verified.Echoes)
	row("pings of the server answered while all rested", "%d", c.Held.ServerPings)
	if c.Active.Due > 0 {
		row("active connections", "%d", c.Active.Connections)
		row("their messages per second", "%.0f", c.Active.PerSecond)
		row("their messages lost, late", "%d, %d of %d", c.Active.Lost, c.Active.Late, c.Active.Due)
		row("latency p50, p99", "%.2f ms, %.2f ms", c.Active.Latency.at(50)/1000, c.Active.Latency.at(99)/1000)
	}
	if c.Broadcast != nil {
		row("one broadcast reached", "%d of %d", c.Broadcast.Expected-c.Broadcast.Lost, c.Broadcast.Expected)
		row("the last of them after", "%v", c.Broadcast.Last.Round(time.Millisecond))
	}
	r.writeMemory(&b)
	r.writePhases(&b)
	for _, f := range r.Failures {
		fmt.Fprintf(&b, "\n%s\n", f)
	}
	if r.overloaded() {
		fmt.Fprintf(&b, "\n%s\n", r.note())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeMemory writes a row for each moment at which both the server and the
// kernel were looked at.
func (r *capacityReport) writeMemory(b *strings.Builder) {
	b.WriteString("\n| memory | server RSS MiB | B per connection | kernel slab MiB | TCP sockets |\n|---|---:|---:|---:|---:|\n")
	kernel := r.Capacity.Kernel
	for i := range min(len(r.Server), len(kernel)) {
		s, k, each := r.Server[i], kernel[i], "–"
		if i > 0 && r.Connections.Opened > 0 {
			each = fmt.Sprintf("%d", (s.RSS-r.Server[0].RSS)/int64(r.Connections.Opened))
		}
		writeRow(b, []string{s.At, fmt.Sprintf("%.1f", float64(s.RSS)/bytesPerMiB), each,
			fmt.Sprintf("%.0f", float64(k.Slab)/bytesPerMiB), fmt.Sprintf("%d", k.Sockets)})
	}
}

func (r *capacityReport) writePhases(b *strings.Builder) {
	b.WriteString("\n| phase | took | server CPU, share of one |\n|---|---:|---:|\n")
	for _, p := range r.Capacity.Phases {
		writeRow(b, []string{p.Phase, p.Took.Round(10 * time.Millisecond).String(), fmt.Sprintf("%.1f %%", 100*p.CPUShare)})
	}
}
