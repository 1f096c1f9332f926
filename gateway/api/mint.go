package api

import (
	"net/http"
	"strings"
	"time"

	"github.com/sluicegate/sluice/gateway/token"
)

// maxMinutes is how long a token may be good: a year.
const maxMinutes = 365 * 24 * 60

// minted is the answer of generateToken.
type minted struct {
	Token string `json:"token"`
}

// generateToken mints a token for a client, for backends that have no key
// themselves.
func generateToken(c *call) (answer, error) {
	user, err := c.query.text("userId")
	if err != nil {
		return answer{}, err
	}
	roles, err := c.query.list("role")
	if err != nil {
		return answer{}, err
	}
	groups, err := c.query.list("group")
	if err != nil {
		return answer{}, err
	}
	for _, name := range groups {
		if err := checkGroup("group", name); err != nil {
			return answer{}, err
		}
	}
	minutes, err := c.query.number("minutesToExpire", 1, maxMinutes, 60)
	if err != nil {
		return answer{}, err
	}
	kind, err := c.query.text("clientType")
	if err != nil {
		return answer{}, err
	}
	if kind != "" && !strings.EqualFold(kind, "Default") {
		return answer{}, bad("clientType", "%q: must be Default; other clients are not served here", kind)
	}
	signed, err := c.api.config.Tokens.MintClient(token.Client{
		Hub:    c.values.hub,
		User:   user,
		Groups: groups,
		Roles:  roles,
		Life:   time.Duration(minutes) * time.Minute,
	})
	return answer{http.StatusOK, minted{signed}}, err
}
