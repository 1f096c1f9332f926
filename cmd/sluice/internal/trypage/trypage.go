// Package trypage is a page for trying the WebSocket paths of a gateway in a
// browser: connect, send, and watch what arrives. It is embedded, asks for
// nothing from elsewhere, and talks to the server that it came from only.
package trypage

import (
	"embed"
	"io/fs"
	"net/http"

	"github.com/sluicegate/sluice/gateway/pages"
)

//go:embed files
var embedded embed.FS

// Path is a WebSocket path that the page offers.
type Path struct {
	// Name is what the page calls it.
	Name string
	// Path begins with a slash.
	Path string
}

// Handler serves the page at "/" and answers 404 elsewhere. The page offers
// paths, the first one chosen.
func Handler(paths []Path) http.Handler {
	files, err := fs.Sub(embedded, "files")
	if err != nil {
		panic("trypage: " + err.Error())
	}
	return pages.Handler(files, paths)
}
