package main

import (
	"net"
	"strings"
	"testing"
)

func TestServerThatIsToldItsPort(t *testing.T) {
	spec := fake("told", becomeFake(t), "told-server", portMark)
	s, err := spec.start(t.Context(), allowedCPU(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

func TestServerThatIsToldItsPortAndEnds(t *testing.T) {
	spec := fake("dead", becomeFake(t), "dead-server", portMark)
	if _, err := spec.start(t.Context(), allowedCPU(t)); err == nil || !strings.Contains(err.Error(), "port is taken") {
		t.Errorf("got %v, want an error with its output", err)
	}
}
