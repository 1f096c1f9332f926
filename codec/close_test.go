package codec

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// closeCodeRanges cover all of 0 to 65535: RFC 6455 §7.4 and the IANA registry.
var closeCodeRanges = []struct {
	from, to int
	legal    bool
}{
	{0, 999, false},
	{1000, 1003, true},
	{1004, 1006, false},
	{1007, 1014, true},
	{1015, 1015, false},
	{1016, 2999, false},
	{3000, 4999, true},
	{5000, 65535, false},
}

func TestParseCloseEveryCode(t *testing.T) {
	t.Parallel()
	next := 0
	for _, r := range closeCodeRanges {
		if r.from != next {
			t.Fatalf("the table has a gap before %d", r.from)
		}
		next = r.to + 1
		for code := r.from; code <= r.to; code++ {
			got, reason, err := ParseClose(append(binary.BigEndian.AppendUint16(nil, uint16(code)), "bye"...))
			switch {
			case r.legal && (err != nil || int(got) != code || string(reason) != "bye"):
				t.Fatalf("%d: got %d %q, %v", code, got, reason, err)
			case !r.legal && (err != errCloseCode || got != 0 || reason != nil):
				t.Fatalf("%d: got %d %q, %v; want %v", code, got, reason, err, errCloseCode)
			}
		}
	}
	if next != 1<<16 {
		t.Fatalf("the table ends at %d", next)
	}
}

func TestParseClose(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		p      string
		code   ws.StatusCode
		reason string
		want   *Error
	}{
		{"empty", "", 1005, "", nil},
		{"no reason", "\x03\xe8", 1000, "", nil},
		{"reason", "\x03\xe9going away", 1001, "going away", nil},
		{"longest reason", "\x03\xe8" + strings.Repeat("x", 123), 1000, strings.Repeat("x", 123), nil},
		{"reason outside ASCII", "\x0f\xa0κόσμε", 4000, "κόσμε", nil},
		{"one byte", "\x03", 0, "", errCloseShort},
		{"code 0", "\x00\x00", 0, "", errCloseCode},
		{"code 1005 on the wire", "\x03\xed", 0, "", errCloseCode},
		{"reason not UTF-8", "\x03\xe8\xce\xba\xff", 0, "", errCloseReason},
		{"reason cut in a character", "\x03\xe8\xce", 0, "", errCloseReason},
		{"bad code before bad reason", "\x00\x00\xff", 0, "", errCloseCode},
	} {
		code, reason, err := ParseClose([]byte(c.p))
		if code != c.code || string(reason) != c.reason {
			t.Errorf("%s: got %d %q, want %d %q", c.name, code, reason, c.code, c.reason)
		}
		if (c.want == nil) != (err == nil) || c.want != nil && err != c.want {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	for err, code := range map[*Error]ws.StatusCode{errCloseShort: 1002, errCloseCode: 1002, errCloseReason: 1007} {
		if err.Code != code {
			t.Errorf("%v has code %d, want %d", err, err.Code, code)
		}
	}
}

func TestAppendClose(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		code   ws.StatusCode
		reason string
		want   string
	}{
		{"no reason", 1000, "", "\x03\xe8"},
		{"reason", 1001, "bye", "\x03\xe9bye"},
		{"exactly fits", 1000, strings.Repeat("x", 123), "\x03\xe8" + strings.Repeat("x", 123)},
		{"one too long", 1000, strings.Repeat("x", 124), "\x03\xe8" + strings.Repeat("x", 123)},
		{"cut between characters", 1000, strings.Repeat("x", 122) + "é", "\x03\xe8" + strings.Repeat("x", 122)},
		{"cut between wide characters", 1000, strings.Repeat("😀", 31), "\x03\xe8" + strings.Repeat("😀", 30)},
		{"not UTF-8", 1000, "a\xffb", "\x03\xe8a\ufffdb"},
		{"bytes mended do not fit", 1000, strings.Repeat("x", 121) + "\xff", "\x03\xe8" + strings.Repeat("x", 121)},
		{"no status", 1005, "ignored", ""},
		{"abnormal", 1006, "ignored", ""},
		{"zero", 0, "ignored", ""},
		{"unassigned", 2000, "ignored", ""},
	} {
		got := AppendClose([]byte("dst"), c.code, c.reason)
		if string(got) != "dst"+c.want {
			t.Errorf("%s: got %q, want %q", c.name, got[3:], c.want)
		}
		if _, _, err := ParseClose(got[3:]); err != nil {
			t.Errorf("%s: what was appended does not parse: %v", c.name, err)
		}
	}
}

func FuzzClose(f *testing.F) {
	f.Add([]byte{}, uint16(1000), "bye")
	f.Add([]byte{3}, uint16(1005), "")
	f.Add([]byte("\x03\xe8κόσμε"), uint16(4999), strings.Repeat("é", 70))
	f.Add([]byte("\x03\xe8\xff"), uint16(999), "\xff")
	f.Fuzz(func(t *testing.T, p []byte, code uint16, text string) {
		before := bytes.Clone(p)
		got, reason, err := ParseClose(p)
		if !bytes.Equal(p, before) {
			t.Fatal("the input changed")
		}
		var fault *Error
		switch {
		case err != nil && (!errors.As(err, &fault) || fault.Code != 1002 && fault.Code != 1007):
			t.Fatalf("%x: %v", p, err)
		case err == nil && len(p) == 0 && got != 1005:
			t.Fatalf("empty payload has code %d", got)
		case err == nil && len(p) > 0 && (!mayBeSent(got) || !utf8.Valid(reason)):
			t.Fatalf("%x: accepted %d %q", p, got, reason)
		case err == nil && len(p) > 0 && len(p) <= 125:
			if back := AppendClose(nil, got, string(reason)); !bytes.Equal(back, p) {
				t.Fatalf("%x came back as %x", p, back)
			}
		}

		payload := AppendClose(nil, ws.StatusCode(code), text)
		if len(payload) > ws.MaxControlFramePayloadSize {
			t.Fatalf("%d bytes of payload", len(payload))
		}
		if _, _, err := ParseClose(payload); err != nil {
			t.Fatalf("%d %q: %v", code, text, err)
		}
		if len(payload) > 0 && utf8.ValidString(text) && !strings.HasPrefix(text, string(payload[2:])) {
			t.Fatalf("%q became %q", text, payload[2:])
		}
	})
}
