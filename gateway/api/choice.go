package api

import (
	"context"
	"errors"
	"slices"

	"github.com/sluicegate/sluice/gateway"
)

// pageOfSessions is how many sessions of a large selection are looked at before
// something is done to them.
const pageOfSessions = 1000

// each calls do with the sessions that a selection chooses, until that fails, and
// returns how many they were.
func (h *nodeHub) each(ctx context.Context, which Selection, do func(gateway.Session) error) (chosen int, err error) {
	take := func(info *gateway.SessionInfo) error {
		if slices.Contains(which.Except, info.ID) || !which.Filter.Matches(described{info}) {
			return nil
		}
		chosen++
		return do(info.Session)
	}
	switch which.Scope {
	case Connection:
		return chosen, h.eachOf(ctx, []string{which.Name}, take)
	case User:
		var ids []string
		for _, s := range h.hub.User(which.Name).Sessions() {
			ids = append(ids, s.ID())
		}
		return chosen, h.eachOf(ctx, ids, take)
	}
	return chosen, h.eachListed(ctx, gateway.Listing{Group: which.Name, Limit: pageOfSessions}, take)
}

// eachOf takes the connections that are there.
func (h *nodeHub) eachOf(ctx context.Context, ids []string, take func(*gateway.SessionInfo) error) error {
	for _, id := range ids {
		info, err := h.session(ctx, id)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err == nil {
			err = take(&info)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// eachListed takes what a listing has, page by page.
func (h *nodeHub) eachListed(ctx context.Context, which gateway.Listing, take func(*gateway.SessionInfo) error) error {
	for {
		page, err := h.hub.List(ctx, which)
		if err != nil {
			return err
		}
		for i := range page {
			if err := take(&page[i]); err != nil {
				return err
			}
		}
		if len(page) < which.Limit {
			return nil
		}
		which.After = page[len(page)-1].Session
	}
}

// session returns what is known of a connection of this hub, or [ErrNotFound].
func (h *nodeHub) session(ctx context.Context, id string) (gateway.SessionInfo, error) {
	s, known := h.node.Gateway.Session(id)
	if !known {
		return gateway.SessionInfo{}, ErrNotFound
	}
	info, err := s.Info(ctx)
	if errors.Is(err, gateway.ErrEnded) || err == nil && info.Hub != h.hub.Name() {
		err = ErrNotFound
	}
	return info, err
}

// recipient is a session as a filter sees it on the session's loop.
type recipient struct{ *gateway.Recipient }

func (r recipient) UserID() (string, bool) { return r.User(), r.User() != "" }
func (r recipient) ConnectionID() string   { return r.Session().ID() }

// Protocol is not known to the gateway's core.
func (r recipient) Protocol() string { return "" }

// described is a session as a filter sees it in a listing.
type described struct{ *gateway.SessionInfo }

func (d described) UserID() (string, bool)   { return d.User, d.User != "" }
func (d described) ConnectionID() string     { return d.ID }
func (d described) InGroup(name string) bool { return slices.Contains(d.SessionInfo.Groups, name) }
func (d described) Groups() int              { return len(d.SessionInfo.Groups) }

// Protocol is not known to the gateway's core.
func (d described) Protocol() string { return "" }
