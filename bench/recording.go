package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// RecordingSchema is the version of the records that a [Recorder] writes. It
// grows when a reader of the one before would misread them; a field more is no
// reason.
const RecordingSchema = 1

// record is one line of a recording: a kind, and the value that belongs to it.
type record struct {
	Kind   recordKind       `json:"kind"`
	Header *RecordingHeader `json:"header,omitempty"`
	Sample *Sample          `json:"sample,omitempty"`
	Report *Report          `json:"report,omitempty"`
}

type recordKind string

const (
	kindHeader recordKind = "header"
	kindSample recordKind = "sample"
	kindReport recordKind = "report"
)

// RecordingHeader is the first record of a recording.
type RecordingHeader struct {
	Schema int `json:"schema"`
	// Command is the command line.
	Command []string `json:"command"`
	Heading
}

// Recorder is an [Observer] that writes a run as newline-delimited JSON: a
// header, a sample at a time while the run lasts, and the report. What a line
// holds is written in one piece, so that a run that was killed leaves whole
// lines, and at most one that is not. Its methods are to be called one at a
// time.
type Recorder struct {
	out     *json.Encoder
	command []string
	err     error // the first of writing
}

var _ Observer = (*Recorder)(nil)

// NewRecorder returns a recorder that writes to w, for a run that was asked for
// by a command line.
func NewRecorder(w io.Writer, command []string) *Recorder {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	return &Recorder{out: out, command: command}
}

// Begin writes the header.
func (r *Recorder) Begin(h Heading) {
	r.write(record{Kind: kindHeader, Header: &RecordingHeader{RecordingSchema, r.command, h}})
}

// Observe writes a sample.
func (r *Recorder) Observe(s Sample) { r.write(record{Kind: kindSample, Sample: &s}) }

// End writes the report, without the series, which the samples are. It returns
// the first error of all that was written.
func (r *Recorder) End(report *Report) error {
	bare := *report
	bare.Series = nil
	r.write(record{Kind: kindReport, Report: &bare})
	return r.err
}

func (r *Recorder) write(line record) {
	if r.err == nil {
		r.err = r.out.Encode(line)
	}
}

// Recording is a run that was read from a file.
type Recording struct {
	// Command is the command line; nil if the file does not have it.
	Command []string
	// Report has the run's series. Its parameters are a map[string]any.
	Report *Report
	// CutOff: the run was killed, or is still under way. The report has what was
	// known at its beginning, and the series.
	CutOff bool
}

// ReadRun reads what a [Recorder] wrote, as far as it came: a file that ends in
// the middle of a line, or before the report, is a run that was cut off. It also
// takes a report that was marshalled to JSON. It reads all of in.
func ReadRun(in io.Reader) (*Recording, error) {
	decoder := json.NewDecoder(in)
	var first struct {
		record
		Report
	}
	if err := decoder.Decode(&first); err != nil {
		return nil, unreadable(1, err)
	}
	if first.Kind == "" && first.Scenario != "" {
		return &Recording{Report: &first.Report}, nil
	}
	h := first.Header
	switch {
	case first.Kind != kindHeader || h == nil:
		return nil, errors.New("record 1: is no header: give a file that wsbench wrote with --out or --json")
	case h.Schema != RecordingSchema:
		return nil, fmt.Errorf("record 1: schema %d: this program reads %d: use a wsbench of the version that wrote it (%s)",
			h.Schema, RecordingSchema, h.Environment.Version)
	}
	return readRecords(decoder, h)
}

// readRecords reads what follows a header.
func readRecords(decoder *json.Decoder, h *RecordingHeader) (*Recording, error) {
	run := &Recording{Command: h.Command, CutOff: true, Report: &Report{
		Scenario:    h.Scenario,
		Started:     h.Started,
		Environment: h.Environment,
		Parameters:  h.Parameters,
	}}
	var series thinning
	for n := 2; ; n++ {
		var next record
		err := decoder.Decode(&next)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			run.Report.Series = series.points
			return run, nil
		case err != nil:
			return nil, unreadable(n, err)
		case next.Kind == kindSample && next.Sample != nil:
			series.add(*next.Sample)
		case next.Kind == kindReport && next.Report != nil:
			run.Report, run.CutOff = next.Report, false
			if run.Report.LatenciesWithheld {
				series.points.withholdLatencies() // they were written before the verdict
			}
		}
	}
}

func unreadable(n int, err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("is empty")
	}
	return fmt.Errorf("record %d: %w: give a file that wsbench wrote with --out or --json", n, err)
}
