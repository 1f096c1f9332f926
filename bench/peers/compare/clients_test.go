package main

import (
	"net"
	"os"
	"strings"
	"testing"
)

// The server is this process, whose memory says nothing.
func TestClientsAreKept(t *testing.T) {
	server := startFakePubSub(t, deliverOnce)
	c := clientsCommand{Connections: 5}
	figures, err := c.keep(t.Context(), os.Getpid(), server.address, plain{})
	if err != nil || len(figures) != 3 {
		t.Errorf("got %v, %v", figures, err)
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	if len(server.members) != 6 {
		t.Errorf("%d clients came, want 5 and the first", len(server.members))
	}
}

func TestClientsThatAreLost(t *testing.T) {
	published := 0
	server := startFakePubSub(t, func(member net.Conn, text string) {
		if published++; published > 1 {
			member.Close()
		}
		deliverOnce(member, text)
	})
	c := clientsCommand{Connections: 1}
	if _, err := c.keep(t.Context(), os.Getpid(), server.address, plain{}); err == nil || !strings.Contains(err.Error(), "member: ") {
		t.Errorf("got %v, want the end of a member's connection", err)
	}
}

func TestClientsTable(t *testing.T) {
	c := clientsCommand{Connections: 1000, Rest: 0}
	c.Servers = []serverSpec{fake("ours"), fake("theirs")}
	checkGolden(t, "testdata/clients.md", c.table([]round{
		{Figures: map[string][]float64{"ours": {500, 400, 50}, "theirs": {40000, 30000, 300}}},
		{Figures: map[string][]float64{"ours": {510, 410, 60}, "theirs": {41000, 31000, 300}}},
	}))
}

func TestClientsFlags(t *testing.T) {
	for flag, want := range map[string]string{"--connections=0": "--connections", "--rest=-1s": "--rest", "--rounds=0": "--rounds"} {
		if _, err := parse(t, "clients", "--access-key=k", flag, "a=one"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", flag, err)
		}
	}
}
