package api

import (
	"errors"

	"github.com/sluicegate/sluice/gateway/internal/odata"
)

// target returns what the path names of a scope.
func (c *call) target(s Scope) Target {
	return Target{s, [...]string{All: "", Group: c.values.group, User: c.values.user, Connection: c.values.connection}[s]}
}

// selection returns the target of a scope, less what the parameters excluded and
// filter leave out of it.
func (c *call) selection(s Scope) (Selection, error) {
	chosen := Selection{Target: c.target(s)}
	var err error
	if chosen.Except, err = c.query.list("excluded"); err != nil {
		return Selection{}, err
	}
	text, err := c.query.text("filter")
	if err != nil {
		return Selection{}, err
	}
	chosen.Filter, err = parseFilter(text)
	return chosen, err
}

// parseFilter reads a filter; an empty one is none.
func parseFilter(text string) (*Filter, error) {
	if text == "" {
		return nil, nil
	}
	f, err := odata.Parse(text)
	if fault, is := errors.AsType[*odata.Error](err); is {
		return nil, bad("filter", "%v", fault)
	}
	return f, nil
}
