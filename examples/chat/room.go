package main

import (
	"context"
	"errors"
	"log"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// sender sends a message to all viewers: see [service].
type sender interface {
	send(ctx context.Context, message any) error
}

// room is the chat itself: who is there, and what may be said. Any goroutine may call
// its methods.
type room struct {
	// Fixed after newRoom.
	viewers sender

	// Guarded by mu.
	mu      sync.Mutex
	present map[string]bool // by connection: an event may come twice
	changed bool            // since viewers were told how many they are
}

func newRoom(viewers sender) *room {
	return &room{viewers: viewers, present: make(map[string]bool)}
}

// What viewers are sent: page/chat.js shows it.
type (
	line struct {
		From string `json:"from"`
		Text string `json:"text"`
	}
	audience struct {
		Viewers int `json:"viewers"`
	}
)

// errLine says what may be said. Here is the place for moderation.
var errLine = errors.New("a line has 1 to 300 characters")

// say sends everyone what a viewer says.
func (r *room) say(ctx context.Context, from, text string) error {
	text = strings.TrimSpace(text)
	if text == "" || utf8.RuneCountInString(text) > 300 {
		return errLine
	}
	return r.viewers.send(ctx, line{from, text})
}

func (r *room) enter(connection string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.present[connection], r.changed = true, true
}

func (r *room) leave(connection string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.present, connection)
	r.changed = true
}

// run tells viewers with each tick how many they are, if that has changed, until ctx
// ends: however many come and go, there is one message for a tick.
func (r *room) run(ctx context.Context, ticks <-chan time.Time) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
			if count, changed := r.count(); changed {
				if err := r.viewers.send(ctx, audience{count}); err != nil && ctx.Err() == nil {
					log.Print(err)
				}
			}
		}
	}
}

// count returns how many viewers there are, and whether that is news.
func (r *room) count() (viewers int, changed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	changed, r.changed = r.changed, false
	return len(r.present), changed
}
