package admin

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
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
		mux.Handle("POST /drain", sameSite(endpoint(func(w http.ResponseWriter, _ *http.Request) error {
			controls.Drain()
			w.WriteHeader(http.StatusAccepted)
			return plain(w, "draining; see /status\n")
		})))
	}
	if controls.Reload != nil {
		mux.Handle("POST /reload", sameSite(reload(controls.Reload)))
	}
	return mux
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

// sameSite refuses what a page of another site has a browser send: such a page
// may reach a loopback address that its author cannot. A page whose own name was
// made to resolve to this address passes the comparison of Origin and Host (DNS
// rebinding), so a browser must also have come by address or as localhost. What
// carries no Origin is no browser.
func sameSite(next http.Handler) http.Handler {
	byAddress := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") != "" && !named(r.Host) {
			forbidden("a browser must use this listener's address, or localhost").ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(forbidden("the request comes from a page of another site"))
	return protection.Handler(byAddress)
}

// named reports whether host, with or without a port, is an address or
// localhost, which nobody else can make resolve to something.
func named(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	_, err := netip.ParseAddr(host)
	return err == nil || host == "localhost"
}

func forbidden(why string) http.Handler {
	return endpoint(func(http.ResponseWriter, *http.Request) error {
		return &problem{http.StatusForbidden, errors.New(why)}
	})
}
