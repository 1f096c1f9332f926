package trypage

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func get(path string, paths ...Path) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	Handler(paths).ServeHTTP(answer, httptest.NewRequest("GET", path, nil))
	return answer
}

func TestFiles(t *testing.T) {
	for _, tc := range []struct{ path, contentType, content string }{
		{"/", "text/html; charset=utf-8", "<title>Try Sluice</title>"},
		{"/try.js", "text/javascript; charset=utf-8", "new WebSocket("},
		{"/try.css", "text/css; charset=utf-8", "color-scheme: light dark"},
	} {
		answer := get(tc.path)
		if got := answer.Header().Get("Content-Type"); answer.Code != http.StatusOK || got != tc.contentType {
			t.Errorf("%s: %d %s, want 200 %s", tc.path, answer.Code, got, tc.contentType)
		}
		if !strings.Contains(answer.Body.String(), tc.content) {
			t.Errorf("%s does not hold %q", tc.path, tc.content)
		}
		if answer.Header().Get("Content-Security-Policy") != policy {
			t.Errorf("%s has no Content-Security-Policy", tc.path)
		}
	}
}

func TestOtherPathsAreNotFound(t *testing.T) {
	for _, path := range []string{"/client/hubs/chat", "/try.html", "/index.html"} {
		if code := get(path).Code; code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, code)
		}
	}
}

func TestThePageOffersThePaths(t *testing.T) {
	body := get("/", Path{"hub chat", "/client/hubs/chat"}, Path{"echo", `/a"><b>`}).Body.String()
	for _, want := range []string{
		`<option value="/client/hubs/chat">hub chat (/client/hubs/chat)</option>`,
		`<option value="/a&#34;&gt;&lt;b&gt;">`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in\n%s", want, body)
		}
	}
	if body := get("/").Body.String(); !strings.Contains(body, "no hub is configured") {
		t.Errorf("without paths the page does not say so:\n%s", body)
	}
}

// The policy forbids inline scripts, styles and handlers: a page that has them
// would fail in the browser only.
func TestThePageObeysItsPolicy(t *testing.T) {
	inline := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script(?:\s+(?:defer|async))*>|javascript:|https?://`)
	if found := inline.FindString(page); found != "" {
		t.Errorf("the page holds %q", found)
	}
}

func TestEveryControlHasALabel(t *testing.T) {
	for _, control := range regexp.MustCompile(`<(?:input|select)[^>]* id="([a-z]+)"`).FindAllStringSubmatch(page, -1) {
		if !strings.Contains(page, `<label for="`+control[1]+`">`) {
			t.Errorf("no label for %s", control[1])
		}
	}
}

func TestTheScriptFindsItsElements(t *testing.T) {
	used := regexp.MustCompile(`element\("([a-z]+)"\)`).FindAllStringSubmatch(script, -1)
	if len(used) == 0 {
		t.Fatal("the script uses no element")
	}
	for _, id := range used {
		if !strings.Contains(page, ` id="`+id[1]+`"`) {
			t.Errorf("the script uses #%s, which the page does not have", id[1])
		}
	}
}
