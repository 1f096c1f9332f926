package token

import (
	"net/url"
	"strings"
)

// audience is the claim aud, taken apart once and compared often.
type audience struct {
	origin string // as in [Endpoint]
	rest   string // path and query, as signed
	plain  string // the same, percent-decoded once
}

// audienceOf takes an absolute URL apart. What is none matches no request.
func audienceOf(text string) audience {
	scheme, rest, _ := strings.Cut(text, "://")
	host := rest
	if slash := strings.IndexByte(rest, '/'); slash >= 0 {
		host, rest = rest[:slash], rest[slash:]
	}
	return audience{originOf(scheme, host), rest, decoded(rest)}
}

// decoded returns s percent-decoded, or as it is if that cannot be.
func decoded(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		return plain
	}
	return s
}

// isFor reports whether the audience is target, a path and perhaps a query, at an
// endpoint.
func (a *audience) isFor(e Endpoint, target string) bool {
	if a.origin != e.origin {
		return false
	}
	if rest, below := cutPrefixFold(a.rest, e.prefix); below && sameTarget(rest, target, asSent) {
		return true
	}
	plain, below := cutPrefixFold(a.plain, e.prefix)
	return below && sameTarget(plain, target, decoded)
}

// isPath reports whether the audience is target at any endpoint without a path.
// Nothing is decoded here: what has slashes by an escape only would be another
// path, and there is no endpoint to say where it begins.
func (a *audience) isPath(target string) bool { return sameTarget(a.rest, target, asSent) }

// sameTarget compares with target and, if signed has none, without its query, each as
// read has it. The query is cut off before that: an escaped question mark is a part of
// a name.
func sameTarget(signed, target string, read func(string) string) bool {
	if equal(signed, read(target)) {
		return true
	}
	path, _, asked := strings.Cut(target, "?")
	return asked && equal(signed, read(path))
}

// equal compares without regard to case, all but the names of hubs: those are two if
// they differ in that only.
func equal(signed, target string) bool {
	return strings.EqualFold(signed, target) && hubIn(signed) == hubIn(target)
}

// hubIn returns the third segment of a path, in which all of the API have a hub.
func hubIn(path string) string {
	for range 3 {
		_, path, _ = strings.Cut(path, "/")
	}
	if end := strings.IndexAny(path, "/?"); end >= 0 {
		path = path[:end]
	}
	return path
}

func asSent(s string) string { return s }
