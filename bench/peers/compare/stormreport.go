package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// stormReport is what the table reads of the load tool's JSON document, and what
// others saw meanwhile.
type stormReport struct {
	verdict
	Environment environment `json:"environment"`
	Connections struct {
		Asked  int `json:"asked"`
		Opened int `json:"opened"`
		Lost   int `json:"lost"`
	} `json:"connections"`
	Failures []failure       `json:"failures"`
	Server   []processSample `json:"server"`
	Storm    *struct {
		Dropped   int           `json:"dropped"`
		Back      int           `json:"back"`
		Took      time.Duration `json:"tookNanoseconds"`
		PerSecond float64       `json:"perSecond"`
		Attempts  uint64        `json:"attempts"`
		Refused   []failure     `json:"refused"`
		Away      latency       `json:"away"`
	} `json:"storm"`

	impression
	noise noise
}

func parseStormReport(text []byte) (*stormReport, error) {
	r := new(stormReport)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("no report of the load tool: %w", err)
	}
	switch {
	case r.Storm != nil && r.Storm.Dropped > 0:
		return r, nil
	case len(r.Failures) > 0:
		return nil, errors.New(r.Failures[0].String())
	}
	return nil, errors.New("the load tool reported no storm")
}

// rateSlack is by how much a server may seem to exceed its rate: the moments of
// two looks are not quite those of the figures.
const rateSlack = 1.05

// faults are what the storm should not have done.
func (r *stormReport) faults(s *stormCommand) (faults []error) {
	check := func(good bool, format string, arguments ...any) {
		if !good {
			faults = append(faults, fmt.Errorf(format, arguments...))
		}
	}
	f, first, last := r.Storm, r.seen.first(), r.seen.last()
	check(r.Connections.Opened == r.Connections.Asked && r.Connections.Lost == 0, "%d of %d connections opened, and %d were lost",
		r.Connections.Opened, r.Connections.Asked, r.Connections.Lost)
	check(f.Back == f.Dropped, "%d of %d came back", f.Back, f.Dropped)
	missing := r.calm.Lost + r.during.Lost
	check(missing == 0, "%d messages of bystanders did not come back", missing)
	opened, span := r.seen.busiest()
	allowed := float64(s.AcceptRate)*span.Seconds() + float64(s.burst())
	check(float64(opened) <= rateSlack*allowed, "%d sessions opened within %v, where %.0f are allowed", opened, span, allowed)
	check(r.seen.longestTurn() <= s.MaxTurn, "a turn took %v, longer than %v", r.seen.longestTurn(), s.MaxTurn)
	check(last.connections == 0 && last.sessions == 0, "%d connections and %d sessions are left", last.connections, last.sessions)
	check(last.segments <= s.Loops, "%d input buffers are in use, more than one for each of %d loops", last.segments, s.Loops)
	check(last.goroutines <= first.goroutines, "%d goroutines are left of %d", last.goroutines, first.goroutines)
	check(r.seen.socketsAfter <= r.seen.socketsBefore, "%d sockets are open, and were %d", r.seen.socketsAfter, r.seen.socketsBefore)
	return faults
}

// write writes r as Markdown.
func (r *stormReport) write(w io.Writer, s *stormCommand) error {
	var b strings.Builder
	f, first, last := r.Storm, r.seen.first(), r.seen.last()
	fmt.Fprintf(&b, "### storm over %s: %d connections\n\n%s\n\n", s.Server.Name, r.Connections.Asked, s.setting(r.Environment))
	b.WriteString("| figure | value |\n|---|---:|\n")
	row := func(name, format string, values ...any) { writeRow(&b, []string{name, fmt.Sprintf(format, values...)}) }
	row("dropped at once", "%d", f.Dropped)
	row("back", "%d", f.Back)
	row("the last of them after", "%v", f.Took.Round(time.Millisecond))
	row("away p50, p99", "%.2f s, %.2f s", f.Away.at(50)/microsecondsPerSecond, f.Away.at(99)/microsecondsPerSecond)
	row("accept rate configured, burst", "%d/s, %d", s.AcceptRate, s.burst())
	row("came back per second", "%.0f", f.PerSecond)
	opened, span := r.seen.busiest()
	row("most within a second", "%d in %v", opened, span.Round(time.Millisecond))
	row("attempts", "%d", f.Attempts)
	for _, refused := range f.Refused {
		row("refused: "+refused.Cause, "%d", refused.Count)
	}
	row("longest turn of a loop", "%.1f ms", float64(r.seen.longestTurn())/float64(time.Millisecond))
	row("bystanders' p50, p99 before", "%v", r.calm)
	row("during", "%v", r.during)
	row("p99 during by before", "%.2f", r.during.p99()/r.calm.p99())
	row("their messages lost", "%d of %d", r.calm.Lost+r.during.Lost, r.calm.Due+r.during.Due)
	fmt.Fprint(&b, "\n| of the server's process | before | all open | all gone |\n|---|---:|---:|---:|\n")
	held := r.seen.fullest()
	for _, line := range []struct {
		name string
		of   func(glance) string
	}{
		{"connections", func(g glance) string { return fmt.Sprint(g.connections) }},
		{"goroutines", func(g glance) string { return fmt.Sprint(g.goroutines) }},
		{"input buffers in use", func(g glance) string { return fmt.Sprint(g.segments) }},
		{"RSS MiB", func(g glance) string { return fmt.Sprintf("%.1f", mebibytes(g.rss)) }},
	} {
		writeRow(&b, []string{line.name, line.of(first), line.of(held), line.of(last)})
	}
	writeRow(&b, []string{"sockets", fmt.Sprint(r.seen.socketsBefore), "", fmt.Sprint(r.seen.socketsAfter)})
	fmt.Fprintf(&b, "\nReasons counted: %s. Machine: %v.\n", counted(last.reasons), r.noise)
	if r.overloaded() {
		fmt.Fprintf(&b, "\n%s\n", r.note())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

const microsecondsPerSecond = 1e6

// counted names the reasons that were counted, in order.
func counted(reasons map[string]uint64) string {
	var texts []string
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		if n := reasons[reason]; n > 0 {
			texts = append(texts, fmt.Sprintf("%s %d", reason, n))
		}
	}
	if len(texts) == 0 {
		return "none"
	}
	return strings.Join(texts, ", ")
}
