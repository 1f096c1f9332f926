package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// figure is one number of one benchmark, on both sides. Less is better.
type figure struct {
	pkg, name, unit string
	old, new        float64 // medians
	significant     bool
}

// ratio is infinite for a figure that was 0 and is not.
func (f figure) ratio() float64 {
	if f.new == f.old {
		return 1
	}
	return f.new / f.old
}

func (f figure) worse(threshold float64) bool { return f.significant && f.ratio() >= threshold }

// Columns of a row of benchstat: the name, a median and its interval for each
// side, and the difference, which is "~" where it is not significant.
const (
	columnName   = 0
	columnOld    = 1
	columnNew    = 3
	columnChange = 5
	columns      = 7
)

// throughput is left out: it says in MB/s what sec/op says.
const throughput = "B/s"

// parse reads the CSV of benchstat. A benchmark that only one side has is left
// out.
func parse(text []byte) ([]figure, error) {
	rows := csv.NewReader(bytes.NewReader(text))
	rows.FieldsPerRecord = -1
	var all []figure
	pkg, unit := "", ""
	for {
		row, err := rows.Read()
		switch {
		case errors.Is(err, io.EOF) && len(all) == 0:
			return nil, errors.New("benchstat compared nothing: no benchmark ran on both sides")
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("benchstat: %w", err)
		}
		if name, found := strings.CutPrefix(row[0], "pkg: "); found {
			pkg = name[strings.LastIndexByte(name, '/')+1:]
		}
		switch {
		case len(row) < columns:
		case row[columnName] == "":
			unit = row[columnOld]
		case row[columnName] == "geomean" || unit == throughput || row[columnOld] == "" || row[columnNew] == "":
		default:
			f := figure{pkg: pkg, name: row[columnName], unit: unit, significant: row[columnChange] != "~"}
			var oldErr, newErr error
			f.old, oldErr = strconv.ParseFloat(row[columnOld], 64)
			f.new, newErr = strconv.ParseFloat(row[columnNew], 64)
			if err := errors.Join(oldErr, newErr); err != nil {
				return nil, fmt.Errorf("benchstat: %s, %s: %w", f.name, f.unit, err)
			}
			all = append(all, f)
		}
	}
}

// write writes the figures as a Markdown table, and reports whether one is worse
// by the threshold or more. Those that were 0 and still are have no row.
func write(w io.Writer, figures []figure, threshold float64) (worse bool) {
	fmt.Fprint(w, "| package | benchmark | unit | old | new | ratio | |\n|---|---|---|---:|---:|---:|---|\n")
	for _, f := range figures {
		if f.old == 0 && f.new == 0 {
			continue
		}
		note := "within noise"
		switch {
		case f.worse(threshold):
			note, worse = "**worse**", true
		case f.significant:
			note = ""
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %.2f | %s |\n", f.pkg, f.name, readable(f.unit), number(f, f.old), number(f, f.new), f.ratio(), note)
	}
	if worse {
		fmt.Fprintf(w, "\nWorse: %.2f times as much or more, with p < 0.01.\n", threshold)
	}
	return worse
}

// readable is the unit of what number returns.
func readable(unit string) string {
	if per, found := strings.CutPrefix(unit, "sec/"); found {
		return "ns/" + per
	}
	return unit
}

func number(f figure, value float64) string {
	if strings.HasPrefix(f.unit, "sec/") {
		return strconv.FormatFloat(1e9*value, 'f', 1, 64)
	}
	return strconv.FormatFloat(value, 'f', 0, 64)
}
