package deploy_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/gateway/settings"
)

// Nobody looks up a name at night that the page has got wrong.
func TestOperatorsPagesNameWhatExists(t *testing.T) {
	all := exposed(t)
	var paths, mappings []string
	for _, s := range settings.Catalog() {
		paths = append(paths, s.Path)
		if mapping, _, nested := strings.Cut(s.Path, "."); nested && !slices.Contains(mappings, mapping) {
			mappings = append(mappings, mapping)
		}
	}
	metric := regexp.MustCompile(`\bsluice_\w+`)
	counted := regexp.MustCompile("(?:`|\\$ |; |do )count (\\w+)")
	setting := regexp.MustCompile(`\b(?:` + strings.Join(mappings, "|") + `)\.[a-zA-Z]\w+\b`)
	for _, page := range []string{"operations.md", "reasons.md", "life.md", "delivery.md"} {
		text := read(t, "../docs/"+page)
		for _, name := range metric.FindAllString(text, -1) {
			if !slices.Contains(all.families, name) {
				t.Errorf("%s: no metric %s", page, name)
			}
		}
		for _, found := range counted.FindAllStringSubmatch(text, -1) {
			if !slices.ContainsFunc(all.families, func(name string) bool { return strings.HasPrefix(name, "sluice_"+found[1]) }) {
				t.Errorf("%s: `count %s` finds nothing", page, found[1])
			}
		}
		for _, path := range setting.FindAllString(text, -1) {
			if _, err := os.Stat("../docs/" + path); err != nil && !slices.Contains(paths, path) {
				t.Errorf("%s: no setting %s", page, path)
			}
		}
	}
}

var (
	link  = regexp.MustCompile(`\]\(([^)]+)\)`)
	fence = regexp.MustCompile("(?s)\n```.*?\n```")
)

func TestLinksLeadSomewhere(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	for _, page := range append(pages, "../README.md") {
		text := fence.ReplaceAllString(read(t, page), "")
		for _, found := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			file, anchor, _ := strings.Cut(found[1], "#")
			target := page
			if file != "" {
				target = filepath.Join(filepath.Dir(page), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %v", page, err)
			} else if _, exists := sections(fence.ReplaceAllString(readPage(t, target), ""))[anchor]; anchor != "" && !exists {
				t.Errorf("%s: no heading #%s in %s", page, anchor, target)
			}
		}
	}
}

var direct = regexp.MustCompile(`(?m)^\t(\S+) v\S+$`) // what is indirect has a comment

func TestEveryDirectDependencyHasAPart(t *testing.T) {
	page := read(t, "../docs/dependencies.md")
	found := direct.FindAllStringSubmatch(read(t, "../go.mod"), -1)
	if len(found) == 0 {
		t.Fatal("no dependencies")
	}
	for _, module := range found {
		if !strings.Contains(page, "`"+module[1]+"`") {
			t.Errorf("docs/dependencies.md does not say what %s is for", module[1])
		}
	}
}

// readPage reads a page, and nothing of a directory.
func readPage(t *testing.T, name string) string {
	t.Helper()
	if !strings.HasSuffix(name, ".md") {
		return ""
	}
	return read(t, name)
}
