package settings

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway"
)

var update = flag.Bool("update", false, "rewrite the table in docs/configuration.md")

const (
	configurationPage = "../../docs/configuration.md"
	tableBegin        = "<!-- table of settings: go test ./gateway/settings -update -->\n"
	tableEnd          = "<!-- end of the table -->\n"
)

// table renders the catalog as the page holds it.
func table() string {
	var b strings.Builder
	b.WriteString("| setting | default | values | flag | environment | meaning |\n|---|---|---|---|---|---|\n")
	defaults := Default()
	defaults.Engine = "epoll"
	for _, s := range Catalog() {
		value := cmp.Or(s.Value(defaults), `""`)
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | `--%s` | `%s` | %s |\n", s.Path, value, s.Range, s.Flag, s.Env(), s.Help)
	}
	return b.String()
}

func TestThePageDescribesEverySetting(t *testing.T) {
	content, err := os.ReadFile(configurationPage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begun := strings.Cut(string(content), tableBegin)
	found, after, ended := strings.Cut(rest, tableEnd)
	if !begun || !ended {
		t.Fatalf("%s lacks the marks of the table", configurationPage)
	}
	if *update {
		if err := os.WriteFile(configurationPage, []byte(before+tableBegin+table()+tableEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if found != table() {
		t.Errorf("the table in %s differs from the catalog; run with -update", configurationPage)
	}
}

// Hubs are described by hand.
func TestThePageDescribesEveryKeyOfAHub(t *testing.T) {
	content, err := os.ReadFile(configurationPage)
	if err != nil {
		t.Fatal(err)
	}
	hub := newHub("")
	class := gateway.GroupClass{Delivery: hub.Delivery}
	for _, f := range append(hubFields(&hub), classFields("", &class)...) {
		key := f.path[strings.LastIndex(f.path, ".")+1:]
		row := fmt.Sprintf("\n| `%s` | `%s` | ", key, cmp.Or(f.value.String(), `""`))
		switch _, isList := f.value.(list); {
		case isList:
			row = fmt.Sprintf("\n| `%s` | `[]` | ", key)
		case key == "dispatch":
			row = "\n| `dispatch` | that of the program | "
		}
		if !strings.Contains(string(content), row) {
			t.Errorf("%s has no row %q", configurationPage, row)
		}
	}
}

// The ranges are prose; the bounds are the gateway's.
func TestRangesAreTheBoundsThatHold(t *testing.T) {
	load := func(s Setting, value string) error {
		_, err := Load(Input{Flags: map[string]string{"shutdown-timeout": "2h", s.Flag: value}}) // the grace is a part of it
		return err
	}
	bounds := regexp.MustCompile(`^(\w+) to (\w+)`)
	for _, s := range Catalog() {
		found := bounds.FindStringSubmatch(s.Range)
		if found == nil {
			continue
		}
		for _, inside := range found[1:] {
			if err := load(s, inside); err != nil {
				t.Errorf("%s is in the range of %s and is refused: %v", inside, s.Path, err)
			}
		}
		if err := load(s, beyond(t, s.Kind, found[2])); err == nil {
			t.Errorf("more than %s is beyond the range of %s and is accepted", found[2], s.Path)
		}
	}
}

// beyond returns the value that follows the bound.
func beyond(t *testing.T, kind, bound string) string {
	t.Helper()
	if kind == "DURATION" {
		d, err := time.ParseDuration(bound)
		if err != nil {
			t.Fatal(err)
		}
		return (d + 1).String()
	}
	var n int
	if err := (size{&n}).set(bound); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(n + 1)
}
