package admin

import (
	"fmt"
	"net/http"
)

// Controls are what an operator may have the program do. Their functions may be
// called from any goroutine; one that is nil is not offered.
type Controls struct {
	// Drain begins a graceful stop and does not wait for its end.
	Drain func()
	// Reload reads the configuration again, and returns the settings whose change
	// needs a restart. After an error everything is as it was.
	Reload func() (needRestart []string, err error)
}

// WithControls returns a handler that offers controls beside what next does:
// POST /drain and POST /reload. It refuses a browser that acts for another site.
func WithControls(next http.Handler, controls Controls) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", next)
	if controls.Drain != nil {
		posted(mux, "/drain", endpoint(func(w http.ResponseWriter, _ *http.Request) error {
			controls.Drain()
			w.WriteHeader(http.StatusAccepted)
			return plain(w, "draining; see /status\n")
		}))
	}
	if controls.Reload != nil {
		posted(mux, "/reload", reload(controls.Reload))
	}
	return mux
}

// posted serves what acts at a path. Without the other pattern a request that is no POST
// would be answered as if nothing were there.
func posted(mux *http.ServeMux, path string, act endpoint) {
	mux.Handle("POST "+path, sameSite(act))
	mux.Handle(path, endpoint(func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Allow", http.MethodPost)
		return &problem{http.StatusMethodNotAllowed, fmt.Errorf("%s: must be a POST, as of curl -X POST", path)}
	}))
}

// reloadDocument is the answer of a reload that has changed what it could.
type reloadDocument struct {
	// NeedRestart are settings that differ from what runs and cannot change live.
	NeedRestart []string `json:"needRestart"`
}

func reload(run func() ([]string, error)) endpoint {
	return func(w http.ResponseWriter, _ *http.Request) error {
		needRestart, err := run()
		if err != nil {
			return &problem{http.StatusUnprocessableEntity, err}
		}
		return document(w, reloadDocument{append([]string{}, needRestart...)})
	}
}
