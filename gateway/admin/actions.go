package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
)

// WithActions returns a handler that offers actions on sessions and groups beside
// what next does: POST /send and POST /close. Each is logged, with the address
// that asked for it. A browser that acts for another site is refused.
func WithActions(next http.Handler, source Source, logger *slog.Logger) http.Handler {
	a := &actions{source, logger}
	mux := http.NewServeMux()
	mux.Handle("/", next)
	mux.Handle("GET /actions", offered("send", "close"))
	posted(mux, "/send", a.send)
	posted(mux, "/close", a.close)
	return mux
}

// offered answers with the actions that there are.
func offered(names ...string) endpoint {
	return func(w http.ResponseWriter, _ *http.Request) error {
		return document(w, struct {
			Actions []string `json:"actions"`
		}{append([]string{}, names...)})
	}
}

// off answers for an action where there are none.
func off(path string) endpoint {
	return func(http.ResponseWriter, *http.Request) error {
		return &problem{http.StatusForbidden, fmt.Errorf("%s: actions are off; adminActions, a setting of sluice serve, turns them on", path)}
	}
}

// actions act on the sessions of source.
type actions struct {
	// Fixed.
	source Source
	logger *slog.Logger
}

// target is whom an action is for: one session, the members of a group, or, if it
// is to be sent something, everyone of a hub.
type target struct {
	Session string `json:"session"`
	Hub     string `json:"hub"`
	Group   string `json:"group"`
}

// sending is the body of POST /send.
type sending struct {
	target
	Text *string `json:"text"`
}

// sentDocument is the answer of POST /send: what became of the message, in
// numbers of sessions.
type sentDocument struct {
	Sent    int `json:"sent"`
	Dropped int `json:"dropped"`
	Closed  int `json:"closed"`
}

func (a *actions) send(w http.ResponseWriter, r *http.Request) error {
	var asked sending
	if err := read(w, r, &asked); err != nil {
		return err
	}
	if asked.Text == nil {
		return invalid("text", "is missing; give the message as a string")
	}
	ctx, cancel := context.WithTimeout(r.Context(), sendTime)
	defer cancel()
	to, err := a.findReceiver(ctx, asked.target)
	if err != nil {
		return err
	}
	reach, err := to.send(ctx, *asked.Text)
	a.log(r, "send", asked.target, err, slog.Int("bytes", len(*asked.Text)), slog.Int("sent", reach.Sent))
	if err != nil {
		return failed(err)
	}
	return document(w, sentDocument(reach))
}

// sendTime is how long an action may take for all that it is for: a million sessions
// need some 10 s of a core.
const sendTime = time.Minute

// closing is the body of POST /close. Code is as [gateway.Session.Close] has it.
type closing struct {
	target
	Code   ws.StatusCode `json:"code"`
	Reason string        `json:"reason"`
}

func (a *actions) close(w http.ResponseWriter, r *http.Request) error {
	asked := closing{Code: ws.StatusNormalClosure}
	if err := read(w, r, &asked); err != nil {
		return err
	}
	if len(asked.Reason) > ws.MaxControlFramePayloadSize-2 {
		return invalid("reason", fmt.Sprintf("has %d bytes; a close frame takes %d", len(asked.Reason), ws.MaxControlFramePayloadSize-2))
	}
	ctx, cancel := context.WithTimeout(r.Context(), sendTime)
	defer cancel()
	whom, err := a.find(ctx, asked.target)
	if err != nil {
		return err
	}
	err = whom.close(ctx, asked.Code, asked.Reason)
	a.log(r, "close", asked.target, err, slog.Int("code", int(asked.Code)), slog.String("reason", asked.Reason))
	if err != nil {
		return failed(err)
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// maxBody is the longest body of an action, in bytes.
const maxBody = 1 << 20

// read decodes the JSON body of r. It insists on the content type: a form of
// another site's page cannot have it. The error is a [*problem].
func read(w http.ResponseWriter, r *http.Request, into any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return &problem{http.StatusUnsupportedMediaType, errors.New("the content type must be application/json")}
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err == nil {
		if _, more := decoder.Token(); more != io.EOF {
			err = errors.New("there is more after the object")
		}
	}
	if _, long := errors.AsType[*http.MaxBytesError](err); long {
		return &problem{http.StatusRequestEntityTooLarge, fmt.Errorf("the body is longer than %d bytes", maxBody)}
	}
	if err != nil {
		return &problem{http.StatusBadRequest, fmt.Errorf("the body cannot be read: %w", err)}
	}
	return nil
}

// failed is the problem with an action that the gateway did not do.
func failed(err error) error {
	switch {
	case errors.Is(err, gateway.ErrEnded):
		return &problem{http.StatusNotFound, errors.New("the session has ended")}
	case errors.Is(err, gateway.ErrBusy), errors.Is(err, context.DeadlineExceeded):
		return &problem{http.StatusServiceUnavailable, err}
	}
	return &problem{http.StatusBadRequest, err}
}

// invalid is the problem with a field of a body.
func invalid(field, what string) error {
	return &problem{http.StatusBadRequest, fmt.Errorf("%s: %s", field, what)}
}

func (a *actions) log(r *http.Request, action string, t target, err error, more ...slog.Attr) {
	attrs := append([]slog.Attr{slog.String("action", action), slog.String("by", r.RemoteAddr)}, more...)
	if t.Session != "" {
		attrs = append(attrs, slog.String("session", t.Session))
	} else {
		attrs = append(attrs, slog.String("hub", t.Hub), slog.String("group", t.Group))
	}
	if err != nil {
		attrs = append(attrs, slog.Any("error", err))
	}
	a.logger.LogAttrs(r.Context(), slog.LevelWarn, "operator's action", attrs...)
}
