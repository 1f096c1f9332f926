package main

import (
	"bytes"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// aside is a writer that does not wait: what it is given is written to another one on
// a goroutine of its own. A log that a full disk or a stuck pipe holds up must not
// keep the gateway from its sessions, or from its end.
type aside struct {
	// Fixed.
	to      io.Writer
	lines   chan []byte // never closed: a goroutine may write after the end
	ending  chan struct{}
	written chan struct{} // closed when all is

	// Atomic.
	dropped atomic.Uint64 // lines, since the last one that was written
}

// asideLines is how many lines may wait.
const asideLines = 1024

func newAside(to io.Writer) *aside {
	a := &aside{to: to, lines: make(chan []byte, asideLines), ending: make(chan struct{}), written: make(chan struct{})}
	go a.run()
	return a
}

// Write implements [io.Writer]. Without room the line is dropped, and counted.
func (a *aside) Write(line []byte) (int, error) {
	select {
	case a.lines <- bytes.Clone(line):
	default:
		a.dropped.Add(1)
	}
	return len(line), nil
}

func (a *aside) run() {
	defer close(a.written)
	for {
		select {
		case line := <-a.lines:
			a.put(line)
		case <-a.ending:
			for len(a.lines) > 0 {
				a.put(<-a.lines)
			}
			return
		}
	}
}

func (a *aside) put(line []byte) {
	if dropped := a.dropped.Swap(0); dropped > 0 {
		fmt.Fprintf(a.to, "sluice: %d lines were dropped\n", dropped)
	}
	a.to.Write(line)
}

// end writes what waits, for as long as lastWord. What comes later is lost.
func (a *aside) end() {
	close(a.ending)
	select {
	case <-a.written:
	case <-time.After(lastWord):
	}
}
