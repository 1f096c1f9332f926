package admin

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sluicegate/sluice/gateway"
)

// sessionsDocument is the answer of /sessions.
type sessionsDocument struct {
	Sessions []gateway.SessionInfo `json:"sessions"`
	// Next is what the next page takes as the parameter after; empty: there is no
	// other page.
	Next string `json:"next,omitempty"`
}

// groupsDocument is the answer of /groups; Next is as above.
type groupsDocument struct {
	Groups []gateway.GroupInfo `json:"groups"`
	Next   string              `json:"next,omitempty"`
}

func sessions(source Source) endpoint {
	return func(w http.ResponseWriter, r *http.Request) error {
		q, err := ask(source, r, "hub", "group", "user", "slow", "after", "limit")
		if err != nil {
			return err
		}
		which := gateway.Listing{Group: q.of["group"], User: q.of["user"], Limit: q.limit}
		if text, chosen := q.of["slow"]; chosen {
			if text != "true" {
				return q.bad("slow", "must be true, or be left out")
			}
			which.Slow = true
		}
		if id := q.of["after"]; id != "" {
			after, known := source.Session(id)
			if !known {
				return q.bad("after", "is no connection id of this gateway; it is the value of next on the page before")
			}
			which.After = after
		}
		ctx, cancel := context.WithTimeout(r.Context(), answerTime)
		defer cancel()
		found, err := q.hub.List(ctx, which)
		if err != nil {
			return &problem{http.StatusServiceUnavailable, err}
		}
		page := sessionsDocument{Sessions: append([]gateway.SessionInfo{}, found...)}
		if len(found) == q.limit {
			page.Next = found[len(found)-1].ID
		}
		return document(w, page)
	}
}

func groups(source Source) endpoint {
	return func(w http.ResponseWriter, r *http.Request) error {
		q, err := ask(source, r, "hub", "prefix", "after", "limit")
		if err != nil {
			return err
		}
		prefix := q.of["prefix"]
		found := q.hub.Groups(max(q.of["after"], justBefore(prefix)), q.limit)
		page := groupsDocument{Groups: slices.DeleteFunc(found, func(g gateway.GroupInfo) bool { return !strings.HasPrefix(g.Name, prefix) })}
		if len(page.Groups) == q.limit {
			page.Next = page.Groups[len(page.Groups)-1].Name
		}
		return document(w, page)
	}
}

// justBefore returns what sorts before every name with the prefix, and after every
// other name that sorts before them. Names are UTF-8, which has no byte 0xff.
func justBefore(prefix string) string {
	if prefix == "" {
		return ""
	}
	stem, last := prefix[:len(prefix)-1], prefix[len(prefix)-1]
	if last == 0 {
		return stem
	}
	return stem + string([]byte{last - 1, 0xff})
}

// listing is what a request for a page of a list asks for.
type listing struct {
	of    map[string]string // the parameters that were given
	hub   *gateway.Hub
	limit int
}

const (
	standardLimit = 100
	maxLimit      = 10_000
)

// ask reads the parameters of a request, which may have those that are known.
// The error is a [*problem].
func ask(source Source, r *http.Request, known ...string) (*listing, error) {
	given, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, &problem{http.StatusBadRequest, fmt.Errorf("the query cannot be read: %w", err)}
	}
	q := &listing{of: make(map[string]string, len(given)), limit: standardLimit}
	for name, values := range given {
		q.of[name] = values[0]
		switch {
		case !slices.Contains(known, name):
			return nil, q.bad(name, "is no parameter of "+r.URL.Path+"; it has "+strings.Join(known, ", "))
		case len(values) > 1:
			return nil, q.bad(name, fmt.Sprintf("is given %d times; give it once", len(values)))
		}
	}
	name, named := q.of["hub"]
	if !named {
		return nil, &problem{http.StatusBadRequest, fmt.Errorf("hub: is missing; %s?hub=NAME lists what that hub has", r.URL.Path)}
	}
	if q.hub = source.Hub(name); q.hub == nil {
		return nil, noHub(name)
	}
	if text, limited := q.of["limit"]; limited {
		q.limit, err = strconv.Atoi(text)
		if err != nil || q.limit < 1 || q.limit > maxLimit {
			return nil, q.bad("limit", fmt.Sprintf("must be a whole number, 1 to %d", maxLimit))
		}
	}
	return q, nil
}

// bad is the problem with a parameter.
func (q *listing) bad(name, what string) error {
	return &problem{http.StatusBadRequest, fmt.Errorf("%s: %q: %s", name, q.of[name], what)}
}
