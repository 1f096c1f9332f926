package codec

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws/wsflate"
)

const (
	noTakeover = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
	bounded    = noTakeover + "; server_max_window_bits="
)

var negotiations = []struct {
	name   string
	offers []string
	most   Deflate
	want   Deflate
	answer string
}{
	// RFC 7692 §7.1.3 and what browsers send.
	{"bare", []string{"permessage-deflate"}, 15, 15, noTakeover},
	{"what browsers send", []string{"permessage-deflate; client_max_window_bits"}, 15, 15, noTakeover},
	{"§7.1.3, two offers", []string{"permessage-deflate; client_max_window_bits; server_max_window_bits=10", "permessage-deflate; client_max_window_bits"},
		15, 10, bounded + "10"},
	{"client window with a value", []string{"permessage-deflate; client_max_window_bits=10"}, 15, 15, noTakeover},
	{"everything", []string{"permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12; client_max_window_bits=8"},
		15, 12, bounded + "12"},

	// The offers of the conformance suite, 13.1 to 13.7.
	{"13.1", []string{"permessage-deflate; client_no_context_takeover; client_max_window_bits"}, 15, 15, noTakeover},
	{"13.2", []string{"permessage-deflate; client_no_context_takeover; client_max_window_bits; server_no_context_takeover"}, 15, 15, noTakeover},
	{"13.3", []string{"permessage-deflate; client_no_context_takeover; client_max_window_bits; server_max_window_bits=9"}, 15, 9, bounded + "9"},
	{"13.4", []string{"permessage-deflate; client_no_context_takeover; client_max_window_bits; server_max_window_bits=15"}, 15, 15, bounded + "15"},
	{"13.7", []string{
		"permessage-deflate; client_no_context_takeover; client_max_window_bits; server_no_context_takeover; server_max_window_bits=9",
		"permessage-deflate; client_no_context_takeover; client_max_window_bits; server_no_context_takeover",
		"permessage-deflate; client_no_context_takeover; client_max_window_bits",
	}, 15, 9, bounded + "9"},

	// Every window.
	{"window 8", []string{"permessage-deflate; server_max_window_bits=8"}, 15, 8, bounded + "8"},
	{"window 11", []string{"permessage-deflate; server_max_window_bits=11"}, 15, 11, bounded + "11"},
	{"window 13", []string{"permessage-deflate; server_max_window_bits=13"}, 15, 13, bounded + "13"},
	{"window 14", []string{"permessage-deflate; server_max_window_bits=14"}, 15, 14, bounded + "14"},
	{"window quoted", []string{`permessage-deflate; server_max_window_bits="10"`}, 15, 10, bounded + "10"},
	{"window quoted and escaped", []string{`permessage-deflate; server_max_window_bits="\1\0"`}, 15, 10, bounded + "10"},
	{"the server's window, unasked", []string{"permessage-deflate"}, 12, 12, bounded + "12"},
	{"the server's window, the client allows more", []string{"permessage-deflate; server_max_window_bits=14"}, 12, 12, bounded + "12"},
	{"the server's window, the client allows less", []string{"permessage-deflate; server_max_window_bits=9"}, 12, 9, bounded + "9"},
	{"a policy below the smallest", []string{"permessage-deflate"}, 3, 8, bounded + "8"},
	{"a policy above the largest", []string{"permessage-deflate"}, 200, 15, noTakeover},
	{"a policy above the largest, asked", []string{"permessage-deflate; server_max_window_bits=15"}, 200, 15, bounded + "15"},

	// Order, and other extensions.
	{"another extension first", []string{"x-webkit-deflate-frame; no_context_takeover", "permessage-deflate"}, 15, 15, noTakeover},
	{"declined, then acceptable", []string{"permessage-deflate; server_max_window_bits=16", "permessage-deflate; server_max_window_bits=10"},
		15, 10, bounded + "10"},
	{"unknown parameter, then acceptable", []string{"permessage-deflate; future=1", "permessage-deflate"}, 15, 15, noTakeover},
	{"broken behind the accepted one", []string{"permessage-deflate", "permessage-deflate;"}, 15, 15, noTakeover},
	{"white space", []string{"permessage-deflate ;\tserver_max_window_bits = 10 ; client_no_context_takeover"}, 15, 10, bounded + "10"},

	// None.
	{"no offer", nil, 15, 0, ""},
	{"not wanted", []string{"permessage-deflate"}, 0, 0, ""},
	{"other extensions only", []string{"permessage-bzip2", "foo; server_max_window_bits=10"}, 15, 0, ""},
	{"broken before the acceptable one", []string{"foo;", "permessage-deflate"}, 15, 0, ""},
	{"cut out of a quoted string", []string{`foo; bar="x`, "permessage-deflate", `y"`}, 15, 0, ""},
	{"name in another case", []string{"Permessage-Deflate"}, 15, 0, ""},
}

// badParameters are each reason enough to decline an offer, RFC 7692 §7.1.
var badParameters = []string{
	"unknown", "unknown=1", "Server_No_Context_Takeover", "server_window_bits=10",
	"server_no_context_takeover; server_no_context_takeover",
	"client_no_context_takeover; client_no_context_takeover",
	"server_max_window_bits=10; server_max_window_bits=10",
	"client_max_window_bits; client_max_window_bits",
	"client_max_window_bits=10; client_max_window_bits",
	"client_max_window_bits; server_no_context_takeover; client_max_window_bits=10",
	"server_no_context_takeover=1", `server_no_context_takeover="x"`, "server_no_context_takeover=true",
	"client_no_context_takeover=0",
	"server_max_window_bits", "server_max_window_bits=0", "server_max_window_bits=7", "server_max_window_bits=16",
	"server_max_window_bits=010", "server_max_window_bits=08", "server_max_window_bits=+9", "server_max_window_bits=-9",
	"server_max_window_bits=9.0", "server_max_window_bits=0x9", "server_max_window_bits=1", "server_max_window_bits=1a",
	"server_max_window_bits=100", "server_max_window_bits=18446744073709551625", `server_max_window_bits="16"`,
	"client_max_window_bits=7", "client_max_window_bits=16", "client_max_window_bits=09", "client_max_window_bits=x",
	// Broken grammar.
	"", "server_max_window_bits=", "client_max_window_bits=", `server_no_context_takeover=""`, `client_max_window_bits=""`,
	`server_max_window_bits="10`, `server_max_window_bits=10"`, `server_max_window_bits=":"`, "server_max_window_bits=1 0", "=10",
}

func TestNegotiateDeflate(t *testing.T) {
	t.Parallel()
	for _, c := range negotiations {
		got, answer := NegotiateDeflate(slices.Values(c.offers), c.most)
		if got != c.want || answer != c.answer {
			t.Errorf("%s: got %d %q, want %d %q", c.name, got, answer, c.want, c.answer)
		}
	}
	if size := unsafe.Sizeof(Deflate(0)); size != 1 {
		t.Errorf("a session stores %d bytes", size)
	}
}

func TestNegotiateDeflateDeclines(t *testing.T) {
	t.Parallel()
	for _, bad := range badParameters {
		for _, offer := range []string{
			"permessage-deflate; " + bad,
			"permessage-deflate; client_max_window_bits=15; " + bad,
			"permessage-deflate; " + bad + "; server_max_window_bits=15",
		} {
			if strings.Count(offer, "client_max_window_bits") == 1 && strings.Contains(bad, "client_max_window_bits") {
				continue // no longer bad for its own reason
			}
			if got, answer := NegotiateDeflate(slices.Values([]string{offer}), 15); got != 0 || answer != "" {
				t.Errorf("%s: got %d %q", offer, got, answer)
			}
		}
	}
}

// TestNegotiateDeflateFromAHead goes from header lines to the answer.
func TestNegotiateDeflateFromAHead(t *testing.T) {
	t.Parallel()
	r := mustParse(t, upgradeHead(requestLine, "Sec-WebSocket-Extensions: foo; a=b, permessage-deflate; server_max_window_bits=77\r\n"+
		"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9, permessage-deflate"))
	if err := r.CheckUpgrade(); err != nil {
		t.Fatal(err)
	}
	if got, answer := NegotiateDeflate(r.Extensions(), 15); got != 9 || answer != bounded+"9" {
		t.Errorf("got %d %q", got, answer)
	}
}

// TestAnswersAreWhatTheLibraryReads has the parser of gobwas/ws read every
// answer as a client would.
func TestAnswersAreWhatTheLibraryReads(t *testing.T) {
	t.Parallel()
	for _, c := range negotiations {
		if c.answer == "" {
			continue
		}
		options, ok := httphead.ParseOptions([]byte(c.answer), nil)
		if !ok || len(options) != 1 {
			t.Errorf("%s: %q is no list of one extension", c.name, c.answer)
			continue
		}
		var got wsflate.Parameters
		if err := got.Parse(options[0]); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		want := wsflate.Parameters{ServerNoContextTakeover: true, ClientNoContextTakeover: true}
		if strings.Contains(c.answer, "server_max_window_bits") {
			want.ServerMaxWindowBits = wsflate.WindowBits(c.want)
		}
		if got != want {
			t.Errorf("%s: read as %+v, want %+v", c.name, got, want)
		}
	}
}

const (
	tokenPattern = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
	valuePattern = tokenPattern + `|"(?:\\?[!#$%&'*+\-.^_|~0-9A-Za-z` + "`" + `])+"`
	spacePattern = `[ \t]*`
	paramPattern = spacePattern + ";" + spacePattern + "(" + tokenPattern + ")(?:" + spacePattern + "(=)" + spacePattern + "(" + valuePattern + "))?"
)

var (
	extensionRegexp = regexp.MustCompile("^(" + tokenPattern + ")((?:" + paramPattern + ")*)$")
	paramRegexp     = regexp.MustCompile(paramPattern)
)

// referenceNegotiation is NegotiateDeflate by regular expressions and a map.
func referenceNegotiation(header string, most Deflate) (Deflate, string) {
	if line, _, ended := strings.Cut(header, "\n"); ended { // the header ends there
		header = strings.TrimSuffix(line, "\r")
	}
	for offer := range strings.SplitSeq(header, ",") {
		offer = strings.Trim(offer, " \t")
		if offer == "" {
			continue
		}
		m := extensionRegexp.FindStringSubmatch(offer)
		if m == nil || most == 0 {
			return 0, ""
		}
		values := map[string]string{}
		legal := m[1] == "permessage-deflate"
		for _, p := range paramRegexp.FindAllStringSubmatch(m[2], -1) {
			value := p[2] + strings.NewReplacer(`"`, "", `\`, "").Replace(p[3])
			_, twice := values[p[1]]
			values[p[1]] = value
			bits, _ := strconv.Atoi(strings.TrimPrefix(value, "="))
			isBits := value == fmt.Sprintf("=%d", bits) && 8 <= bits && bits <= 15
			switch p[1] {
			case "server_no_context_takeover", "client_no_context_takeover":
				legal = legal && !twice && value == ""
			case "server_max_window_bits":
				legal = legal && !twice && isBits
			case "client_max_window_bits":
				legal = legal && !twice && (isBits || value == "")
			default:
				legal = false
			}
		}
		if !legal {
			continue
		}
		d := min(max(most, 8), 15)
		if asked, is := values["server_max_window_bits"]; is {
			bits, _ := strconv.Atoi(asked[1:])
			d = min(d, Deflate(bits))
		} else if d == 15 {
			return d, noTakeover
		}
		return d, bounded + strconv.Itoa(int(d))
	}
	return 0, ""
}

func FuzzNegotiate(f *testing.F) {
	for _, c := range negotiations {
		f.Add(strings.Join(c.offers, ", "), byte(c.most))
	}
	for _, bad := range badParameters {
		f.Add("permessage-deflate; "+bad, byte(15))
	}
	f.Fuzz(func(t *testing.T, header string, most byte) {
		r := Request{fields: "Sec-WebSocket-Extensions: " + header + "\r\n"}
		d, answer := NegotiateDeflate(r.Extensions(), Deflate(most))
		want, wantAnswer := referenceNegotiation(header, Deflate(most))
		if d != want || answer != wantAnswer {
			t.Fatalf("got %d %q, the reference has %d %q", d, answer, want, wantAnswer)
		}
	})
}
