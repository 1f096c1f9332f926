package api

import (
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	prefix     = "/api/"
	hubPrefix  = "/api/hubs/"
	healthPath = "/api/health"
)

// route is an operation's method and path.
type route struct {
	method string
	// segments are those behind the hub's; one in braces stands for a value.
	segments []string
}

// maxSegments is how many segments a path has behind the hub's, at most.
const maxSegments = 4

// newRoute takes a method and a path, such as "PUT groups/{group}/connections/{connection}".
func newRoute(text string) route {
	method, path, _ := strings.Cut(text, " ")
	return route{method, strings.Split(path, "/")}
}

// fits reports whether the route is that of a path.
func (r *route) fits(segments []string) bool {
	if len(segments) != len(r.segments) {
		return false
	}
	for i, pattern := range r.segments {
		if pattern != segments[i] && pattern[0] != '{' || segments[i] == "" {
			return false
		}
	}
	return true
}

// place is where a request goes.
type place struct {
	operation int // in the table
	values    values
}

// values are those of a path's segments that stand for something, decoded and
// checked, by their names in braces.
type values struct{ hub, group, user, connection, permission string }

// find looks a path up, as it was sent. The problem is 404 or 405.
func find(method, escaped string) (found place, err error) {
	rest, isHub := strings.CutPrefix(escaped, hubPrefix)
	if !isHub {
		if escaped != healthPath {
			return place{}, notFound("", "there is nothing at this path; operations begin with %s{hub}/", hubPrefix)
		}
		if method != http.MethodHead {
			return place{}, wrongMethod(http.MethodHead)
		}
		return place{operation: health}, nil
	}
	hub, rest, _ := strings.Cut(rest, "/")
	var room [maxSegments + 1]string
	segments := room[:0]
	for segment := range strings.SplitSeq(rest, "/") {
		if segments = append(segments, segment); len(segments) > maxSegments {
			break
		}
	}
	var allowed []string
	for i := range operations {
		o := &operations[i]
		if !o.route.fits(segments) {
			continue
		}
		if o.route.method != method {
			allowed = append(allowed, o.route.method)
			continue
		}
		found = place{operation: i}
		return found, found.values.take(hub, o.route.segments, segments)
	}
	if len(allowed) > 0 {
		return place{}, wrongMethod(allowed...)
	}
	return place{}, notFound("", "a hub has no operation at this path")
}

func wrongMethod(allowed ...string) error {
	methods := strings.Join(allowed, ", ")
	return &problem{status: http.StatusMethodNotAllowed, code: "MethodNotAllowed", message: "this path takes " + methods, allow: methods}
}

// take decodes and checks the values of a path.
func (v *values) take(hub string, pattern, segments []string) error {
	if err := v.set("{hub}", hub); err != nil {
		return err
	}
	for i, segment := range segments {
		if pattern[i][0] != '{' {
			continue
		}
		if err := v.set(pattern[i], segment); err != nil {
			return err
		}
	}
	return nil
}

func (v *values) set(name, escaped string) error {
	value, err := url.PathUnescape(escaped)
	if err != nil {
		return bad(strings.Trim(name, "{}"), "%q: is not percent-encoded: %v", escaped, err)
	}
	switch name {
	case "{hub}":
		v.hub = value
	case "{group}":
		v.group = value
		return checkGroup("group", value)
	case "{user}":
		v.user = value
	case "{connection}":
		v.connection = value
	case "{permission}":
		v.permission = value
	}
	return nil
}

// maxGroup is how long a group's name may be, in characters.
const maxGroup = 1024

// checkGroup returns the fault of a group's name, which field has.
func checkGroup(field, name string) error {
	if n := utf8.RuneCountInString(name); n < 1 || n > maxGroup || !utf8.ValidString(name) {
		return bad(field, "%.40q: must be 1 to %d characters of UTF-8", name, maxGroup)
	}
	if strings.IndexFunc(name, func(r rune) bool { return !unicode.IsSpace(r) }) < 0 {
		return bad(field, "%.40q: must not be blank", name)
	}
	return nil
}
