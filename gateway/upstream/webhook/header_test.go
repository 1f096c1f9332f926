package webhook

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestHeaderValue(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"", ""},
		{"ana", "ana"},
		{"ana@example.com", "ana@example.com"},
		{"Ana B", "Ana B"},
		{" a ", "%20a%20"},
		{"  a  ", "%20 a %20"},
		{" ", "%20"},
		{`100% "sure"`, "100%25 %22sure%22"},
		{"ä€😀", "%C3%A4%E2%82%AC%F0%9F%98%80"},
		{"a\r\nX-Admin: 1", "a%0D%0AX-Admin: 1"},
		{"\x00\x7f", "%00%7F"},
		{"\xff", "%FF"},
	} {
		if got := headerValue(tc.text); got != tc.want {
			t.Errorf("%q: got %q, want %q", tc.text, got, tc.want)
		}
	}
}

// Whatever the text, the value has nothing that ends or splits a header, and means
// the same text.
func FuzzHeaderValue(f *testing.F) {
	f.Add("ana")
	f.Add("a\r\nb: c\x00\xff ä%")
	f.Fuzz(func(t *testing.T, text string) {
		value := headerValue(text)
		if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r >= 0x7f || r == '"' || r == utf8.RuneError }) || strings.TrimSpace(value) != value {
			t.Errorf("%q became %q", text, value)
		}
		if back, err := url.PathUnescape(value); err != nil || back != text {
			t.Errorf("%q became %q, which means %q", text, value, back)
		}
	})
}
