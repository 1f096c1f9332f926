package bench

import (
	"cmp"
	"errors"
	"slices"
)

// Stage is the part of a connection's life in which it failed.
type Stage string

const (
	// StageConnect: the TCP connection could not be opened.
	StageConnect Stage = "connect"
	// StageTLS: the TLS handshake failed.
	StageTLS Stage = "tls"
	// StageHandshake: the WebSocket handshake failed or was refused.
	StageHandshake Stage = "handshake"
	// StageProtocol: the server sent what RFC 6455 forbids.
	StageProtocol Stage = "protocol"
	// StageVerify: an echo was not what had been sent.
	StageVerify Stage = "verify"
	// StageDisconnect: an open connection ended, by the server or by an error.
	StageDisconnect Stage = "disconnect"
)

// failure ends a connection. It is comparable: equal failures are counted
// together, so a cause must not carry what differs from one connection to the
// next.
type failure struct {
	stage Stage
	cause string
}

func (f failure) Error() string { return string(f.stage) + ": " + f.cause }

// FailureCount says how many connections failed in one way.
type FailureCount struct {
	Stage Stage  `json:"stage"`
	Cause string `json:"cause"`
	Count uint64 `json:"count"`
}

// maxCauses bounds how many causes are told apart: a server that writes a
// request id into each refusal must not fill the generator's memory.
const maxCauses = 64

// failures counts failed connections by stage and cause.
type failures map[failure]uint64

func (f failures) add(failed failure, count uint64) {
	if _, known := f[failed]; !known && len(f) >= maxCauses {
		failed.cause = "other causes"
	}
	f[failed] += count
}

func (f failures) merge(from failures) {
	for failed, count := range from {
		f.add(failed, count)
	}
}

// sorted returns the counts, the highest first.
func (f failures) sorted() []FailureCount {
	counts := make([]FailureCount, 0, len(f))
	for failed, count := range f {
		counts = append(counts, FailureCount{failed.stage, failed.cause, count})
	}
	slices.SortFunc(counts, func(a, b FailureCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Cause, b.Cause))
	})
	return counts
}

// total returns how many connections failed in any way.
func total(counts []FailureCount) (n uint64) {
	for _, c := range counts {
		n += c.Count
	}
	return n
}

// failed returns err as a failure, in that stage if it names none itself.
func failed(stage Stage, err error) failure {
	var f failure
	if !errors.As(err, &f) {
		f = failure{stage, err.Error()}
	}
	return f
}
