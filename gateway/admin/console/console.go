// Package console is the operator's page: figures with their last five minutes,
// sessions and groups, what may be done to them, and a client to try the public
// port with. It is static. Its scripts ask the admin listener that it came from:
// /figures every second while the page is in sight, and /sessions, /groups,
// /actions, /send and /close as they are used.
package console

import (
	"embed"
	"io/fs"
	"net/http"

	"github.com/sluicegate/sluice/gateway/pages"
)

//go:embed files
var embedded embed.FS

// Handler serves the page at "/" and its files beside it, and answers 404
// elsewhere. Any goroutine may use it.
func Handler() http.Handler {
	files, err := fs.Sub(embedded, "files")
	if err != nil {
		panic("console: " + err.Error())
	}
	return pages.Handler(files, nil)
}
