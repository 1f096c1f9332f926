package gateway

import (
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"net/netip"
	"net/textproto"
	"net/url"
	"strconv"
	"time"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/gateway/internal/workers"
	"github.com/sluicegate/sluice/poller"
)

// exchange is a brief request and its answer. It is the loop's, but from the turn
// that submits it until it is posted back, when it is a worker's. It is used again.
type exchange struct {
	// Fixed after newExchange.
	shard  *shard
	fields http.Header // of the request
	reply  reply

	// The request's.
	handle  poller.Handle
	remote  string
	secured tls.ConnectionState // zero: the connection is plain
	head    string              // owned: the handler may keep parts of it
	body    body
	values  []string // of fields

	// The answer's.
	answer []byte
	last   bool // the connection ends with it
}

func newExchange(s *shard) *exchange {
	return &exchange{shard: s, fields: make(http.Header), reply: reply{header: make(http.Header)}}
}

// take begins with the request p[:end] of client, whose head is p[:head]. It borrows p.
func (e *exchange) take(h poller.Handle, client netip.AddrPort, p []byte, head, end int) {
	e.handle = h
	e.remote = client.String()
	e.head = string(p[:head])
	e.body.room = append(e.body.room[:0], p[head:end]...)
	e.body.Reset(e.body.room)
	e.answer, e.last = e.answer[:0], true // unless the handler makes one
}

// isSmall reports whether the exchange is worth keeping.
func (e *exchange) isSmall() bool {
	const most = 16 << 10
	return cap(e.body.room) <= most && cap(e.reply.body) <= most && cap(e.answer) <= most
}

var _ workers.Job = (*exchange)(nil)

// Run answers the request, on a worker.
func (e *exchange) Run() {
	defer e.shard.loop.Do((*answered)(e)) // also if the handler ends its goroutine
	e.serve()
}

// serve has the handler make the answer. One that panics leaves none, and as with
// net/http the connection ends.
func (e *exchange) serve() {
	defer func() {
		if fault := recover(); fault != nil {
			e.answer, e.last = e.answer[:0], true
			if fault != http.ErrAbortHandler {
				e.shard.gateway.journal.panicked("HTTP", Session{e.shard, e.handle}, fault)
			}
		}
	}()
	r, err := e.request()
	e.reply.begin(r.Method)
	if err != nil {
		http.Error(&e.reply, "the request target cannot be parsed", http.StatusBadRequest)
	} else {
		e.shard.gateway.config.HTTP.ServeHTTP(&e.reply, r)
	}
	e.answer = e.reply.appendTo(e.answer)
	e.last = codec.EqualFold(e.reply.header.Get("Connection"), "close")
}

// request returns the request as net/http would. The error is of its target.
func (e *exchange) request() (*http.Request, error) {
	parsed, _ := codec.ParseRequest(e.head) // parsed a moment ago
	clear(e.fields)
	e.values = e.values[:0]
	for name, value := range parsed.Fields() {
		name = textproto.CanonicalMIMEHeaderKey(name)
		if name == "Host" {
			continue
		}
		if known := e.fields[name]; known != nil {
			e.fields[name] = append(known, value)
			continue
		}
		e.values = append(e.values, value)
		n := len(e.values)
		e.fields[name] = e.values[n-1 : n : n]
	}
	target, err := url.ParseRequestURI(parsed.Target)
	r := &http.Request{
		Method:        parsed.Method,
		URL:           target,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        e.fields,
		Body:          &e.body,
		ContentLength: int64(len(e.body.room)),
		Host:          parsed.Host,
		RemoteAddr:    e.remote,
		RequestURI:    parsed.Target,
	}
	if e.secured.HandshakeComplete {
		r.TLS = &e.secured
	}
	return r, err
}

// body is that of a request, all of it.
type body struct {
	bytes.Reader
	room []byte
}

var _ io.ReadCloser = (*body)(nil)

// Close implements [io.Closer].
func (*body) Close() error { return nil }

// reply collects the answer to a request.
type reply struct {
	// Fixed after newExchange.
	header http.Header

	// The handler's.
	status int // 0: not said
	head   bool
	body   []byte
	fields bytes.Buffer // header, as it was when the status was said
}

var _ http.ResponseWriter = (*reply)(nil)

// begin makes the reply one to a request of that method.
func (r *reply) begin(method string) {
	clear(r.header)
	r.status, r.head, r.body = 0, method == http.MethodHead, r.body[:0]
	r.fields.Reset()
}

// Header implements [http.ResponseWriter].
func (r *reply) Header() http.Header { return r.header }

// WriteHeader implements [http.ResponseWriter]. Interim answers are not sent.
func (r *reply) WriteHeader(status int) {
	if r.status == 0 && status >= http.StatusOK {
		r.status = status
		r.header.WriteSubset(&r.fields, ownFields)
	}
}

// ownFields are the header fields that the gateway writes.
var ownFields = map[string]bool{"Content-Length": true, "Date": true, "Transfer-Encoding": true}

// Write implements [http.ResponseWriter].
func (r *reply) Write(p []byte) (int, error) {
	if r.status == 0 {
		if len(p) > 0 && r.header["Content-Type"] == nil {
			r.header.Set("Content-Type", http.DetectContentType(p))
		}
		r.WriteHeader(http.StatusOK)
	}
	if !r.hasBody() {
		return 0, http.ErrBodyNotAllowed
	}
	r.body = append(r.body, p...)
	return len(p), nil
}

// hasBody reports whether an answer of that status may have one (RFC 9110 §6.4.1).
func (r *reply) hasBody() bool {
	return r.status != http.StatusNoContent && r.status != http.StatusNotModified
}

// SetReadDeadline is for handlers that give the body its time: it is here.
func (*reply) SetReadDeadline(time.Time) error { return nil }

// appendTo appends the answer to b (RFC 9112 §4).
func (r *reply) appendTo(b []byte) []byte {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(r.status), 10)
	b = append(b, ' ')
	b = append(b, http.StatusText(r.status)...)
	b = appendDate(append(b, "\r\n"...))
	if r.hasBody() && !(r.head && len(r.body) == 0) {
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, int64(len(r.body)), 10)
		b = append(b, "\r\n"...)
	}
	b = append(b, r.fields.Bytes()...)
	b = append(b, "\r\n"...)
	if r.head {
		return b
	}
	return append(b, r.body...)
}

// appendDate appends the header Date, which every answer of a server with a clock has
// (RFC 9110 §6.6.1).
func appendDate(b []byte) []byte {
	b = time.Now().UTC().AppendFormat(append(b, "Date: "...), http.TimeFormat)
	return append(b, "\r\n"...)
}
