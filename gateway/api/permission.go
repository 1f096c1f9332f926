package api

import (
	"errors"
	"net/http"
	"strings"
)

// permission returns the one that the path and targetName name.
func (c *call) permission() (Permission, error) {
	var p Permission
	switch {
	case strings.EqualFold(c.values.permission, "joinLeaveGroup"):
		p.Action = JoinLeaveGroup
	case strings.EqualFold(c.values.permission, "sendToGroup"):
		p.Action = SendToGroup
	default:
		return p, bad("permission", "%q: must be joinLeaveGroup or sendToGroup", c.values.permission)
	}
	var err error
	if p.Group, err = c.query.text("targetName"); err != nil {
		return p, err
	}
	// A permission for every group is the roles' to give: none is meant by
	// leaving a name out.
	return p, checkGroup("targetName", p.Group)
}

func grantPermission(c *call) (answer, error) {
	p, err := c.permission()
	if err == nil {
		err = c.hub.Grant(c.request.Context(), c.values.connection, p)
	}
	return answer{status: http.StatusOK}, err
}

func revokePermission(c *call) (answer, error) {
	p, err := c.permission()
	if err != nil {
		return answer{}, err
	}
	err = c.hub.Revoke(c.request.Context(), c.values.connection, p)
	if errors.Is(err, ErrNotFound) {
		err = nil // who is gone may do nothing
	}
	return answer{status: http.StatusNoContent}, err
}

func hasPermission(c *call) (answer, error) {
	p, err := c.permission()
	if err != nil {
		return answer{}, err
	}
	is, err := c.hub.Allows(c.request.Context(), c.values.connection, p)
	if err == nil && !is {
		err = notFound("", "the connection has no such permission")
	}
	return answer{status: http.StatusOK}, err
}
