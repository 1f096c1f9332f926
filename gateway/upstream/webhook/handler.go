package webhook

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Handler says which events go to one URL.
type Handler struct {
	// URL is where events are sent, http or https. In its path and query, {hub}
	// and {event} stand for the names of both.
	URL string
	// System are the system events it takes.
	System []Kind
	// User are the user events it takes: "*" for all, names separated by commas,
	// or none. Upper and lower case are the same.
	User string
}

// ParseHandler reads the short form "hub=url": a handler that takes all events of
// a hub, for example "chat=http://127.0.0.1:9000/api/webpubsub/hubs/chat/".
func ParseHandler(text string) (hub string, h Handler, err error) {
	hub, target, found := strings.Cut(text, "=")
	if !found || hub == "" {
		return "", Handler{}, fmt.Errorf(`webhook: %q: must be hub=url, for example "chat=http://127.0.0.1:9000/api/webpubsub/hubs/chat/"`, text)
	}
	if _, problem := parseTarget(target); problem != "" {
		return "", Handler{}, fmt.Errorf("webhook: %q: the URL %s", text, problem)
	}
	return hub, Handler{URL: target, System: SystemKinds(), User: "*"}, nil
}

// takes reports whether the handler takes an event; name matters to user events
// only.
func (h *Handler) takes(kind Kind, name string) bool {
	if kind != User {
		return slices.Contains(h.System, kind)
	}
	for pattern := range h.userEvents() {
		if pattern == "*" || strings.EqualFold(pattern, name) {
			return true
		}
	}
	return false
}

// userEvents yields the parts of User.
func (h *Handler) userEvents() iter.Seq[string] {
	return func(yield func(string) bool) {
		if h.User == "" {
			return
		}
		for part := range strings.SplitSeq(h.User, ",") {
			if !yield(strings.TrimSpace(part)) {
				return
			}
		}
	}
}

// validEventName holds names of user events to what fits a header, a URL and a
// list of names: a letter, then letters, digits, _ - and dot, 128 at most.
func validEventName(name string) bool {
	for i, c := range []byte(name) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789_-.", rune(c))) {
			return false
		}
	}
	return name != "" && len(name) <= 128
}
