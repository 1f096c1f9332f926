package main

import (
	"errors"
	"time"
)

// memory is the resident set of a server around a load, in bytes, with the same
// connections at rest before and after.
type memory struct {
	before, most, after int64
	// back is how long after the load it was as before for the first time; only
	// if it was.
	back time.Duration
	was  bool
}

// memorySlack is by how much the resident set may exceed what it was, as a part of
// it: code that runs for the first time stays, and pages that are partly used.
const memorySlack = 1.05

// isBack reports whether so many bytes are as before.
func (m *memory) isBack(rss int64) bool { return float64(rss) <= memorySlack*float64(m.before) }

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
		switch p.Phase {
		case "warm-up", "measuring":
			ended = p.At
			continue
		case "rest after":
			m.after = rss
		}
		if !m.was && m.isBack(rss) {
			m.back, m.was = p.At-ended, true
		}
	}
	if m.before == 0 || m.after == 0 {
		return m, errNoRest
	}
	return m, nil
}
