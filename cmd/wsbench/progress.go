package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/sluicegate/sluice/bench"
)

// progress shows how a run is doing.
type progress interface {
	bench.Observer
	// end takes away what must not stay on the terminal.
	end()
}

// newProgress shows progress on w: a block that is redrawn, if w is a terminal,
// and a line now and then if it is not.
func newProgress(w io.Writer) progress {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return &block{out: w, width: func() int {
			if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
				return width
			}
			return 80 // serial lines, for one, do not tell
		}}
	}
	return &lines{out: w}
}

// withholding shows no latencies while the generator is overloaded.
type withholding struct{ progress }

func (w withholding) Observe(s bench.Sample) { w.progress.Observe(s.WithoutOwnLatencies()) }

// block is a few lines of a terminal, drawn anew for each sample.
type block struct {
	out   io.Writer
	width func() int // of the terminal, in columns
	name  string
	drawn int // lines that stand above the cursor
}

func (b *block) Begin(h bench.Heading) { b.name = h.Scenario }

func (b *block) Observe(s bench.Sample) {
	var text strings.Builder
	b.erase(&text)
	lines := s.Text()
	for i, line := range lines {
		name := b.name
		if i > 0 {
			name = ""
		}
		// A line that wraps would not be found again.
		fmt.Fprintln(&text, firstColumns(fmt.Sprintf("%-10s %s", name, line), b.width()-1))
	}
	b.drawn = len(lines)
	_, _ = io.WriteString(b.out, text.String()) // nobody is told of a terminal that is gone
}

func (b *block) end() {
	var text strings.Builder
	b.erase(&text)
	_, _ = io.WriteString(b.out, text.String())
	b.drawn = 0
}

// erase moves the cursor to the block's beginning, and clears from there on
// (ECMA-48: CPL, ED).
func (b *block) erase(text *strings.Builder) {
	if b.drawn > 0 {
		fmt.Fprintf(text, "\x1b[%dF\x1b[J", b.drawn)
	}
}

// firstColumns cuts line to so many columns. Its characters take one each.
func firstColumns(line string, columns int) string {
	runes := []rune(line)
	return string(runes[:min(len(runes), max(0, columns))])
}

// linesEvery is how often progress is told in lines.
const linesEvery = 5 * time.Second

// lines is progress for a log.
type lines struct {
	out  io.Writer
	name string
	next time.Duration // of the run, at which the next is due
}

func (l *lines) Begin(h bench.Heading) { l.name, l.next = h.Scenario, linesEvery }

func (l *lines) Observe(s bench.Sample) {
	if s.At < l.next {
		return
	}
	for l.next <= s.At {
		l.next += linesEvery
	}
	text := s.Text()
	fmt.Fprintf(l.out, "%s  %s\n", l.name, strings.Join(text[:], "  "))
}

func (*lines) end() {}
