package token

import (
	"fmt"
	"net/url"
	"strings"
)

// Endpoint is where the gateway is reached: scheme, host, port and a path prefix
// that a proxy takes away. It is a comparable value; the zero Endpoint is none.
type Endpoint struct {
	origin string // "https://host" or "https://host:port", lower case, no default port
	prefix string // "" or "/path", no slash at the end
}

// ParseEndpoint reads an endpoint such as "https://example.com/realtime". One
// without a scheme is of https. Errors say what is wrong and what would be right.
func ParseEndpoint(text string) (Endpoint, error) {
	whole := text
	if !strings.Contains(text, "://") {
		whole = "https://" + text
	}
	u, err := url.Parse(whole)
	switch {
	case err != nil || u.Hostname() == "":
		return Endpoint{}, fmt.Errorf(`endpoint %q: is no URL; write one such as "https://example.com"`, text)
	case u.Scheme != "http" && u.Scheme != "https":
		return Endpoint{}, fmt.Errorf("endpoint %q: has the scheme %s; use http or https", text, u.Scheme)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return Endpoint{}, fmt.Errorf("endpoint %q: must have nothing but scheme, host, port and path", text)
	case strings.Contains(u.EscapedPath(), "%"):
		return Endpoint{}, fmt.Errorf("endpoint %q: its path must have no escapes", text)
	}
	return Endpoint{originOf(u.Scheme, u.Host), strings.TrimRight(u.Path, "/")}, nil
}

// originOf returns the origin in the form that is compared.
func originOf(scheme, host string) string {
	scheme, host = strings.ToLower(scheme), strings.ToLower(host)
	if scheme == "http" {
		host = strings.TrimSuffix(host, ":80")
	} else {
		host = strings.TrimSuffix(host, ":443")
	}
	return scheme + "://" + host
}

// String returns the endpoint's URL without a slash at the end, or "".
func (e Endpoint) String() string { return e.origin + e.prefix }

// ClientURL returns the URL at which clients connect to a hub: of scheme ws or wss.
func (e Endpoint) ClientURL(hub string) string {
	return "ws" + strings.TrimPrefix(e.String(), "http") + clientPath(hub)
}

const (
	clientPrefix = "/client/hubs/"
	restPrefix   = "/api/"
)

// clientPath returns the path of a client's URL.
func clientPath(hub string) string { return clientPrefix + hub }

// swallows reports whether an audience at other could be taken for one at e: if
// what other's path has beyond that of e looks like a path of the API.
func (e Endpoint) swallows(other Endpoint) bool {
	beyond, within := cutPrefixFold(other.prefix+"/", e.prefix)
	if e.origin != other.origin || !within {
		return false
	}
	_, rest := cutPrefixFold(beyond, restPrefix)
	_, client := cutPrefixFold(beyond, "/client/")
	return rest || client
}

// cutPrefixFold is [strings.CutPrefix] without regard to case.
func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}
