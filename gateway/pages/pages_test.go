package pages_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"

	"github.com/sluicegate/sluice/gateway/pages"
	"github.com/sluicegate/sluice/gateway/pages/pagetest"
)

// own returns the files of a page with the shared client.
func own(script string) fstest.MapFS {
	const index = `{{template "head"}}<title>Own</title>
<script type="module" src="/own.js"></script>{{template "client" .}}
{{define "address"}}<label for="address">{{.}}</label><input id="address">{{end}}`
	return fstest.MapFS{"index.html": {Data: []byte(index)}, "own.js": {Data: []byte(script)}, "notes.txt": {Data: []byte("not served")}}
}

func TestAPageHasTheSharedClient(t *testing.T) {
	pagetest.Check(t, pages.Handler(own(`import { start } from "./client.js";`), "Address"), "Own")
}

func TestOnlyThePageAndItsFilesAreServed(t *testing.T) {
	h := pages.Handler(own(""), "Address")
	for _, tc := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/own.js", 200},
		{"HEAD", "/", 200},
		{"POST", "/", 405},
		{"GET", "/index.html", 404},
		{"GET", "/client.html", 404},
		{"GET", "/notes.txt", 404},
		{"GET", "/files/", 404},
		{"GET", "/none.js", 404},
	} {
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, httptest.NewRequest(tc.method, tc.path, nil))
		if answer.Code != tc.status {
			t.Errorf("%s %s: %d %s, want %d", tc.method, tc.path, answer.Code, http.StatusText(answer.Code), tc.status)
		}
	}
}
