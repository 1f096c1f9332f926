package api

import (
	"cmp"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
)

// exists returns the operation that tells whether there is a target.
func exists(s Scope) func(*call) (answer, error) {
	return func(c *call) (answer, error) {
		of := c.target(s)
		is, err := c.hub.Has(c.request.Context(), of)
		if err == nil && !is {
			err = notFound("", "%q: there is none", of.Name)
		}
		return answer{status: http.StatusOK}, err
	}
}

// maxPage is how many connections a page has at most, and if nothing is said.
const maxPage = 200

// page is the answer of a list.
type page struct {
	Value []listed `json:"value"`
	// NextLink is the URL of the next page; empty: there is none.
	NextLink string `json:"nextLink,omitempty"`
}

type listed struct {
	Connection string  `json:"connectionId"`
	User       *string `json:"userId"` // null for the anonymous
}

// listConnections answers with the members of a group, page by page. The parameter
// top bounds all pages together; each link says what is left of it.
func listConnections(c *call) (answer, error) {
	size, err := c.query.number("maxpagesize", 1, maxPage, maxPage)
	if err != nil {
		return answer{}, err
	}
	top, err := c.query.number("top", 1, math.MaxInt32, 0)
	if err != nil {
		return answer{}, err
	}
	after, err := c.query.text("continuationToken")
	if err != nil {
		return answer{}, err
	}
	if top > 0 {
		size = min(size, top)
	}
	// One more than are shown tells whether there is a next page.
	members, err := c.hub.Members(c.request.Context(), c.values.group, after, size+1)
	if errors.Is(err, ErrNotFound) {
		return answer{}, bad("continuationToken", "is not one of this gateway's; it is a part of nextLink")
	}
	if err != nil {
		return answer{}, err
	}
	shown := page{Value: make([]listed, min(len(members), size))}
	for i := range shown.Value {
		shown.Value[i].Connection = members[i].Connection
		if members[i].User != "" {
			shown.Value[i].User = &members[i].User
		}
	}
	if len(members) > size && top != size {
		last := &members[size-1]
		shown.NextLink = c.nextLink(cmp.Or(last.Cursor, last.Connection), top-size)
	}
	return answer{http.StatusOK, shown}, nil
}

// nextLink returns the URL of this list behind a cursor, where the backend
// reaches it. Left is what the pages to come may have together; not above 0: any number.
func (c *call) nextLink(after string, left int) string {
	next := url.Values{"continuationToken": {after}}
	for _, name := range []string{"api-version", "maxpagesize"} {
		if value, err := c.query.text(name); err == nil && value != "" {
			next.Set(name, value)
		}
	}
	if left > 0 {
		next.Set("top", strconv.Itoa(left))
	}
	return c.endpoint.String() + c.request.URL.EscapedPath() + "?" + next.Encode()
}
