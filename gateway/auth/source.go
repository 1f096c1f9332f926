package auth

import (
	"net/url"
	"strings"

	"github.com/sluicegate/sluice/gateway"
)

// Source looks for the token of a request, which it borrows. found means that
// the request has one, good or not. It is called on the loop.
type Source func(r *gateway.Request) (token string, found bool)

// Bearer looks in the header Authorization (RFC 6750 §2.1). Another scheme is no
// token.
func Bearer() Source {
	return func(r *gateway.Request) (string, bool) {
		scheme, token, _ := strings.Cut(r.Header("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return "", false
		}
		return strings.TrimLeft(token, " "), true
	}
}

// Query looks in a parameter of the query (RFC 6750 §2.3). Proxies log queries:
// such tokens should be short-lived.
func Query(parameter string) Source {
	return func(r *gateway.Request) (string, bool) {
		for rest := r.Query; rest != ""; {
			var pair string
			pair, rest, _ = strings.Cut(rest, "&")
			name, value, _ := strings.Cut(pair, "=")
			if name != parameter {
				continue
			}
			if decoded, err := url.QueryUnescape(value); err == nil {
				value = decoded // otherwise no token either, and refused as one
			}
			return value, true
		}
		return "", false
	}
}

// Subprotocol looks for an offered subprotocol that begins with prefix; the
// token is what follows. It is for browsers, whose WebSocket cannot set headers.
// The token is never the subprotocol that is agreed on, and a browser that has
// offered some wants one: it must offer another beside it, which the route or hub
// speaks.
func Subprotocol(prefix string) Source {
	return func(r *gateway.Request) (string, bool) {
		for offered := range r.Protocols() {
			if token, found := strings.CutPrefix(offered, prefix); found {
				return token, true
			}
		}
		return "", false
	}
}
