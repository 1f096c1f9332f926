package subprotocol

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// expression says in the language of regexp what a pattern says in its own.
func expression(p string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`\A(?s:`)
	for p != "" {
		size := 1
		switch {
		case strings.HasPrefix(p, "**"):
			b.WriteString(`.*`)
			size = 2
		case p[0] == '*':
			b.WriteString(`[^.]*`)
		case p[0] == '?':
			b.WriteString(`[^.]`)
		case p[0] == '\\':
			b.WriteString(regexp.QuoteMeta(p[1:2]))
			size = 2
		default:
			_, size = utf8.DecodeRuneInString(p)
			b.WriteString(regexp.QuoteMeta(p[:size]))
		}
		p = p[size:]
	}
	b.WriteString(`)\z`)
	return regexp.MustCompile(b.String())
}

func random(r *rand.Rand, from []string, most int) string {
	var b strings.Builder
	for range r.IntN(most + 1) {
		b.WriteString(from[r.IntN(len(from))])
	}
	return b.String()
}

func TestPatternAgainstRegexp(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	matched := 0
	for range 20_000 {
		p := random(r, []string{"a", "b", "é", "€", ".", "*", "**", "?", `\*`, `\\`, `\.`}, 7)
		name := random(r, []string{"a", "b", "é", "€", "😀", ".", "*", `\`, "\n"}, 7)
		want := expression(p).MatchString(name)
		if got := pattern(p).match([]byte(name)); got != want {
			t.Fatalf("%q matches %q: %v, want %v", p, name, got, want)
		}
		if want {
			matched++
		}
	}
	if matched < 1000 {
		t.Errorf("only %d of the names matched: the test tells little", matched)
	}
}

func TestPatternCharacters(t *testing.T) {
	for _, tc := range []struct {
		pattern, name string
		want          bool
	}{
		{"?", "é", true},
		{"??", "é", false},
		{"é*", "éa", true},
		{"**", strings.Repeat("😀", 1024), true},
		{"**", strings.Repeat("😀", 1025), false},
		{"*?", "€", true},
		{"*??", "€", false},
		{"**??", "😀", false},
		{"a*??", "a€b", true},
		{strings.Repeat("?", 1024), strings.Repeat("😀", 1024), true},
	} {
		if got := pattern(tc.pattern).match([]byte(tc.name)); got != tc.want {
			t.Errorf("%.20q matches %.20q: %v, want %v", tc.pattern, tc.name, got, tc.want)
		}
	}
}

// The worst that names and patterns can be made is a product of two lengths. With
// three, it would be hours.
func TestPatternThatIsHardToRefuse(t *testing.T) {
	p := pattern("**a*" + strings.Repeat("a", 300) + "**" + strings.Repeat("a", 300) + "*" + strings.Repeat("a", 100) + "b")
	if err := p.check(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if p.match([]byte(strings.Repeat("a", maxNameBytes))) {
		t.Error("a name without b matches")
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
}
