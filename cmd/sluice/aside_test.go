package main

import (
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestAsideDropsWhatFindsNoRoom(t *testing.T) {
	in, out := io.Pipe() // a write waits for a reader
	a := newAside(out)
	const excess = 9
	for n := range asideLines + excess + 1 { // one is under way, perhaps
		fmt.Fprintf(a, "line %d\n", n)
	}
	go func() {
		a.end()
		out.Close()
	}()
	all, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"line 0\n", fmt.Sprintf("line %d\n", asideLines-1), " lines were dropped\n"} {
		if !strings.Contains(string(all), want) {
			t.Errorf("%q is not written", want)
		}
	}
}

func TestAsideDoesNotWaitForEverAtItsEnd(t *testing.T) {
	in, out := io.Pipe()
	defer in.Close()
	a := newAside(out)
	fmt.Fprintln(a, "nobody reads this")
	a.end()
	fmt.Fprintln(a, "nor this")
}
