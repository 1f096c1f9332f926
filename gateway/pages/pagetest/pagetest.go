// Package pagetest checks for tests what a browser would otherwise be the first
// to find: that a page keeps its policy, that its controls have labels, and that
// its scripts find their files and elements.
package pagetest

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

var (
	inline     = regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script[^>]*>[^<]|javascript:|(?:src|href)="https?:`)
	linked     = regexp.MustCompile(`(?:<script[^>]* src|<link rel="stylesheet" href)="([^"]+)"`)
	imported   = regexp.MustCompile(`from "\.(/[a-z]+\.js)"`)
	control    = regexp.MustCompile(`<(?:input|select|textarea)[^>]* id="([a-z]+)"`)
	identified = regexp.MustCompile(` id="([^"]+)"`)
	used       = regexp.MustCompile(`element\("([a-z]+)"\)`)
	asHTML     = regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(`)
)

// Check gets the page at "/" of h, which must have the title, with every file that
// it loads.
func Check(t testing.TB, h http.Handler, title string) {
	t.Helper()
	page := get(t, h, "/", "text/html")
	if !strings.Contains(page, "<title>"+title+"</title>") {
		t.Errorf("the page is not titled %q", title)
	}
	if found := inline.FindString(page); found != "" {
		t.Errorf("the page holds %q, which its policy forbids", found)
	}
	for _, found := range control.FindAllStringSubmatch(page, -1) {
		if !strings.Contains(page, `<label for="`+found[1]+`">`) {
			t.Errorf("no label for #%s", found[1])
		}
	}
	ids := make(map[string]bool)
	for _, found := range identified.FindAllStringSubmatch(page, -1) {
		if ids[found[1]] {
			t.Errorf("two elements are #%s", found[1])
		}
		ids[found[1]] = true
	}
	var files []string
	for _, found := range linked.FindAllStringSubmatch(page, -1) {
		files = append(files, found[1])
	}
	seen := make(map[string]bool)
	for len(files) > 0 {
		name := files[0]
		files = files[1:]
		if seen[name] {
			continue
		}
		seen[name] = true
		if strings.HasSuffix(name, ".css") {
			get(t, h, name, "text/css")
			continue
		}
		script := get(t, h, name, "text/javascript")
		for _, found := range imported.FindAllStringSubmatch(script, -1) {
			files = append(files, found[1])
		}
		checkScript(t, page, name, script)
	}
	if len(seen) < 2 {
		t.Errorf("the page loads %d files; a page has a style and a script", len(seen))
	}
}

func checkScript(t testing.TB, page, name, script string) {
	t.Helper()
	if found := asHTML.FindString(script); found != "" {
		t.Errorf("%s uses %s: values are set as text", name, found)
	}
	for _, found := range used.FindAllStringSubmatch(script, -1) {
		if !strings.Contains(page, ` id="`+found[1]+`"`) {
			t.Errorf("%s uses #%s, which the page does not have", name, found[1])
		}
	}
}

// get returns what h serves at path, which must be of a type and carry the
// headers of a page.
func get(t testing.TB, h http.Handler, path, contentType string) string {
	t.Helper()
	request := httptest.NewRequest("GET", path, nil)
	request.Header.Set("Accept", "text/html,*/*")
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, request)
	if answer.Code != http.StatusOK {
		t.Errorf("%s: status %d", path, answer.Code)
	}
	for name, want := range map[string]string{
		"Content-Type":            contentType + "; charset=utf-8",
		"X-Content-Type-Options":  "nosniff",
		"Referrer-Policy":         "no-referrer",
		"Cache-Control":           "no-store",
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	} {
		if got := answer.Header().Get(name); got != want {
			t.Errorf("%s: %s: %q, want %q", path, name, got, want)
		}
	}
	return answer.Body.String()
}
