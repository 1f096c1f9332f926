package admin

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/sluicegate/sluice/gateway"
)

// details answers with what is known of one session.
func details(source Source) endpoint {
	return func(w http.ResponseWriter, r *http.Request) error {
		session, err := findSession(source, r.PathValue("id"))
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(r.Context(), answerTime)
		defer cancel()
		info, err := session.Info(ctx)
		if err != nil {
			return failed(err)
		}
		slices.Sort(info.Groups)
		return document(w, info)
	}
}

// findSession returns the session with a connection id. The error is a
// [*problem].
func findSession(source Source, id string) (gateway.Session, error) {
	session, known := source.Session(id)
	if !known {
		return session, &problem{http.StatusNotFound, fmt.Errorf("session: %q: is no connection id of this gateway", id)}
	}
	return session, nil
}

// noHub is the problem with the name of a hub that there is not.
func noHub(name string) error {
	return &problem{http.StatusNotFound, fmt.Errorf("hub: %q: there is no such hub; /status names all", name)}
}
