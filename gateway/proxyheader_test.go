package gateway

import (
	"strings"
	"testing"
)

var proxyHeaderSeeds = []string{
	"PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n",
	"PROXY UNKNOWN\r\n",
	"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00",
	"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\xc6\x33\x64\x01\x12\x67\x01\xbb",
}

func TestABeginningOfAProxyHeaderNeedsMore(t *testing.T) {
	for _, header := range proxyHeaderSeeds {
		for cut := range len(header) {
			if _, n, err := parseProxyHeader([]byte(header[:cut])); n != 0 || err != nil {
				t.Errorf("%d bytes of %q: length %d, %v", cut, header, n, err)
			}
		}
		if _, n, err := parseProxyHeader([]byte(header + "data")); n != len(header) || err != nil {
			t.Errorf("%q: length %d, %v", header, n, err)
		}
	}
}

// FuzzProxyHeader asserts that what a proxy sends is bounded, and that bytes behind
// a header do not change it.
func FuzzProxyHeader(f *testing.F) {
	for _, seed := range proxyHeaderSeeds {
		f.Add([]byte(seed))
		f.Add([]byte(strings.Replace(seed, "4", "9", 1)))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		client, n, err := parseProxyHeader(p)
		switch {
		case err != nil:
			return
		case n > len(p):
			t.Fatalf("a header of %d bytes in %d", n, len(p))
		case n == 0 && len(p) >= proxyV2Fixed+proxyV2Most:
			t.Fatalf("%d bytes are too few to tell", len(p))
		case n == 0:
			return
		}
		if again, m, err := parseProxyHeader(p[:n]); again != client || m != n || err != nil {
			t.Fatalf("alone it is %v, %d, %v; with others behind it %v, %d", again, m, err, client, n)
		}
	})
}
