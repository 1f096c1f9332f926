package api

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// join returns the operation that makes a target a member of the path's group.
func join(s Scope) func(*call) (answer, error) {
	return func(c *call) (answer, error) {
		who := c.target(s)
		joined, err := c.hub.Join(c.request.Context(), Selection{Target: who}, []string{c.values.group})
		if err == nil && joined == 0 {
			err = notFound("", "%q: has no connection here", who.Name)
		}
		return answer{status: http.StatusOK}, err
	}
}

// leave returns the operation that ends a target's membership in the path's group.
func leave(s Scope) func(*call) (answer, error) {
	return func(c *call) (answer, error) {
		return c.leave(Selection{Target: c.target(s)}, []string{c.values.group})
	}
}

// leaveAll returns the operation that ends all memberships of a target.
func leaveAll(s Scope) func(*call) (answer, error) {
	return func(c *call) (answer, error) { return c.leave(Selection{Target: c.target(s)}, nil) }
}

func (c *call) leave(which Selection, groups []string) (answer, error) {
	return answer{status: http.StatusNoContent}, c.hub.Leave(c.request.Context(), which, groups)
}

// bulk is the body of an operation on many sessions and groups.
type bulk struct {
	Groups []string `json:"groups"`
	Filter string   `json:"filter"`
}

// maxBulkGroups is how many groups one request may name.
const maxBulkGroups = 1000

// readBulk reads the body of a bulk operation.
func (c *call) readBulk() (which Selection, groups []string, err error) {
	media, err := c.media()
	if err != nil {
		return Selection{}, nil, err
	}
	if media != mediaJSON {
		return Selection{}, nil, unsupportedMedia("this operation takes JSON only")
	}
	var asked bulk
	err = c.withBody(func(body []byte) error {
		if err := json.Unmarshal(body, &asked); err != nil {
			return bad("body", "is no object with groups and filter: %v", err)
		}
		return nil
	})
	if err != nil {
		return Selection{}, nil, err
	}
	if n := len(asked.Groups); n < 1 || n > maxBulkGroups {
		return Selection{}, nil, bad("groups", "has %d names; must have 1 to %d", n, maxBulkGroups)
	}
	for i, name := range asked.Groups {
		if err := checkGroup(fmt.Sprintf("groups[%d]", i), name); err != nil {
			return Selection{}, nil, err
		}
	}
	which.Filter, err = parseFilter(asked.Filter)
	return which, asked.Groups, err
}

// addToGroups makes all sessions that a filter chooses members of groups.
func addToGroups(c *call) (answer, error) {
	which, groups, err := c.readBulk()
	if err == nil {
		_, err = c.hub.Join(c.request.Context(), which, groups)
	}
	return answer{status: http.StatusOK}, err
}

// removeFromGroups ends the memberships in groups of all sessions that a filter
// chooses.
func removeFromGroups(c *call) (answer, error) {
	which, groups, err := c.readBulk()
	if err == nil {
		err = c.hub.Leave(c.request.Context(), which, groups)
	}
	return answer{status: http.StatusOK}, err
}
