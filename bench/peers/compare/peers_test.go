package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPeersCells(t *testing.T) {
	line, err := parse(t, "peers", "--members=10,20", "--in-flight=8", "--at-rest=5", "sluice=x", "gnet=y {broadcast}")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, of := range line.Peers.cells() {
		got = append(got, of.title+of.path)
	}
	want := "echo: 1000 connections × 64 B, 8 in flight" +
		"|broadcast: 10 members × 128 B/client/hubs/chat|broadcast: 20 members × 128 B/client/hubs/chat" +
		"|idle: 5 connections"
	if strings.Join(got, "|") != want {
		t.Errorf("got %q", got)
	}
}

func TestPeersNotes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "notes.md")
	if err := os.WriteFile(file, []byte("set up so\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := (&peersCommand{Notes: file}).notes(); got != "\nset up so\n" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := (&peersCommand{Notes: file + "x"}).notes(); got != "" || err == nil || !strings.HasPrefix(err.Error(), "--notes: ") {
		t.Errorf("a file that is not there: got %q, %v", got, err)
	}
	if got, err := (&peersCommand{}).notes(); got != "" || err != nil {
		t.Errorf("no file: got %q, %v", got, err)
	}
}
