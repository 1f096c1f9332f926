package admin

import (
	"encoding/json"
	"errors"
	"net/http"
)

// endpoint is a handler that may fail. It must not have written when it returns
// a [*problem].
type endpoint func(http.ResponseWriter, *http.Request) error

// problem is an error with the HTTP status that it calls for.
type problem struct {
	status int
	cause  error
}

func (p *problem) Error() string { return p.cause.Error() }
func (p *problem) Unwrap() error { return p.cause }

// ServeHTTP answers a problem with a problem document (RFC 9457). Any other
// error is a failed write: the client is gone and there is nobody to tell.
func (e endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	found, ok := errors.AsType[*problem](e(w, r))
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(found.status)
	json.NewEncoder(w).Encode(struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{http.StatusText(found.status), found.status, found.Error()})
}

// document answers with v as JSON, indented for people.
func document(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// compact answers with v as JSON, without indentation: it is asked for often.
func compact(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(v)
}
