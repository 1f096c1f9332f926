package api

import (
	"errors"
	"net/http"
	"sync/atomic"

	"github.com/sluicegate/sluice/gateway/auth"
)

// Stats are the figures of a handler. They only grow.
type Stats struct {
	// Operations has one entry for each operation, and one, "unknown", for requests
	// that are none.
	Operations []OperationStats `json:"operations"`
	// Unauthorized counts requests without a good token by what was wrong with it;
	// every cause is present.
	Unauthorized map[string]uint64 `json:"unauthorized"`
}

// OperationStats are the figures of one operation.
type OperationStats struct {
	// Name is such as "sendToGroup".
	Name string `json:"name"`
	// Statuses counts answers by HTTP status; those of success and every error are
	// present.
	Statuses map[int]uint64 `json:"statuses"`
}

// statuses are those that requests are answered with.
var statuses = [...]int{
	http.StatusOK, http.StatusAccepted, http.StatusNoContent,
	http.StatusBadRequest, http.StatusUnauthorized, http.StatusNotFound, http.StatusMethodNotAllowed,
	http.StatusRequestTimeout, http.StatusConflict, http.StatusRequestEntityTooLarge,
	http.StatusUnsupportedMediaType, http.StatusTooManyRequests,
	http.StatusInternalServerError, http.StatusNotImplemented, http.StatusServiceUnavailable,
}

// causes are what can be wrong with a token, with the codes that clients and
// metrics know them by. The last is of everything else.
var causes = [...]struct {
	err  error
	code string
}{
	{auth.ErrNoToken, "TokenMissing"},
	{auth.ErrAlgorithm, "TokenAlgorithm"},
	{auth.ErrSignature, "TokenSignature"},
	{auth.ErrExpired, "TokenExpired"},
	{auth.ErrNotYet, "TokenNotYetValid"},
	{auth.ErrAudience, "TokenAudience"},
	{auth.ErrClaim, "TokenClaims"},
	{nil, "TokenMalformed"},
}

// counts are a handler's counters.
type counts struct {
	// Atomic.
	requests [][len(statuses)]atomic.Uint64 // by operation
	refusals [len(causes)]atomic.Uint64
}

func newCounts() *counts {
	return &counts{requests: make([][len(statuses)]atomic.Uint64, len(operations))}
}

// requested counts an answer.
func (c *counts) requested(operation, status int) {
	for i, known := range statuses {
		if known == status {
			c.requests[operation][i].Add(1)
		}
	}
}

// refused counts a request without a good token, and returns the cause's code.
func (c *counts) refused(err error) string {
	last := len(causes) - 1
	for i := range causes[:last] {
		if errors.Is(err, causes[i].err) {
			last = i
			break
		}
	}
	c.refusals[last].Add(1)
	return causes[last].code
}

// Stats returns a snapshot.
func (h *Handler) Stats() Stats {
	s := Stats{Unauthorized: make(map[string]uint64, len(causes))}
	for i := range h.counts.requests {
		of := OperationStats{Name: operations[i].name, Statuses: make(map[int]uint64, len(statuses))}
		for j, status := range statuses {
			of.Statuses[status] = h.counts.requests[i][j].Load()
		}
		s.Operations = append(s.Operations, of)
	}
	for i, cause := range causes {
		s.Unauthorized[cause.code] = h.counts.refusals[i].Load()
	}
	return s
}
