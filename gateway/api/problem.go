package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/sluicegate/sluice/gateway"
)

// problem is an error that a request is answered with.
type problem struct {
	status  int
	code    string // of the error, for programs
	message string // for people
	target  string // the parameter or field at fault; empty: none
	inner   string // a more exact code; empty: there is none
	allow   string // of 405: the methods that the path takes
}

func (p *problem) Error() string { return fmt.Sprintf("%d %s: %s", p.status, p.code, p.message) }

// bad is the fault of a parameter or field.
func bad(target, format string, args ...any) error {
	return &problem{status: http.StatusBadRequest, code: "InvalidRequest", target: target, message: target + ": " + fmt.Sprintf(format, args...)}
}

// notFound is the want of something that the path names.
func notFound(target, format string, args ...any) error {
	return &problem{status: http.StatusNotFound, code: "NotFound", target: target, message: fmt.Sprintf(format, args...)}
}

// problemOf returns the problem that an error of a hub makes.
func problemOf(err error) *problem {
	if p, is := errors.AsType[*problem](err); is {
		return p
	}
	for _, row := range []struct {
		cause  error
		status int
		code   string
	}{
		{ErrNotFound, http.StatusNotFound, "NotFound"},
		{ErrTooMany, http.StatusConflict, "TooManyPermissions"},
		{ErrTooManyGroups, http.StatusConflict, "TooManyGroups"},
		{ErrUnsupported, http.StatusNotImplemented, "NotSupported"},
		{gateway.ErrBusy, http.StatusServiceUnavailable, "Busy"},
		{gateway.ErrEnded, http.StatusServiceUnavailable, "Stopping"},
		{context.Canceled, http.StatusServiceUnavailable, "Canceled"},
		{context.DeadlineExceeded, http.StatusServiceUnavailable, "Busy"},
	} {
		if errors.Is(err, row.cause) {
			return &problem{status: row.status, code: row.code, message: err.Error()}
		}
	}
	return &problem{status: http.StatusInternalServerError, code: "Internal", message: "internal error"}
}

// errorDocument is the body of an answer to a request that failed.
type errorDocument struct {
	Code    string          `json:"code"`
	Message string          `json:"message"`
	Target  string          `json:"target,omitempty"`
	Details []errorDocument `json:"details"`
	Inner   *innerError     `json:"inner,omitempty"`
}

type innerError struct {
	Code string `json:"code"`
}

// write answers a request.
func (p *problem) write(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("x-ms-error-code", p.code)
	switch p.status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		header.Set("Retry-After", "1")
	case http.StatusMethodNotAllowed:
		header.Set("Allow", p.allow)
	case http.StatusUnauthorized:
		header.Set("WWW-Authenticate", "Bearer") // RFC 6750 §3
	}
	document := errorDocument{Code: p.code, Message: p.message, Target: p.target, Details: []errorDocument{}}
	if p.inner != "" {
		document.Inner = &innerError{p.inner}
	}
	w.WriteHeader(p.status)
	json.NewEncoder(w).Encode(document)
}
