package main

import (
	"testing"

	"golang.org/x/sys/unix"
)

// The Go runtime raises the soft limit at start, so the program does not.
func TestOpenFilesLimitIsRaisedToTheHardLimit(t *testing.T) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Cur != limit.Max {
		t.Errorf("soft limit %d, hard limit %d", limit.Cur, limit.Max)
	}
}
