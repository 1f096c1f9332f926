package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of answers' bodies but those to user events.
const (
	maxConnectAnswer = 64 << 10
	maxNotified      = 64 << 10
	maxRejection     = 4 << 10
)

// ConnectAnswer is how a client is let in. What is empty leaves the token's value
// in force; of Roles, only what is nil.
type ConnectAnswer struct {
	// UserID replaces the token's.
	UserID string
	// Groups replace the token's. Their names are as the handler gave them.
	Groups []string
	// Roles replace the token's; empty but not nil, there are none.
	Roles []string
	// Subprotocol is the one chosen, of those offered.
	Subprotocol string
}

// Reply is what a handler answers to a user event.
type Reply struct {
	// Type says what Data is: [Text], which is UTF-8, [JSON], which is valid, or
	// [Binary].
	Type DataType
	// Data is the message for the client; empty: there is none. The receiver owns
	// it.
	Data []byte
}

// answer is a handler's answer, read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a *answer) accepted() bool { return a.status >= 200 && a.status < 300 }

// rejection returns the error of an answer that is not 2xx. A redirect is followed
// by none: events go where the configuration says.
func (a *answer) rejection() error {
	if a.status < 400 || a.status > 599 {
		return &BadAnswer{fmt.Sprintf("status %d: must be 2xx to accept, or 4xx or 5xx to refuse", a.status)}
	}
	return &Rejected{Status: a.status, Body: a.body[:min(len(a.body), maxRejection)]}
}

// connect reads the answer to a Connect whose client offered the subprotocols.
func (a *answer) connect(offered []string) (ConnectAnswer, error) {
	body := bytes.TrimSpace(a.body)
	if len(body) == 0 {
		return ConnectAnswer{}, nil
	}
	var said struct {
		UserID      string   `json:"userId"`
		Groups      []string `json:"groups"`
		Roles       []string `json:"roles"`
		Subprotocol string   `json:"subprotocol"`
	}
	if body[0] != '{' {
		return ConnectAnswer{}, &BadAnswer{"the body must be empty or a JSON object"}
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return ConnectAnswer{}, &BadAnswer{fmt.Sprintf("the body must be JSON with userId, groups, roles and subprotocol: %v", err)}
	}
	if said.Subprotocol != "" && !slices.Contains(offered, said.Subprotocol) {
		return ConnectAnswer{}, &BadAnswer{fmt.Sprintf("it chose the subprotocol %q, which the client does not offer", said.Subprotocol)}
	}
	return ConnectAnswer(said), nil
}

// reply reads the answer to a user event. Types are checked here, for text that is
// not UTF-8 would end the client's connection.
func (a *answer) reply() (Reply, error) {
	if len(a.body) == 0 {
		return Reply{}, nil
	}
	contentType, parameters, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	if err != nil {
		contentType = ""
	}
	if charset := parameters["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return Reply{}, &BadAnswer{fmt.Sprintf("its charset is %q: must be utf-8", charset)}
	}
	reply := Reply{Binary, a.body}
	switch contentType {
	case "text/plain":
		reply.Type = Text
		if !utf8.Valid(a.body) {
			return Reply{}, &BadAnswer{"text/plain that is not UTF-8"}
		}
	case "application/json":
		reply.Type = JSON
		if !utf8.Valid(a.body) { // which strings may have as the library sees it
			return Reply{}, &BadAnswer{"application/json that is not UTF-8"}
		}
		if !json.Valid(a.body) {
			return Reply{}, &BadAnswer{"application/json that is not JSON"}
		}
	}
	return reply, nil
}
