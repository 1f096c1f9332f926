package main

import (
	"errors"
	"time"
)

// memory is the resident set of a server around a load, in bytes, with the same
// connections at rest before and after. After is the least that was seen: looks at
// the server leave garbage, until it collects that the next time.
type memory struct {
	before, most, after int64
	// back is how long after the load it was as before for the first time.
	back time.Duration
}

// memorySlack is by how much the resident set may exceed what it was, in bytes. Up
// to 1 MiB of garbage a server at rest does not collect, and looks at its status make
// that in some 10 s; code that runs for the first time stays, and what the collector
// takes for itself. Without any load it was seen to grow by 1.2 MiB.
const memorySlack = 2 << 20

// isBack reports whether the server has given back what it took.
func (m *memory) isBack() bool { return m.after <= m.allowed() }

// allowed is the most that is as good as before.
func (m *memory) allowed() int64 { return m.before + memorySlack }

// point is one of the load tool's series.
type point struct {
	At     time.Duration `json:"atNanoseconds"`
	Phase  string        `json:"phase"`
	Server *struct {
		RSS int64 `json:"rssBytes"`
	} `json:"server"`
}

var errNoRest = errors.New("the load tool has not looked at the server's memory before and after the load")

// memoryOf reads a series whose connections rest, are sent messages, and rest.
func memoryOf(series []point) (m memory, err error) {
	var ended time.Duration
	for _, p := range series {
		if p.Server == nil {
			continue
		}
		rss := p.Server.RSS
		if p.Phase == "rest before" {
			m.before = rss // the last will do
			continue
		}
		if m.before == 0 {
			continue
		}
		m.most = max(m.most, rss)
		if p.Phase != "rest after" {
			if p.Phase != "settling" {
				ended = p.At
			}
			continue
		}
		if m.after == 0 || rss < m.after {
			m.after = rss
		}
		if m.back == 0 && m.isBack() {
			m.back = p.At - ended
		}
	}
	if m.before == 0 || m.after == 0 {
		return m, errNoRest
	}
	return m, nil
}
