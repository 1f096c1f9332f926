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

// storms are the rounds of one command.
type storms []*stormReport

// worsening is by how much the p99 of bystanders rose, the median of the rounds.
func (s storms) worsening() float64 {
	var all []float64
	for _, r := range s {
		all = append(all, r.worsening())
	}
	return median(all)
}

func (s storms) faults(of *stormCommand) (faults []error) {
	for i, r := range s {
		for _, fault := range r.faults(of) {
			faults = append(faults, fmt.Errorf("round %d: %w", i+1, fault))
		}
	}
	if rose := s.worsening(); !(rose <= of.MaxRatio) {
		faults = append(faults, fmt.Errorf("the p99 of bystanders is %.2f of that before, more than %v", rose, of.MaxRatio))
	}
	return faults
}

// write writes the rounds as Markdown, in columns beside each other.
func (s storms) write(w io.Writer, of *stormCommand) error {
	var b strings.Builder
	first := s[0]
	fmt.Fprintf(&b, "### storm over %s: %d connections\n\n%s\n\n", of.Server.Name, first.Connections.Asked, of.setting(first.Environment))
	titles := []string{"figure"}
	for i := range s {
		titles = append(titles, fmt.Sprintf("round %d", i+1))
	}
	writeRow(&b, titles)
	b.WriteString("|---|" + strings.Repeat("---:|", len(s)) + "\n")
	for _, row := range stormRows {
		cells := []string{row.name}
		for _, r := range s {
			cells = append(cells, row.of(r))
		}
		writeRow(&b, cells)
	}
	fmt.Fprintf(&b, "\nAccept rate %d/s, burst %d. The p99 of bystanders in the storm by that before: %.2f, the median of %d.\n",
		of.AcceptRate, of.burst(), s.worsening(), len(s))
	for i, r := range s {
		fmt.Fprintf(&b, "\nRound %d: reasons counted: %s; refused: %s; machine: %v.\n", i+1, counted(r.seen.last().reasons), r.refused(), r.noise)
		if r.overloaded() {
			fmt.Fprintf(&b, "%s\n", r.note())
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// stormRows are the rows of the table.
var stormRows = []struct {
	name string
	of   func(*stormReport) string
}{
	{"dropped at once", func(r *stormReport) string { return fmt.Sprint(r.Storm.Dropped) }},
	{"back", func(r *stormReport) string { return fmt.Sprint(r.Storm.Back) }},
	{"the last of them after", func(r *stormReport) string { return r.Storm.Took.Round(time.Millisecond).String() }},
	{"away p50, p99", func(r *stormReport) string {
		return fmt.Sprintf("%.2f s, %.2f s", r.Storm.Away.at(50)/microsecondsPerSecond, r.Storm.Away.at(99)/microsecondsPerSecond)
	}},
	{"came back per second", func(r *stormReport) string { return fmt.Sprintf("%.0f", r.Storm.PerSecond) }},
	{"most within a second", func(r *stormReport) string {
		opened, span := r.seen.busiest()
		return fmt.Sprintf("%d in %v", opened, span.Round(time.Millisecond))
	}},
	{"attempts", func(r *stormReport) string { return fmt.Sprint(r.Storm.Attempts) }},
	{"longest turn of a loop", func(r *stormReport) string {
		return fmt.Sprintf("%.1f ms", float64(r.seen.longestTurn())/float64(time.Millisecond))
	}},
	{"bystanders' p50, p99 before", func(r *stormReport) string { return r.calm.String() }},
	{"in the storm", func(r *stormReport) string { return r.during.String() }},
	{"p99 in the storm by before", func(r *stormReport) string { return fmt.Sprintf("%.2f", r.worsening()) }},
	{"their messages lost", func(r *stormReport) string {
		return fmt.Sprintf("%d of %d", r.calm.Lost+r.during.Lost, r.calm.Due+r.during.Due)
	}},
	{"which left late, before and in the storm", func(r *stormReport) string {
		return fmt.Sprintf("%d, %d", r.calm.Late, r.during.Late)
	}},
	{"connections before, all open, all gone", stages(func(g glance) string { return fmt.Sprint(g.connections) })},
	{"goroutines", stages(func(g glance) string { return fmt.Sprint(g.goroutines) })},
	{"input buffers in use", stages(func(g glance) string { return fmt.Sprint(g.segments) })},
	{"RSS MiB", stages(func(g glance) string { return fmt.Sprintf("%.1f", mebibytes(g.rss)) })},
	{"sockets before, all gone", func(r *stormReport) string {
		return fmt.Sprintf("%d, %d", r.seen.socketsBefore, r.seen.socketsAfter)
	}},
}

// stages shows what is so before the storm, with all connections open, and when
// all are gone.
func stages(of func(glance) string) func(*stormReport) string {
	return func(r *stormReport) string {
		return strings.Join([]string{of(r.seen.first()), of(r.seen.fullest()), of(r.seen.last())}, ", ")
	}
}

// worsening is by how much the p99 of bystanders rose in the storm.
func (r *stormReport) worsening() float64 { return r.during.p99() / r.calm.p99() }

// refused says how often attempts failed, and why.
func (r *stormReport) refused() string {
	if len(r.Storm.Refused) == 0 {
		return "none"
	}
	var texts []string
	for _, f := range r.Storm.Refused {
		texts = append(texts, f.String())
	}
	return strings.Join(texts, ", ")
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
