package conformance_test

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// greek is 11 octets: two-octet letters and one of three.
const greek = "\u03ba\u1f79\u03c3\u03bc\u03b5"

// texts is group 6: UTF-8 (RFC 3629) in text messages.
func texts() (rows []row) {
	const mixed = "Hello-\u00b5@\u00df\u00f6\u00e4\u00fc\u00e0\u00e1-UTF-8!!"
	surrogate := greek + "\xed\xa0\x80edited"
	between := printable(20)
	echo := func(payload string) []event { return []event{echoOf(ws.OpText, payload)} }
	rows = []row{
		normal("6.1.1", echo(""), send(text(""))),
		normal("6.1.2", echo(""), send(begin(ws.OpText, ""), more(""), last(""))),
		normal("6.1.3", echo(between), send(begin(ws.OpText, ""), more(between), last(""))),
		normal("6.2.1", echo(mixed), send(text(mixed))),
		normal("6.2.2", echo(mixed), send(begin(ws.OpText, mixed[:12]), last(mixed[12:]))),
		normal("6.2.3", echo(mixed), send(openFragments(ws.OpText, mixed, 1)...)),
		normal("6.2.4", echo(greek), send(openFragments(ws.OpText, greek, 1)...)),
		invalidText("6.3.1", send(text(surrogate))),
		invalidText("6.3.2", send(openFragments(ws.OpText, surrogate, 1)...)),
	}
	rows = append(rows, failFast()...)
	for _, group := range octetSequences {
		for i, payload := range group.payloads {
			number := fmt.Sprintf("6.%d.%d", group.number, i+1)
			if utf8.ValidString(payload) {
				rows = append(rows, normal(number, echo(payload), send(text(payload))))
			} else {
				rows = append(rows, invalidText(number, send(text(payload))))
			}
		}
	}
	return rows
}

// failFast is 6.4: a code point above U+10FFFF, of which one octet can still be
// the start of a legal one. The fault is in step 3; a server that checks only
// complete frames or messages sees it in step 5.
func failFast() (rows []row) {
	const end = "edited"
	beyond := "\xf4\x90\x80\x80"
	one := text(greek + beyond + end)
	body := len(one) - len(greek+beyond+end)
	for i, parts := range [][3][]byte{
		{begin(ws.OpText, greek), more(beyond), last(end)},
		{begin(ws.OpText, greek+beyond[:1]), more(beyond[1:2]), last(beyond[2:] + end)},
		{one[:body+len(greek)], one[body+len(greek) : body+len(greek)+4], one[body+len(greek)+4:]},
		{one[:body+len(greek)+1], one[body+len(greek)+1 : body+len(greek)+2], one[body+len(greek)+2:]},
	} {
		r := scripted(fmt.Sprintf("6.4.%d", i+1), expectation{codes: []ws.StatusCode{1007}, failsAt: 3},
			send(parts[0]), pause(), send(parts[1]), pause(), send(parts[2]))
		r.waits = true
		rows = append(rows, r)
	}
	return rows
}

// octetSequences are the payloads of 6.5 to 6.23. Whether one is valid is for
// the standard library to say, and counted by a test.
var octetSequences = []struct {
	number   int
	payloads []string
}{
	{5, []string{"hello$world", "hello\u00a2world", "hello\u20acworld", "hello\U00024b62world", greek}},
	{6, prefixes(greek)},
	{7, []string{"\x00", "\u0080", "\u0800", "\U00010000"}},
	{8, []string{"\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80"}},
	{9, []string{"\x7f", "\u07ff", "\uffff", "\U0010ffff"}},
	{10, []string{"\xf7\xbf\xbf\xbf", "\xfb\xbf\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf\xbf"}},
	{11, []string{"\ud7ff", "\ue000", "\ufffd", "\U0010ffff", "\xf4\x90\x80\x80"}},
	{12, []string{"\x80", "\xbf", "\x80\xbf", "\x80\xbf\x80", "\x80\xbf\x80\xbf", "\x80\xbf\x80\xbf\x80", "\x80\xbf\x80\xbf\x80\xbf", octets(0x80, 0xbe, "")}},
	{13, []string{octets(0xc0, 0xdf, " "), octets(0xe0, 0xef, " "), octets(0xf0, 0xf7, " "), octets(0xf8, 0xfb, " "), octets(0xfc, 0xfd, " ")}},
	{14, unfinished},
	{15, []string{strings.Join(unfinished, "")}},
	{16, []string{"\xfe", "\xff", "\xfe\xfe\xff\xff"}},
	{17, []string{"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xf8\x80\x80\x80\xaf", "\xfc\x80\x80\x80\x80\xaf"}},
	{18, []string{"\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf8\x87\xbf\xbf\xbf", "\xfc\x83\xbf\xbf\xbf\xbf"}},
	{19, []string{"\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xf8\x80\x80\x80\x80", "\xfc\x80\x80\x80\x80\x80"}},
	{20, []string{"\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf", "\xed\xb0\x80", "\xed\xbe\x80", "\xed\xbf\xbf"}},
	{21, surrogatePairs()},
	{22, planeEnds()},
	{23, []string{"\ufff9", "\ufffa", "\ufffb", "\ufffc", "\ufffd", "\ufffe", "\uffff"}},
}

// unfinished are the sequence forms without their last octet.
var unfinished = []string{
	"\xc0", "\xe0\x80", "\xf0\x80\x80", "\xf8\x80\x80\x80", "\xfc\x80\x80\x80\x80",
	"\xdf", "\xef\xbf", "\xf7\xbf\xbf", "\xfb\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf",
}

func prefixes(s string) (all []string) {
	for n := 1; n <= len(s); n++ {
		all = append(all, s[:n])
	}
	return all
}

// octets is those from low to high in a row, each followed by behind.
func octets(low, high byte, behind string) string {
	var b strings.Builder
	for c := int(low); c <= int(high); c++ {
		b.WriteByte(byte(c))
		b.WriteString(behind)
	}
	return b.String()
}

// surrogatePairs are UTF-16 surrogates encoded one by one.
func surrogatePairs() (pairs []string) {
	for _, high := range []string{"\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf"} {
		pairs = append(pairs, high+"\xed\xb0\x80", high+"\xed\xbf\xbf")
	}
	return pairs
}

// planeEnds are the non-characters at the end of each of the 17 planes.
func planeEnds() (texts []string) {
	for plane := rune(0); plane <= 16; plane++ {
		texts = append(texts, string(plane<<16|0xfffe), string(plane<<16|0xffff))
	}
	return texts
}
