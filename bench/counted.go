package bench

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
)

// Counted says by how much one of the server's counters has moved.
type Counted struct {
	// Series is the name of the metric, for example
	// "sluice_disconnects_total", and Reason the value of its label "reason".
	Series string `json:"series"`
	Reason string `json:"reason"`
	By     uint64 `json:"by"`
}

// reasonCounts are the counters that have a reason, at one moment.
type reasonCounts map[Counted]uint64 // By is 0 in the key

// fetchReasons reads /metrics below the admin address at base.
func fetchReasons(ctx context.Context, base string) (reasonCounts, error) {
	text, err := fetch(ctx, strings.TrimSuffix(base, "/")+"/metrics")
	if err != nil {
		return nil, &Fault{"AdminURL", err}
	}
	return parseReasons(text), nil
}

// parseReasons takes the counters with a label "reason" from the text format of
// Prometheus, whose counters end in _total. Values of such a counter that
// differ in other labels are added up.
func parseReasons(text []byte) reasonCounts {
	counts := reasonCounts{}
	for line := range bytes.Lines(text) {
		series, rest, labelled := strings.Cut(string(line), "{")
		labels, value, closed := strings.Cut(rest, "} ")
		if !labelled || !closed || !strings.HasSuffix(series, "_total") {
			continue
		}
		_, after, found := strings.Cut(","+labels, `,reason="`)
		reason, _, ended := strings.Cut(after, `"`)
		number, _, _ := strings.Cut(strings.TrimSpace(value), " ") // a time may follow
		n, err := strconv.ParseFloat(number, 64)
		if !found || !ended || err != nil || n < 0 {
			continue
		}
		counts[Counted{Series: series, Reason: reason}] += uint64(n)
	}
	return counts
}

// since returns the counters that have grown since before, the most first.
func (c reasonCounts) since(before reasonCounts) []Counted {
	moved := []Counted{}
	for key, count := range c {
		if count > before[key] {
			key.By = count - before[key]
			moved = append(moved, key)
		}
	}
	slices.SortFunc(moved, func(a, b Counted) int {
		return cmp.Or(cmp.Compare(b.By, a.By), cmp.Compare(a.Series, b.Series), cmp.Compare(a.Reason, b.Reason))
	})
	return moved
}
