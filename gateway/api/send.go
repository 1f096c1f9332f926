package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// metadataPrefix begins the headers that carry a message's metadata, in canonical
// form.
const metadataPrefix = "X-Webpubsub-Metadata-"

// keyHeader carries a message's [Message].Key, in canonical form: Web PubSub has no word
// for it.
const keyHeader = "Sluice-Conflation-Key"

// maxKey is how long a key may be, in bytes: each message that waits keeps its own.
const maxKey = 1024

// maxTTL is the longest that a message may say it is worth delivering, in seconds.
const maxTTL = 300

// send returns the operation that sends the body to a target.
func send(s Scope) func(*call) (answer, error) {
	return func(c *call) (answer, error) {
		to, err := c.selection(s)
		if err != nil {
			return answer{}, err
		}
		ttl, err := c.query.number("messageTtlSeconds", 0, maxTTL, 0)
		if err != nil {
			return answer{}, err
		}
		media, err := c.media()
		if err != nil {
			return answer{}, err
		}
		key := c.request.Header.Get(keyHeader)
		if len(key) > maxKey {
			return answer{}, bad(keyHeader, "has %d bytes; it may have %d", len(key), maxKey)
		}
		m := Message{Group: c.values.group, Key: key, TTL: time.Duration(ttl) * time.Second, Metadata: c.metadata()}
		err = c.withBody(func(body []byte) error {
			m.Data = body
			if m.Type, err = dataType(media, body); err != nil {
				return err
			}
			return c.hub.Send(c.request.Context(), to, &m)
		})
		return answer{status: http.StatusAccepted}, err
	}
}

// dataType returns what a body of a media type is, if it is that.
func dataType(media string, body []byte) (DataType, error) {
	switch media {
	case mediaBinary:
		return Binary, nil
	case mediaText:
		if !utf8.Valid(body) {
			return 0, bad("body", "is not UTF-8, as %s must be here", mediaText)
		}
		return Text, nil
	case mediaJSON:
		if !utf8.Valid(body) || !json.Valid(body) {
			return 0, bad("body", "is not JSON in UTF-8, as its Content-Type says")
		}
		return JSON, nil
	}
	return 0, unsupportedMedia("Content-Type " + strconv.Quote(media) + " is not accepted")
}

// metadata returns what the headers say of the message, by names in lower case,
// for the case of a header does not count.
func (c *call) metadata() map[string]string {
	var found map[string]string
	for name, values := range c.request.Header {
		key, is := strings.CutPrefix(name, metadataPrefix)
		if !is || key == "" || len(values) == 0 {
			continue
		}
		if found == nil {
			found = make(map[string]string)
		}
		found[strings.ToLower(key)] = strings.Join(values, ",") // RFC 9110 §5.3
	}
	return found
}

// bytesText writes a limit for people.
func bytesText(n int) string { return strconv.Itoa(n) + " bytes" }
