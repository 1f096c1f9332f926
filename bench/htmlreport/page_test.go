package htmlreport_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/bench"
	"github.com/sluicegate/sluice/bench/htmlreport"
)

var update = flag.Bool("update", false, "write the golden files anew")

// runOf is a run of the open loop whose latencies and memory grow with slowness.
func runOf(name string, slowness int64, change func(*bench.Report)) htmlreport.Run {
	r := &bench.Report{
		Scenario: "rate",
		Started:  time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		Environment: bench.Environment{Version: "v1.2.3", Commit: "0123abc", Go: "go1.26.0", Kernel: "6.18.0", CPUs: 2, CPUModel: "Some CPU",
			GOMAXPROCS: 2, DescriptorLimit: 20000, PortRange: "32768 60999", Backlog: "4096"},
		Parameters: bench.Rate{Load: bench.Load{URL: "ws://127.0.0.1:8080/echo", Connections: 100}, PerSecond: 1000, Duration: 3 * time.Second},
		Connections: bench.Connections{Asked: 100, Opened: 100, PerSecond: 900, Took: 100 * time.Millisecond,
			Handshake: bench.Latency{Count: 100, Max: 900, Percentiles: []bench.Percentile{{Percent: 50, Microseconds: 200}, {Percent: 99, Microseconds: 800}}}},
		Rate: &bench.RateFigures{Measured: 3 * time.Second, Due: 3000, Echoed: 3000, PerSecond: 1000,
			ServerUser: 2 * time.Microsecond, ServerSystem: 6 * time.Microsecond,
			Latency: bench.Latency{Count: 3000, Corrected: true, Max: 9000 * slowness, Percentiles: []bench.Percentile{
				{Percent: 1, Microseconds: 50 * slowness}, {Percent: 50, Microseconds: 100 * slowness}, {Percent: 90, Microseconds: 250 * slowness},
				{Percent: 99, Microseconds: 1000 * slowness}, {Percent: 99.9, Microseconds: 5000 * slowness}, {Percent: 99.999, Microseconds: 9000 * slowness}}}},
		Generator: bench.Generator{CoreShare: []float64{0.25}},
	}
	for second := range int64(3) {
		r.Series = append(r.Series, bench.Sample{At: time.Duration(second+1) * time.Second, Span: time.Second, Phase: "measuring", Opened: 100, Connected: 100,
			Messages: 1000, PerSecond: 1000, P50: 100 * slowness, P99: (1000 + 100*second) * slowness, Max: 9000, ClientCPU: 0.2, BusiestLoop: 0.2,
			Server: &bench.ServerSample{RSS: (16 + second) << 20 * slowness, CPU: 0.1}})
	}
	if change != nil {
		change(r)
	}
	return htmlreport.Run{Name: name, Recording: &bench.Recording{Command: []string{"wsbench", "rate", "ws://127.0.0.1:8080/echo"}, Report: r}}
}

func TestGolden(t *testing.T) {
	lossy := runOf("lossy", 3, func(r *bench.Report) {
		r.Rate.Lost, r.Rate.Late = 3, 60
		r.Environment.Kernel = "6.19.0"
		r.Generator.Saturated = true
	})
	lossy.Broken = []string{"loss=0: loss is 3"}
	cut := runOf("cut <off>", 1, func(r *bench.Report) {
		r.Rate, r.Connections, r.Generator = nil, bench.Connections{}, bench.Generator{}
	})
	cut.CutOff = true
	page := write(t, []htmlreport.Run{runOf("base", 1, nil), lossy, cut})
	checkSelfContained(t, page)
	checkDrawings(t, page)

	// Style and script are files of their own.
	got := regexp.MustCompile(`(?s)<(style|script)>.*?</`).ReplaceAllString(page, "<$1></")
	const golden = "testdata/page.golden.html"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the page is not %s; where the new one is right, run with -update", golden)
	}
}

func write(t *testing.T, runs []htmlreport.Run) string {
	t.Helper()
	var page bytes.Buffer
	if err := htmlreport.Write(&page, runs); err != nil {
		t.Fatal(err)
	}
	return page.String()
}

// checkSelfContained checks that nothing in the page makes a browser fetch.
func checkSelfContained(t *testing.T, page string) {
	t.Helper()
	for _, pattern := range []string{`\bsrc\s*=`, `\bhref\s*=`, `url\(`, `@import`, `<link`, `<iframe`, `https?://`} {
		if found := regexp.MustCompile(pattern).FindString(page); found != "" {
			t.Errorf("the page has %q", found)
		}
	}
	if !strings.Contains(page, `content="default-src 'none';`) {
		t.Error("the page has no policy that forbids requests")
	}
}

// checkDrawings checks that every drawing is well-formed and has a curve within
// its bounds.
func checkDrawings(t *testing.T, page string) {
	t.Helper()
	drawings := regexp.MustCompile(`(?s)<svg viewBox="0 0 (\d+) 260".*?</svg>`).FindAllStringSubmatch(page, -1)
	if len(drawings) < 4 {
		t.Errorf("%d drawings", len(drawings))
	}
	for _, drawing := range drawings {
		decoder := xml.NewDecoder(strings.NewReader(drawing[0]))
		decoder.Strict = false // hidden has no value
		var err error
		for err == nil {
			_, err = decoder.Token()
		}
		if !errors.Is(err, io.EOF) {
			t.Errorf("a drawing is not well-formed: %v", err)
		}
		curves := regexp.MustCompile(`class="curve[^>]* d="M([^"]*)"`).FindAllStringSubmatch(drawing[0], -1)
		if len(curves) == 0 {
			t.Error("a drawing has no curve")
		}
		for _, curve := range curves {
			for place := range strings.SplitSeq(curve[1], "L") {
				var x, y float64
				if _, err := fmt.Sscanf(place, "%g %g", &x, &y); err != nil || x < 66 || x > 1320-34 || y < 12 || y > 220 {
					t.Errorf("a curve goes through %q: %v", place, err)
				}
			}
		}
	}
}

func TestPageSays(t *testing.T) {
	slower := runOf("slower", 2, nil)
	dirty := runOf("dirty", 1, func(r *bench.Report) {
		r.Environment.Commit += "+dirty"
		r.Interrupted = true
	})
	closed := runOf("closed", 1, func(r *bench.Report) {
		r.Scenario, r.Rate = "echo", nil
		r.Echo = &bench.EchoFigures{Messages: 10, PerSecond: 5, Latency: bench.Latency{Count: 10, Max: 10, Percentiles: []bench.Percentile{{Percent: 50, Microseconds: 5}}}}
	})
	overloaded := runOf("overloaded", 1, func(r *bench.Report) { r.GeneratorOverloaded = []string{"9 % left late"} })
	withheld := runOf("withheld", 1, func(r *bench.Report) {
		r.GeneratorOverloaded = []string{"9 % left late"}
		r.WithholdLatencies()
	})
	base := runOf("base", 1, nil)
	for _, test := range []struct {
		name string
		runs []htmlreport.Run
		want []string
		not  []string
	}{
		{"one", []htmlreport.Run{base}, []string{"✓ passed", "corrected for coordinated omission", "8µs", "1,000/s"}, []string{"Before you read on", "×</span>"}},
		{"a slower one", []htmlreport.Run{base, slower}, []string{"2.00× worse", `class="ratio ">1.00×`}, []string{"Before you read on", "better</span>"}},
		{"a faster one", []htmlreport.Run{slower, base}, []string{"0.50× better"}, []string{"worse</span>"}},
		{"what differs", []htmlreport.Run{base, dirty}, []string{"The runs differ in commit: 0123abc · 0123abc&#43;dirty.", "B: the run was interrupted", "B: the load tool was built from a tree with changes"}, nil},
		{"interrupted", []htmlreport.Run{dirty}, []string{"✗ fell short"}, []string{"✓ passed"}},
		{"closed and open", []htmlreport.Run{base, closed}, []string{"they cannot be compared", "The runs differ in scenario: rate · echo.", "of a closed loop from its write"}, []string{"better</span>", "worse</span>"}},
		{"overloaded", []htmlreport.Run{overloaded}, []string{"9 % left late. The latencies are the client&#39;s", "Latency distribution"}, []string{"withheld"}},
		{"withheld", []htmlreport.Run{withheld}, []string{"9 % left late. Its latencies are not the server&#39;s and are withheld."}, []string{"Latency distribution", "Latency over time", "corrected for"}},
		{"markup in a name", []htmlreport.Run{runOf("<script>x", 1, nil)}, []string{"&lt;script&gt;x"}, []string{"<script>x"}},
	} {
		page := write(t, test.runs)
		for _, want := range test.want {
			if !strings.Contains(page, want) {
				t.Errorf("%s: the page does not say %q", test.name, want)
			}
		}
		for _, not := range test.not {
			if strings.Contains(page, not) {
				t.Errorf("%s: the page says %q", test.name, not)
			}
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	for count, want := range map[int]error{0: htmlreport.ErrNoRuns, htmlreport.MaxRuns + 1: htmlreport.ErrTooManyRuns} {
		if err := htmlreport.Write(io.Discard, make([]htmlreport.Run, count)); !errors.Is(err, want) {
			t.Errorf("%d runs: got %v, want %v", count, err, want)
		}
	}
}
