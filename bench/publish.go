package bench

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// HTTPPublish is a POST request that has a server send a text to all
// connections. The zero value is none.
type HTTPPublish struct {
	// URL is where it goes, http:// or https://.
	URL string `json:"url,omitempty"`
	// Body is that of the request; in it {text} stands for the text, which is
	// escaped where ContentType is JSON. Default "{text}".
	Body string `json:"body,omitempty"`
	// ContentType describes Body. Default "text/plain".
	ContentType string `json:"contentType,omitempty"`
	// Headers are further header fields, for example an Authorization. No report
	// shows them.
	Headers http.Header `json:"-"`
}

// textMark is what the text takes the place of in the body of a request.
const textMark = "{text}"

// publishPatience bounds the wait for the server's answer: one that publishes to
// a million connections may take its time.
const publishPatience = time.Minute

// checkPublish finds the faults of p, if it is any request.
func (f *faults) checkPublish(p HTTPPublish) {
	if p.URL == "" {
		return
	}
	u, err := url.Parse(p.URL)
	f.check(err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "", "Publish.URL", p.URL, "must be an http:// or https:// URL")
	f.check(p.Body == "" || strings.Contains(p.Body, textMark), "Publish.Body", p.Body, "must contain "+textMark+" for the text")
}

// toRoom returns p with the name of a room where it is asked for.
func (p HTTPPublish) toRoom(room int) HTTPPublish {
	p.URL, p.Body = inRoom(p.URL, room), inRoom(p.Body, room)
	return p
}

// send publishes text, which it borrows, by way of client. It returns when the
// server has answered.
func (p HTTPPublish) send(ctx context.Context, client *http.Client, text []byte) error {
	ctx, cancel := context.WithTimeout(ctx, publishPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL, bytes.NewReader(p.body(text)))
	if err != nil {
		return err
	}
	for name, values := range p.Headers {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	request.Header.Set("Content-Type", p.contentType())
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	defer response.Body.Close()
	const longest = 200
	answer, _ := io.ReadAll(io.LimitReader(response.Body, longest))
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("publish: %s: answered %s: %s", p.URL, response.Status, bytes.TrimSpace(answer))
	}
	return nil
}

func (p HTTPPublish) contentType() string { return cmp.Or(p.ContentType, "text/plain") }

// body returns the body of the request that publishes text.
func (p HTTPPublish) body(text []byte) []byte {
	if strings.Contains(p.contentType(), "json") {
		quoted, _ := json.Marshal(string(text)) // a string can always be marshalled
		text = quoted[1 : len(quoted)-1]
	}
	return bytes.ReplaceAll([]byte(cmp.Or(p.Body, textMark)), []byte(textMark), text)
}
