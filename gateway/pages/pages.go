// Package pages serves the pages that the program shows in browsers, and holds
// what they share: the theme, and a WebSocket client to connect, send and watch
// with. A page is a template and a few files, all embedded. It loads nothing from
// elsewhere, and its policy forbids scripts that are not files of its own.
//
// The package knows no gateway. A page asks its own server for what it shows.
package pages

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"time"
)

//go:embed files
var embedded embed.FS

// policy lets a page load files of its own server, ask it for data, and open
// WebSockets; nothing else. ws: and wss: are named because the client of the
// console connects to another port, and older browsers do not count them as
// 'self'.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; " +
	"img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler serves a page at "/", its files and the shared ones beside it, and
// answers 404 elsewhere. own holds the page's files in one directory, the
// template index.html among them; it is rendered once, with data, and may use the
// shared templates "head" and "client". A template that cannot be rendered is a
// fault of the program, and panics. Any goroutine may use the handler.
func Handler(own fs.FS, data any) http.Handler {
	shared, err := fs.Sub(embedded, "files")
	if err != nil {
		panic("pages: " + err.Error())
	}
	rendered := template.Must(template.ParseFS(shared, "*.html"))
	template.Must(rendered.ParseFS(own, "index.html"))
	var index bytes.Buffer
	if err := rendered.ExecuteTemplate(&index, "index.html", data); err != nil {
		panic("pages: " + err.Error())
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", file("index.html", index.Bytes()))
	addFiles(mux, shared)
	addFiles(mux, own)
	return mux
}

// addFiles serves the scripts and styles of a directory.
func addFiles(mux *http.ServeMux, dir fs.FS) {
	for _, pattern := range []string{"*.js", "*.css"} {
		names, err := fs.Glob(dir, pattern)
		if err != nil {
			panic("pages: " + err.Error())
		}
		for _, name := range names {
			content, err := fs.ReadFile(dir, name)
			if err != nil {
				panic("pages: " + err.Error())
			}
			mux.Handle("GET /"+path.Base(name), file(name, content))
		}
	}
}

// file serves content by its name's type. It is never cached: the page belongs
// to one run of the program.
func file(name string, content []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	})
}
