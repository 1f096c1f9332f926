package admin

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
)

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
	name := (&url.URL{Host: host}).Hostname()
	_, err := netip.ParseAddr(name)
	return err == nil || name == "localhost"
}

func forbidden(why string) http.Handler {
	return endpoint(func(http.ResponseWriter, *http.Request) error {
		return &problem{http.StatusForbidden, errors.New(why)}
	})
}
