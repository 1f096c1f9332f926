package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// drainReport is what the table reads of the load tool's JSON documents: of the
// connections that the first process held, and of those that came meanwhile.
type drainReport struct {
	drained time.Duration
	held    struct {
		Environment environment `json:"environment"`
		Connections struct {
			Asked  int `json:"asked"`
			Opened int `json:"opened"`
		} `json:"connections"`
		Failures []failure `json:"failures"`
	}
	came struct {
		Failures []failure `json:"failures"`
		Churn    *struct {
			Left     int       `json:"left"`
			Returned int       `json:"returned"`
			Refused  []failure `json:"refused"`
			Latency  latency   `json:"handshake"`
		} `json:"churn"`
	}
}

func parseDrainReport(held, came loaded, drained time.Duration) (*drainReport, error) {
	r := &drainReport{drained: drained}
	if err := errors.Join(held.err, came.err); err != nil {
		return nil, err
	}
	if err := errors.Join(json.Unmarshal(held.text, &r.held), json.Unmarshal(came.text, &r.came)); err != nil {
		return nil, fmt.Errorf("no report of the load tool: %w", err)
	}
	if r.came.Churn == nil {
		return nil, errors.New("the load tool reported no connections that come and go")
	}
	return r, nil
}

// closedWith is how the load tool names a close frame of the server's.
const closedWith = "closed by the server with "

// isFarewell reports whether connections ended with a close frame whose code is for
// a server that goes (RFC 6455 §7.4.1: 1001; IANA's registry: 1012).
func (f failure) isFarewell() bool {
	rest, closed := strings.CutPrefix(f.Cause, closedWith)
	code, _, _ := strings.Cut(rest, ":")
	return closed && (code == "1001" || code == "1012")
}

// closed counts the connections held that saw a proper end.
func (r *drainReport) closed() (n int) {
	for _, f := range r.held.Failures {
		if f.isFarewell() {
			n += int(f.Count)
		}
	}
	return n
}

// refused are those that came and were not served. The first process ends its own
// of them as it ends the others.
func (r *drainReport) refused() []failure {
	return slices.DeleteFunc(slices.Concat(r.came.Failures, r.came.Churn.Refused), failure.isFarewell)
}

// faults are what a replacement should not have done.
func (r *drainReport) faults(d *drainCommand) (faults []error) {
	check := func(good bool, format string, arguments ...any) {
		if !good {
			faults = append(faults, fmt.Errorf(format, arguments...))
		}
	}
	check(r.held.Connections.Opened == d.Connections, "%d of %d connections opened", r.held.Connections.Opened, d.Connections)
	check(r.closed() == d.Connections, "%d of %d saw a close frame with 1001 or 1012", r.closed(), d.Connections)
	should := time.Duration(float64(d.Connections) / float64(d.Rate) * float64(time.Second))
	check(r.drained >= should*9/10, "drained after %v, faster than %d sessions a second", r.drained, d.Rate)
	check(r.drained <= should*11/10+time.Second, "drained after %v, where %v are enough", r.drained, should)
	check(len(r.refused()) == 0, "of the connections that came: %v", r.refused())
	check(r.came.Churn.Returned >= d.Comers, "only %d connections came", r.came.Churn.Returned)
	return faults
}

// write writes r as Markdown.
func (r *drainReport) write(w io.Writer, d *drainCommand) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### a process takes the place of %s: %d sessions drained at %d/s\n\n%s\n\n", d.Server.Name, d.Connections, d.Rate, d.setting(r.held.Environment))
	b.WriteString("| figure | value |\n|---|---:|\n")
	row := func(name, format string, values ...any) { writeRow(&b, []string{name, fmt.Sprintf(format, values...)}) }
	row("sessions held", "%d", r.held.Connections.Opened)
	row("closed with 1001 or 1012", "%d", r.closed())
	for _, f := range r.held.Failures {
		row("ended: "+f.Cause, "%d", f.Count)
	}
	row("first process gone after", "%.1f s", r.drained.Seconds())
	row("new connections meanwhile", "%d", r.came.Churn.Returned)
	row("handshake p50, p99", "%.2f ms, %.2f ms", r.came.Churn.Latency.at(50)/microsecondsPerMillisecond, r.came.Churn.Latency.at(99)/microsecondsPerMillisecond)
	refused := uint64(0)
	for _, f := range r.refused() {
		refused += f.Count
	}
	row("refused or failed", "%d", refused)
	_, err := io.WriteString(w, b.String())
	return err
}
