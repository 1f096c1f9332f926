package api

import "net/http"

// closeSessions returns the operation that ends the sessions of a target.
func closeSessions(s Scope) func(*call) (answer, error) {
	return func(c *call) (answer, error) {
		which, err := c.selection(s)
		if err != nil {
			return answer{}, err
		}
		reason, err := c.query.text("reason")
		if err != nil {
			return answer{}, err
		}
		return answer{status: http.StatusNoContent}, c.hub.Close(c.request.Context(), which, reason)
	}
}
