package main

import (
	"strings"
	"sync"
)

const tailLines = 8

// tail keeps the last lines of a process's output, for the error that explains
// its end. Any goroutine may use it.
type tail struct {
	// Guarded by mu.
	mu    sync.Mutex
	lines []string
}

func (t *tail) add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == tailLines {
		t.lines = append(t.lines[:0], t.lines[1:]...)
	}
	t.lines = append(t.lines, line)
}

// String returns the lines as a continuation of an error text.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == 0 {
		return ""
	}
	return "; its output ends with:\n  " + strings.Join(t.lines, "\n  ")
}
