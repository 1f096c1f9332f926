package codec

import (
	"slices"
	"testing"
)

func TestIsExtension(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want bool
	}{
		{"permessage-deflate", true},
		{"foo; bar; baz=2", true},
		{"foo ;bar ; baz = 2", true},
		{"foo;\tbar=\t2", true},
		{`foo; bar="2"`, true},
		{`foo; bar="\2\3"`, true},
		{"x!#$%&'*+-.^_`|~; y=1.5", true},
		{"", false},
		{";", false},
		{"; foo", false},
		{"foo;", false},
		{"foo;; bar", false},
		{"foo bar", false},
		{"foo=1", false},
		{"foo; =1", false},
		{"foo; bar=", false},
		{"foo; bar=1=2", false},
		{"foo; bar baz", false},
		{"foo; bar=1 2", false},
		{`foo; bar=""`, false},
		{`foo; bar="`, false},
		{`foo; bar="2`, false},
		{`foo; bar="2\"`, false},
		{`foo; bar="2\`, false},
		{`foo; bar="2"3`, false},
		{`foo; bar="2"3"`, false},
		{`foo; bar="a b"`, false},
		{`foo; bar="a;b"`, false},
		{`foo; "bar"`, false},
		{"foo; b\x80r", false},
		{"foo/bar", false},
	} {
		if got := isExtension(c.text); got != c.want {
			t.Errorf("%q: got %v, want %v", c.text, got, c.want)
		}
	}
}

func TestExtensions(t *testing.T) {
	t.Parallel()
	r := mustParse(t, "GET / HTTP/1.1\r\nHost: x\r\n"+
		"Sec-WebSocket-Extensions: a; b=1, c\r\nX: y\r\nsec-websocket-extensions: , d;e ,\r\nSec-WebSocket-Extensions:\r\n\r\n")
	if got, want := slices.Collect(r.Extensions()), []string{"a; b=1", "c", "d;e"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
