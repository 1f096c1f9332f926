package gateway

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// FuzzForwarded asserts that nothing a client puts into its Forwarded or its Host has
// it pass for another, behind a forwarder that quotes what must be quoted.
func FuzzForwarded(f *testing.F) {
	for _, seed := range [][2]string{
		{"for=10.9.9.9", "a,for=10.9.9.9"},
		{`for=10.9.9.9;x="`, `,for=10.9.9.9;y="`},
		{`x="\`, `\",for=10.9.9.9;y=\"`},
		{`"a=`, `;for=10.9.9.9`},
	} {
		f.Add(seed[0], seed[1])
	}
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	f.Fuzz(func(t *testing.T, client, host string) {
		for _, element := range []string{`host="%";for="[2001:db8::7]:80"`, `for="[2001:db8::7]";by=192.0.2.1;host="%"`} {
			element = strings.Replace(element, "%", quote.Replace(host), 1)
			rules := &rules{header: forwarded}
			for _, values := range [][]string{{client + ", " + element}, {client, element}} {
				got, err := rules.client(slices.Values(values))
				if err == nil && got != netip.MustParseAddr("2001:db8::7") {
					t.Errorf("%q: the client is %v", values, got)
				}
			}
		}
	})
}
