package main

import (
	"fmt"
	"io"
	"strings"
)

// writeTable writes a summary as a Markdown section.
func writeTable(w io.Writer, s *summary) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n", s.Title)
	titles := []string{"server", s.figures[0].name, "× " + s.Baseline, "quartiles"}
	for _, f := range s.figures[1:] {
		titles = append(titles, f.name)
	}
	writeRow(&b, titles)
	b.WriteString("|---|" + strings.Repeat("---:|", len(titles)-1) + "\n")
	for _, r := range s.Rows {
		if r.Failed == "" {
			writeRow(&b, cells(r, s.figures))
		}
	}
	b.WriteString("\n" + s.provenance() + "\n")
	if ciphers := s.ciphers(); ciphers != "" {
		b.WriteString("\nNegotiated: " + ciphers + ".\n")
	}
	s.writeFailed(&b)
	b.WriteString("\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func cells(r row, figures []figure) []string {
	ratio, quartiles := "", ""
	if r.Ratio != nil {
		ratio = fmt.Sprintf("%.2f", r.Ratio.Median)
		quartiles = fmt.Sprintf("%.2f–%.2f", r.Ratio.Low, r.Ratio.High)
	}
	line := []string{r.Name, figures[0].format(r.Figures[0]), ratio, quartiles}
	for i, f := range figures[1:] {
		line = append(line, f.format(r.Figures[i+1]))
	}
	return line
}

func writeRow(b *strings.Builder, columns []string) {
	b.WriteString("| " + strings.Join(columns, " | ") + " |\n")
}

// writeFailed says which servers have no figures, and why.
func (s *summary) writeFailed(b *strings.Builder) {
	for _, r := range s.Rows {
		if r.Failed != "" {
			fmt.Fprintf(b, "\n%s failed: %s\n", r.Name, r.Failed)
		}
	}
}

// provenance says how far the figures can be trusted.
func (s *summary) provenance() string {
	text := fmt.Sprintf("Medians of %d rounds. Disturbed runs: %d repeated, %d kept although noisy; worst kept: %v.", len(s.Rounds), s.Repeated, s.Noisy, s.Worst)
	saturated, overloaded := 0, 0
	for _, r := range s.Rounds {
		saturated += len(r.Saturated)
		overloaded += len(r.Overloaded)
	}
	if saturated > 0 {
		text += fmt.Sprintf(" In %d runs the load tool was saturated: their latencies and messages/s are its own.", saturated)
	}
	if overloaded > 0 {
		text += fmt.Sprintf(" In %d runs it could not keep its schedule: their latencies are its own.", overloaded)
	}
	return text
}

// ciphers says what was negotiated with each server, if they speak TLS.
func (s *summary) ciphers() string {
	var each []string
	for _, r := range s.Rows {
		if r.Cipher != "" {
			each = append(each, r.Name+" "+r.Cipher)
		}
	}
	return strings.Join(each, "; ")
}
