package webhook

import (
	"net/url"
	"strings"
)

// target is a handler's URL, in whose path and query {hub} and {event} stand for
// the names of both.
type target struct{ template string }

// parseTarget returns what is wrong with a template and what would be right, or
// "".
func parseTarget(template string) (t target, problem string) {
	t = target{template}
	filled := t.url("hub", "event")
	u, err := url.Parse(filled)
	switch {
	case err != nil:
		return t, "must be a URL, for example http://127.0.0.1:9000/api/webpubsub/hubs/{hub}/"
	case u.Scheme != "http" && u.Scheme != "https":
		return t, "must begin with http:// or https://"
	case u.Hostname() == "":
		return t, "must have a host"
	case u.User != nil:
		return t, "must have no user and password: they would show in logs"
	case strings.Contains(filled, "#"):
		return t, "must have no fragment (#): it is never sent"
	case strings.ContainsAny(filled, "{}"):
		return t, "may have no braces but {hub} and {event}"
	}
	// A name in the host would let clients, who name events, choose the host.
	if before, _, _ := strings.Cut(filled, u.Host); !strings.HasPrefix(template, before+u.Host) {
		return t, "must have {hub} and {event} in path and query only"
	}
	return t, ""
}

// url returns the URL for one event.
func (t target) url(hub, event string) string {
	// %20 and not +, which is a space in queries only.
	escape := func(name string) string { return strings.ReplaceAll(url.QueryEscape(name), "+", "%20") }
	return strings.NewReplacer("{hub}", escape(hub), "{event}", escape(event)).Replace(t.template)
}

// name is the URL as logs and errors show it: without the query, where some
// handlers have a secret.
func (t target) name() string {
	before, _, _ := strings.Cut(t.template, "?")
	return before
}
