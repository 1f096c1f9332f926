package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
)

// recorded is a run of two samples, as a file.
func recorded(t *testing.T) (file []byte, report *Report) {
	t.Helper()
	report = &Report{
		Scenario:    "rate",
		Started:     time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		Environment: Environment{Version: "v1.2.3", Kernel: "6.18.0", CPUs: 2},
		Parameters:  map[string]any{"url": "ws://127.0.0.1/?a=1&b=2", "size": 64.0},
		Connections: Connections{Asked: 5, Opened: 5, Handshake: Latency{Count: 5, Percentiles: []Percentile{{50, 100}}}},
		Failures:    []FailureCount{},
		Rate:        &RateFigures{Measured: time.Second, Due: 10, Echoed: 10},
		Generator:   Generator{CoreShare: []float64{0.5}},
		Series: Series{
			{At: 1e9, Span: 1e9, Phase: "connecting", Connected: 5, Server: &ServerSample{RSS: 4096, CPU: 0.5}},
			{At: 2e9, Span: 1e9, Phase: "measuring", Connected: 5, Messages: 10, PerSecond: 10, P50: 100, P99: 200, Max: 300},
		},
	}
	var out bytes.Buffer
	r := NewRecorder(&out, []string{"wsbench", "rate"})
	r.Begin(report.heading())
	for _, s := range report.Series {
		r.Observe(s)
	}
	if err := r.End(report); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), report
}

func TestReadRun(t *testing.T) {
	file, report := recorded(t)
	got, err := ReadRun(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	want := &Recording{Command: []string{"wsbench", "rate"}, Report: report}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got.Report, want.Report)
	}
	if lines := bytes.Count(file, []byte("\n")); lines != 4 {
		t.Errorf("%d lines, want a header, two samples and a report", lines)
	}

	document, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if got, err = ReadRun(bytes.NewReader(document)); err != nil || !reflect.DeepEqual(got, &Recording{Report: report}) {
		t.Errorf("of a single report: got %+v, %v", got, err)
	}
}

// Wherever the file ends, what is whole is read.
func TestReadRunThatWasCutOff(t *testing.T) {
	file, report := recorded(t)
	header := bytes.IndexByte(file, '\n')
	for n := range len(file) - 1 {
		got, err := ReadRun(bytes.NewReader(file[:n]))
		if n < header {
			if err == nil {
				t.Fatalf("cut off after %d bytes, within the header: no error", n)
			}
			continue
		}
		if err != nil {
			t.Fatalf("cut off after %d bytes: %v", n, err)
		}
		samples := 0
		for _, line := range bytes.Split(file[:n+1], []byte("\n")) {
			if json.Valid(line) && bytes.Contains(line, []byte(`"kind":"sample"`)) {
				samples++
			}
		}
		if !got.CutOff || got.Report.Scenario != "rate" || got.Report.Rate != nil || got.Report.Environment != report.Environment {
			t.Fatalf("cut off after %d bytes: got %+v", n, got)
		}
		if have := len(got.Report.Series); have != samples && have != samples-1 || !reflect.DeepEqual(got.Report.Series, report.Series[:have]) && have > 0 {
			t.Fatalf("cut off after %d bytes: got %d samples of %d", n, have, samples)
		}
	}
}

func TestReadRunRefuses(t *testing.T) {
	header := `{"kind":"header","header":{"schema":1,"command":[]}}`
	for _, test := range []struct{ name, file, want string }{
		{"nothing", "", "is empty"},
		{"no JSON", "hello", "record 1: invalid character 'h'"},
		{"another document", `{"name": "x"}`, "record 1: is no header"},
		{"an array", `[]`, "record 1: json: cannot unmarshal array"},
		{"no header", `{"kind":"sample","sample":{}}`, "record 1: is no header"},
		{"a header without a value", `{"kind":"header"}`, "record 1: is no header"},
		{"a later schema", strings.Replace(header, "1", "2", 1), "schema 2: this program reads 1"},
		{"garbage behind the header", header + "\n{]", "record 2: invalid character ']'"},
		{"a sample that is none", header + "\n{\"kind\":\"sample\",\"sample\":5}", "record 2: json: cannot unmarshal number"},
	} {
		_, err := ReadRun(strings.NewReader(test.file))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
}

func TestReadRunPassesOverOtherKinds(t *testing.T) {
	file, report := recorded(t)
	file = bytes.Replace(file, []byte("\n"), []byte("\n{\"kind\":\"note\",\"note\":7}\n"), 1)
	got, err := ReadRun(bytes.NewReader(file))
	if err != nil || got.CutOff || len(got.Report.Series) != len(report.Series) {
		t.Errorf("got %+v, %v", got, err)
	}
}

var errFull = errors.New("disk full")

// full takes so many writes.
type full int

func (f *full) Write(b []byte) (int, error) {
	if *f--; *f < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestRecorderReportsTheFirstError(t *testing.T) {
	disk := full(1)
	r := NewRecorder(&disk, nil)
	r.Begin(Heading{})
	r.Observe(Sample{})
	if err := r.End(&Report{}); !errors.Is(err, errFull) {
		t.Errorf("got %v, want %v", err, errFull)
	}
	if disk != -1 {
		t.Errorf("%d writes after the first that failed", -1-disk)
	}
}

func FuzzReadRun(f *testing.F) {
	f.Add([]byte(`{"kind":"header","header":{"schema":1}}` + "\n" + `{"kind":"sample","sample":{"messages":1}}`))
	f.Add([]byte(`{"scenario":"echo","echo":{"messages":1}}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		run, err := ReadRun(bytes.NewReader(file))
		if (run == nil) == (err == nil) {
			t.Fatalf("got %v and %v", run, err)
		}
		if run == nil {
			return
		}
		if err := run.Report.WriteText(io.Discard); err != nil {
			t.Fatal(err)
		}
	})
}

// Samples are written before the run is judged.
func TestReadRunWithholdsLatencies(t *testing.T) {
	var file bytes.Buffer
	r := NewRecorder(&file, nil)
	r.Begin(Heading{Scenario: "rate"})
	r.Observe(Sample{At: 1e9, Messages: 10, P50: 1, P99: 2, Max: 3})
	report := &Report{Scenario: "rate", Rate: &RateFigures{}, GeneratorOverloaded: []string{"late"}}
	report.WithholdLatencies()
	if err := r.End(report); err != nil {
		t.Fatal(err)
	}
	run, err := ReadRun(&file)
	if err != nil {
		t.Fatal(err)
	}
	if s := run.Report.Series[0]; !run.Report.LatenciesWithheld || s.P50 != 0 || s.P99 != 0 || s.Max != 0 || s.Messages != 10 {
		t.Errorf("got %+v", s)
	}
}
