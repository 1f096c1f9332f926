// Package admin is the operator's view of a gateway over HTTP: metrics, health,
// readiness, status, sessions, groups and profiles, and the console, a page that
// shows them. It asks the gateway for snapshots and holds no state of its own.
//
// Nothing here asks for a login. [Listen] is meant for a loopback or otherwise
// private address: profiles show memory content, and lists of sessions who is
// connected.
package admin

import (
	"context"
	"errors"
	"net/http"
	"net/http/pprof"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/admin/console"
)

// Source is the gateway as this package needs it. It may be a [PublicSource], too. Any
// goroutine may call it.
type Source interface {
	// Stats asks every loop; the error names a loop that did not answer before
	// ctx ended.
	Stats(ctx context.Context) (gateway.Stats, error)
	// Ready reports whether new sessions are accepted.
	Ready() bool
	// Hub returns the hub of that name, or nil.
	Hub(name string) *gateway.Hub
	// Session returns the session with a connection id, and whether the id is
	// one of the gateway's.
	Session(id string) (gateway.Session, bool)
}

var _ Source = (*gateway.Gateway)(nil)

// answerTime is how long the loops have to answer. A loop that takes longer
// than this for one turn serves nobody.
const answerTime = time.Second

// Handler returns the handler of the admin listener. Version is shown in
// /status and as a label of sluice_build_info. It changes nothing; see
// [WithActions].
func Handler(source Source, version string) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		&collector{source, version},
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)

	mux := http.NewServeMux()
	page := console.Handler()
	mux.Handle("GET /", page)
	mux.Handle("GET /{$}", toBrowsers(page, endpoint(index)))
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.Handle("GET /healthz", health(source))
	mux.Handle("GET /readyz", readiness(source))
	mux.Handle("GET /status", status(source, version))
	mux.Handle("GET /figures", figures(source, version))
	mux.Handle("GET /sessions", sessions(source))
	mux.Handle("GET /sessions/{id}", details(source))
	mux.Handle("GET /groups", groups(source))
	mux.Handle("GET /actions", offered())
	mux.Handle("POST /send", off("/send"))
	mux.Handle("POST /close", off("/close"))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

func index(w http.ResponseWriter, _ *http.Request) error {
	return plain(w, `/              the console, in a browser
/metrics       Prometheus metrics
/healthz       200 while every event loop answers
/readyz        200 while new sessions are accepted
/status        figures as JSON, loop by loop
/figures       figures as JSON, added up, as the console shows them
/sessions      sessions of a hub as JSON: ?hub=NAME, and group=, user=, slow=true, after=, limit=
/sessions/ID   one session as JSON
/groups        groups of a hub as JSON: ?hub=NAME, and prefix=, after=, limit=
/actions       what may be done, as JSON
/debug/pprof/  profiles

POST /drain    stop gracefully, where the program offers it
POST /reload   read the configuration again, likewise
POST /send     send a message to sessions, where actions are on
POST /close    close them, likewise
`)
}

// toBrowsers serves page to who asks for HTML, and index to tools such as curl.
func toBrowsers(page, index http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Accept")
		if strings.Contains(r.Header.Get("Accept"), "text/html") {
			page.ServeHTTP(w, r)
			return
		}
		index.ServeHTTP(w, r)
	})
}

func health(source Source) endpoint {
	return func(w http.ResponseWriter, r *http.Request) error {
		if _, err := snapshot(source, r); err != nil {
			return err
		}
		return plain(w, "healthy\n")
	}
}

// snapshot asks the loops for their figures. The error is a [*problem].
func snapshot(source Source, r *http.Request) (gateway.Stats, error) {
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	stats, err := source.Stats(ctx)
	if err != nil {
		return stats, &problem{http.StatusServiceUnavailable, err}
	}
	return stats, nil
}

func readiness(source Source) endpoint {
	return func(w http.ResponseWriter, _ *http.Request) error {
		if !source.Ready() {
			return &problem{http.StatusServiceUnavailable, errors.New("new sessions are not accepted")}
		}
		return plain(w, "ready\n")
	}
}

func plain(w http.ResponseWriter, text string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err := w.Write([]byte(text))
	return err
}
