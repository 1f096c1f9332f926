package gateway

import (
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/poller"
)

// refusal is why a request is not granted what it asks for.
type refusal struct {
	reason Reason
	status int           // 0: the reason's own
	text   string        // one line for people; empty: the reason's own
	after  time.Duration // when the client may come back; 0: the reason says
	cause  error         // for the log; nil: the reason says it all
}

// unauthorized is the refusal that a route's Authorize asks for.
func unauthorized(err error) *refusal {
	refused := &refusal{reason: ReasonUnauthorized, text: oneLine(err.Error())}
	var chosen *Refusal
	if errors.As(err, &chosen) && chosen.Status >= 400 && chosen.Status <= 599 {
		refused.status, refused.text, refused.after = chosen.Status, oneLine(chosen.Text), chosen.RetryAfter
	}
	if refused.status >= http.StatusInternalServerError {
		refused.reason, refused.cause = ReasonDecisionFailed, err
	}
	return refused
}

// refusalOf gives a fault of the request its reason.
func refusalOf(err error) *refusal {
	refused := &refusal{reason: ReasonBadRequest, text: err.Error()}
	var fault *codec.HeadError
	if !errors.As(err, &fault) {
		return refused
	}
	refused.status = fault.Status
	switch fault.Status {
	case http.StatusMethodNotAllowed:
		refused.reason = ReasonMethod
	case http.StatusUpgradeRequired:
		refused.reason = ReasonVersion
	case http.StatusRequestHeaderFieldsTooLarge, http.StatusRequestURITooLong:
		refused.reason = ReasonHeadTooLarge
	}
	return refused
}

// refuse answers the request and ends the connection.
func (s *shard) refuse(c *poller.Conn, x *session, r *refusal) {
	x.state, x.reason = closed, r.reason
	if r.cause != nil {
		s.rarityOf(c.Slot()).refused = r.cause
	}
	s.heads.Delete(c.Slot())
	answered := len(s.responses)
	s.responses = r.appendTo(s.responses)
	c.Queue(s.responses[answered:])
	c.Finish()
}

// answer returns the status of the HTTP answer, and the line that it says.
func (r *refusal) answer() (status int, text string) {
	status, text = r.status, r.text
	if status == 0 {
		status = r.reason.Status()
	}
	if text == "" {
		text = r.reason.Text()
	}
	return status, text
}

// appendTo appends the HTTP answer to b.
func (r *refusal) appendTo(b []byte) []byte {
	status, text := r.answer()
	b = fmt.Appendf(b, "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\nContent-Length: %d\r\n",
		status, http.StatusText(status), len(text)+1)
	b = appendDate(b)
	for name, value := range r.fields(status) {
		b = fmt.Appendf(b, "%s: %s\r\n", name, value)
	}
	b = append(b, "\r\n"...)
	return append(append(b, text...), '\n')
}

// fields yields the header fields that tell the client of the answer what to do.
func (r *refusal) fields(status int) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for _, f := range remedies[status] {
			if !yield(f.name, f.value) {
				return
			}
		}
		if after := r.retryAfter(); after > 0 {
			yield("Retry-After", strconv.Itoa(int((after+time.Second-1)/time.Second))) // RFC 9110 §10.2.3
		}
	}
}

// retryAfter returns after which time the client may come back; 0: it is not told.
func (r *refusal) retryAfter() time.Duration {
	if r.after == 0 && r.reason.Retry() == RetryLater {
		return time.Second
	}
	return r.after
}

type field struct{ name, value string }

// remedies are header fields that answers of a status have.
var remedies = map[int][]field{
	http.StatusUnauthorized:     {{"WWW-Authenticate", "Bearer"}}, // RFC 9110 §15.5.2, RFC 6750 §3
	http.StatusMethodNotAllowed: {{"Allow", "GET"}},               // RFC 9110 §15.5.6
	http.StatusUpgradeRequired: { // RFC 6455 §4.4, RFC 9110 §7.8
		{"Connection", "Upgrade"},
		{"Upgrade", "websocket"},
		{"Sec-WebSocket-Version", "13"},
	},
}

// printable quotes what a client sent for a line of text, shortened.
func printable(text string) string {
	const most = 64
	if len(text) > most {
		return fmt.Sprintf("%q…", text[:most])
	}
	return fmt.Sprintf("%q", text)
}

// oneLine makes text fit for one line of an answer.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}
