package trypage

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/gateway/pages/pagetest"
)

func get(path string, paths ...Path) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	Handler(paths).ServeHTTP(answer, httptest.NewRequest("GET", path, nil))
	return answer
}

func TestThePageIsSound(t *testing.T) {
	pagetest.Check(t, Handler([]Path{{"hub chat", "/client/hubs/chat"}}), "Try Sluice")
}

func TestOtherPathsAreNotFound(t *testing.T) {
	for _, path := range []string{"/client/hubs/chat", "/try.html", "/index.html", "/client.html"} {
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
