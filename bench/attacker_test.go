package bench

import (
	"bufio"
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
)

var attackedTarget = &Target{Host: "attacked.test", Path: "/echo"}

// sends returns the first frames of the connection of that number, and how many
// there are.
func sends(a attacker, number uint64, frames int) (b []byte, sent uint64) {
	for int(sent) < frames {
		next, n := a.next(number, sent, frames-int(sent))
		if len(next) == 0 {
			break
		}
		b = append(b, next...)
		sent += uint64(n)
	}
	return b, sent
}

// frameHeaders parses frames up to one that is not complete.
func frameHeaders(t *testing.T, b []byte) (headers []ws.Header) {
	t.Helper()
	for len(b) > 0 {
		h, n, err := codec.ParseHeader(b)
		if err != nil {
			t.Fatal(err)
		}
		headers = append(headers, h)
		if n == 0 || h.Length > int64(len(b)-n) {
			break
		}
		b = b[n+int(h.Length):]
	}
	return headers
}

// Every mode sends as many frames as it says, never more than it may, and the
// same again when asked again.
func TestAttackersKeepToTheirNumber(t *testing.T) {
	for _, mode := range AttackModes() {
		t.Run(mode.Name, func(t *testing.T) {
			a, again := mode.attacker(attackedTarget), mode.attacker(attackedTarget)
			for number := range uint64(7) {
				for sent := uint64(0); sent < 300; {
					most := 1 + int(sent)%50
					b, frames := a.next(number, sent, most)
					if (len(b) == 0) != (frames == 0) || frames > most {
						t.Fatalf("%d bytes as %d frames, of %d at most", len(b), frames, most)
					}
					if same, _ := again.next(number, sent, most); mode.begins != onConnect && !bytes.Equal(b, same) {
						t.Fatal("two attackers of one mode differ") // but for the keys of requests
					}
					if frames == 0 {
						break
					}
					sent += uint64(frames)
				}
			}
		})
	}
}

func TestAttackModes(t *testing.T) {
	names := modeNames()
	for i, m := range AttackModes() {
		if slices.Contains(names[:i], m.Name) || m.Name != strings.ToLower(m.Name) {
			t.Errorf("%q: is no name of its own", m.Name)
		}
		if m.Does == "" || m.Attackers < 1 || m.ConnectRate <= 0 || m.Rate < 0 {
			t.Errorf("%s: %+v", m.Name, m)
		}
	}
	modes := AttackModes()
	modes[0].Name = "changed"
	if modeNamed("changed") != nil {
		t.Error("the table is open to changes")
	}
}

func TestDrip(t *testing.T) {
	d := drip{opening: []byte("begin "), again: []byte("ab")}
	if b, sent := sends(d, 0, 11); string(b) != "begin ababa" || sent != 11 {
		t.Errorf("got %q in %d frames", b, sent)
	}
}

func TestFlood(t *testing.T) {
	f := newFlood([]byte("open"), []byte("again"))
	if b, sent := sends(f, 0, 3); string(b) != "openagainagain" || sent != 3 {
		t.Errorf("got %q in %d frames", b, sent)
	}
	if b, n := f.next(0, 1, 1<<40); len(b) < floodBytes || len(b) > floodBytes+5 || n != len(b)/5 {
		t.Errorf("without a bound: %d bytes in %d frames", len(b), n)
	}
	once := newFlood([]byte("open"), nil)
	if b, sent := sends(once, 0, 3); string(b) != "open" || sent != 1 {
		t.Errorf("nothing to repeat: got %q in %d frames", b, sent)
	}
}

func TestInTurnAndEach(t *testing.T) {
	turns := inTurn{each{[]byte("a"), []byte("b")}, each{[]byte("c")}}
	var got []string
	for number := range uint64(5) {
		b, _ := sends(turns, number, 2)
		got = append(got, string(b))
	}
	if want := []string{"a", "c", "b", "c", "a"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestHugeLengthIsLegalButForItsLength(t *testing.T) {
	b, _ := sends(hugeLength(nil), 0, 3)
	if h := frameHeaders(t, b); len(h) != 1 || h[0].Length != 1<<62 || len(b) < 8<<10 {
		t.Errorf("got %+v in %d bytes", h, len(b))
	}
}

func TestFragmentsNeverEnd(t *testing.T) {
	for number, payload := range []int64{1, 0} {
		b, _ := sends(fragmentFlood(nil), uint64(number), 100)
		for i, h := range frameHeaders(t, b) {
			err := codec.Check(h, codec.State{Fragmented: i > 0})
			if err != nil || h.Fin || h.Length != payload {
				t.Fatalf("connection %d, fragment %d: %+v, %v", number, i, h, err)
			}
		}
	}
}

func TestFloodsAreLegal(t *testing.T) {
	for name, op := range map[string]ws.OpCode{"ping-flood": ws.OpPing, "ping-flood-deaf": ws.OpPing, "deaf": ws.OpBinary, "slow-frames": ws.OpText} {
		b, _ := sends(modeNamed(name).attacker(nil), 0, 64)
		for _, h := range frameHeaders(t, b) {
			if err := codec.Check(h, codec.State{}); err != nil || h.OpCode != op {
				t.Fatalf("%s: %+v, %v", name, h, err)
			}
		}
	}
}

// inflate inflates the message that a deflated attack sends, with the standard
// library.
func inflate(t *testing.T, a attacker) (deflated int, inflated int64) {
	t.Helper()
	b, _ := sends(a, 0, 1)
	h, n, err := codec.ParseHeader(b)
	if err != nil || !h.Rsv1() || h.Length > 64<<10 || int(h.Length) != len(b)-n {
		t.Fatalf("%+v in %d bytes, %v; want a compressed message of 64 KiB at most", h, len(b), err)
	}
	payload := b[n:]
	codec.Unmask(payload, h.Mask, 0)
	size, err := io.Copy(io.Discard, flate.NewReader(io.MultiReader(bytes.NewReader(payload), strings.NewReader("\x00\x00\xff\xff"))))
	if !errors.Is(err, io.ErrUnexpectedEOF) { // the stream has no final block
		t.Fatalf("inflating: %v", err)
	}
	return len(payload), size
}

func TestBombInflates(t *testing.T) {
	if deflated, inflated := inflate(t, bomb(nil)); inflated != 32<<20 || deflated > 33<<10 {
		t.Errorf("%d bytes inflate to %d", deflated, inflated)
	}
}

func TestEmptyBlocksInflateToNothing(t *testing.T) {
	if deflated, inflated := inflate(t, emptyBlocks(nil)); inflated != 0 || deflated < 60_000 {
		t.Errorf("%d bytes inflate to %d", deflated, inflated)
	}
}

func TestRequestsOfAttacks(t *testing.T) {
	read := func(b []byte) (*http.Request, error) { return http.ReadRequest(bufio.NewReader(bytes.NewReader(b))) }
	for name, a := range map[string]attacker{"slow-handshake": slowHandshake(attackedTarget), "header-flood": headerFlood(attackedTarget)} {
		b, _ := sends(a, 0, 1000)
		if _, err := read(b); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: read the request: %v, want it to be unfinished", name, err)
		}
		r, err := read(append(b, "\r\n\r\n"...))
		if err != nil || r.Host != attackedTarget.Host || r.URL.Path != attackedTarget.Path || r.Header.Get("Upgrade") != "websocket" {
			t.Errorf("%s: with an end it is %+v, %v; want a good one", name, r, err)
		}
	}
	good := 0
	for i, b := range upgradeStorm(attackedTarget).(each) {
		if codec.HeadEnd(b, 0) != len(b) {
			t.Errorf("request %d does not end with its head: %q", i, b)
		}
		r, err := codec.ParseRequest(string(b))
		if err == nil && r.CheckUpgrade() == nil {
			good++
		}
	}
	if good != 1 {
		t.Errorf("%d requests of the storm are good, want the one to a path that is not served", good)
	}
}
