package main

import (
	"bufio"
	"net"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

func TestReadFrame(t *testing.T) {
	long := strings.Repeat("x", 128)
	in := bufio.NewReaderSize(strings.NewReader("\x81\x02hi\x81\x7e\x00\x80"+long+"\x89\x00\x81\x7e\x07\xff"), maxFrame)
	for _, want := range []struct {
		opcode  ws.OpCode
		payload string
	}{{ws.OpText, "hi"}, {ws.OpText, long}, {ws.OpPing, ""}} {
		f, err := readFrame(in)
		if err != nil || f.opcode != want.opcode || string(f.payload) != want.payload {
			t.Errorf("got %v %q, %v; want %+v", f.opcode, f.payload, err, want)
		}
	}
	if f, err := readFrame(in); err == nil {
		t.Errorf("a frame that is not there: got %+v", f)
	}
}

func TestWriteFrame(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	defer server.Close()
	go writeFrame(client, ws.OpText, []byte("hi"))
	f, err := ws.ReadFrame(server)
	if err != nil || !f.Header.Masked || string(ws.UnmaskFrame(f).Payload) != "hi" {
		t.Errorf("got %+v, %v", f, err)
	}
}

func TestDataIn(t *testing.T) {
	for text, want := range map[string]string{
		`{"type":"message","from":"group","group":"g0","dataType":"text","data":"hi"}`: "hi",
		`{"push":{"channel":"g0","pub":{"data":"hi"}}}`:                                "hi",
		`{"type":"system","event":"connected"}`:                                        "",
		`{"data":"hi`:                                                                  "",
		`{}`:                                                                           "",
	} {
		if got := dataIn([]byte(text)); string(got) != want || (got == nil) != (want == "") {
			t.Errorf("%s: got %q", text, got)
		}
	}
}
