// Package trypage is a page for trying the WebSocket paths of a gateway in a
// browser: connect, send, and watch what arrives. It is embedded, asks for
// nothing from elsewhere, and talks to the server that it came from only.
package trypage

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"strings"
	"time"
)

// Path is a WebSocket path that the page offers.
type Path struct {
	// Name is what the page calls it.
	Name string
	// Path begins with a slash.
	Path string
}

var (
	//go:embed try.html
	page string
	//go:embed try.css
	style string
	//go:embed try.js
	script string

	pageTemplate = template.Must(template.New("try.html").Parse(page))
)

// policy lets the page load its own two files and open WebSockets, and nothing
// else. ws: and wss: are named because older browsers do not count them as
// 'self'.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; " +
	"img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler serves the page at "/" and answers 404 elsewhere. The page offers
// paths, the first one chosen.
func Handler(paths []Path) http.Handler {
	var rendered bytes.Buffer
	if err := pageTemplate.Execute(&rendered, paths); err != nil {
		panic("trypage: the embedded page did not render: " + err.Error())
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", file("try.html", rendered.String()))
	mux.Handle("GET /try.css", file("try.css", style))
	mux.Handle("GET /try.js", file("try.js", script))
	return mux
}

// file serves content by its name's type. It is never cached: the page belongs
// to one run of the program.
func file(name, content string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		http.ServeContent(w, r, name, time.Time{}, strings.NewReader(content))
	})
}
