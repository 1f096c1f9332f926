// Package peers_test holds what is said of the peers to what they are.
package peers_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// The libraries of the peers, each as go.mod and setup.md name it: with its version.
var library = regexp.MustCompile(`github\.com/\S+ v[0-9][0-9A-Za-z.-]*[0-9A-Za-z]`)

func TestSetupNamesTheVersionsInUse(t *testing.T) {
	setup, err := os.ReadFile("setup.md")
	if err != nil {
		t.Fatal(err)
	}
	var required strings.Builder
	for _, module := range []string{"go.mod", "centrifugo/go.mod"} {
		text, err := os.ReadFile(module)
		if err != nil {
			t.Fatal(err)
		}
		required.WriteString(strings.ReplaceAll(string(text), " // indirect", "")) // as the modules of tools are
	}
	named := library.FindAllString(string(setup), -1)
	if len(named) == 0 {
		t.Fatal("setup.md names no library")
	}
	for _, name := range named {
		if !strings.Contains(required.String(), "\t"+name+"\n") {
			t.Errorf("setup.md names %s, which no go.mod requires", name)
		}
	}
	manifest, err := os.ReadFile("uwebsockets/package.json")
	if err != nil {
		t.Fatal(err)
	}
	addon := regexp.MustCompile(`"(@btc-vision/uwebsockets\.js)": "([0-9.]+)"`).FindSubmatch(manifest)
	if addon == nil || !strings.Contains(string(setup), fmt.Sprintf("npm %s %s:", addon[1], addon[2])) {
		t.Errorf("setup.md does not name the addon of package.json, %q, with its version", addon)
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		switch name := entry.Name(); {
		case !entry.IsDir() || name == "bareloop" || name == "compare" || name == "internal":
		case !strings.Contains(string(setup), "\n| "+name+" | "):
			t.Errorf("setup.md does not say how %s is set up", name)
		}
	}
}
