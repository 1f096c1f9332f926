package api

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// Media types of bodies.
const (
	mediaText   = "text/plain"
	mediaJSON   = "application/json"
	mediaBinary = "application/octet-stream"
)

// media returns the media type of the request's body. A charset must be UTF-8.
func (c *call) media() (string, error) {
	text := c.request.Header.Get("Content-Type")
	switch text { // as clients send them
	case mediaText, mediaJSON, mediaBinary:
		return text, nil
	case "":
		return "", unsupportedMedia("the request has no Content-Type")
	}
	media, params, err := mime.ParseMediaType(text)
	if err != nil {
		return "", unsupportedMedia("Content-Type cannot be read: " + err.Error())
	}
	if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "us-ascii") {
		return "", unsupportedMedia("charset " + charset + " is not accepted; send UTF-8")
	}
	return media, nil
}

func unsupportedMedia(message string) error {
	return &problem{status: http.StatusUnsupportedMediaType, code: "UnsupportedMediaType", target: "Content-Type",
		message: message + "; use " + mediaJSON + ", " + mediaText + " or " + mediaBinary}
}

// bound gives the request's body its time, whether it will be read or not: before
// it answers, net/http waits for what is left of a small one. The deadline ends
// with the request, for net/http sets the next one's. What has no deadlines has no
// slow clients either.
func (h *Handler) bound(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(h.config.BodyTime))
	}
}

// bodies holds what bodies are read into, between requests. A large one is left
// to the collector.
var bodies = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

const keptBody = 64 << 10

// withBody calls use with the request's body, which it borrows.
func (c *call) withBody(use func([]byte) error) error {
	room := bodies.Get().(*[]byte)
	body, err := c.readBody((*room)[:0])
	if err == nil {
		err = use(body)
	}
	if cap(body) <= keptBody {
		*room = body
		bodies.Put(room)
	}
	return err
}

// readBody appends the body to into, which may be returned for another.
func (c *call) readBody(into []byte) ([]byte, error) {
	limit := c.api.config.Body
	if c.request.ContentLength > int64(limit) {
		return into, tooLarge(limit)
	}
	for {
		if len(into) == cap(into) {
			into = append(into, 0)[:len(into)]
		}
		n, err := c.request.Body.Read(into[len(into):cap(into)])
		into = into[:len(into)+n]
		switch {
		case len(into) > limit:
			return into, tooLarge(limit)
		case err == io.EOF:
			return into, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return into, &problem{status: http.StatusRequestTimeout, code: "RequestTimeout", message: "the body did not arrive in time"}
		case err != nil:
			return into, &problem{status: http.StatusBadRequest, code: "InvalidRequest", message: "the body cannot be read: " + err.Error()}
		}
	}
}

func tooLarge(limit int) error {
	return &problem{status: http.StatusRequestEntityTooLarge, code: "RequestTooLarge", target: "body",
		message: "the body has more than " + bytesText(limit)}
}
