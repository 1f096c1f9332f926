package main

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

// crowd notes what viewers are sent. It fails if it is told to.
type crowd struct {
	sent []any
	err  error
}

func (c *crowd) send(_ context.Context, message any) error {
	if c.err == nil {
		c.sent = append(c.sent, message)
	}
	return c.err
}

func TestSay(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want []any // nil: it is refused
	}{
		"a line":      {"hello", []any{line{"Ana", "hello"}}},
		"spaces":      {"  hello ", []any{line{"Ana", "hello"}}},
		"the longest": {strings.Repeat("ü", 300), []any{line{"Ana", strings.Repeat("ü", 300)}}},
		"too long":    {strings.Repeat("a", 301), nil},
		"nothing":     {"", nil},
		"blank":       {" \n", nil},
	} {
		viewers := &crowd{}
		err := newRoom(viewers).say(t.Context(), "Ana", tc.text)
		if refused := errors.Is(err, errLine); refused != (tc.want == nil) || !reflect.DeepEqual(viewers.sent, tc.want) {
			t.Errorf("%s: %v, and viewers are sent %v; want %v", name, err, viewers.sent, tc.want)
		}
	}
}

func TestViewersAreToldHowManyTheyAre(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ticks, ended := make(chan time.Time), make(chan struct{})
	viewers := &crowd{}
	r := newRoom(viewers)
	go func() {
		r.run(ctx, ticks)
		close(ended)
	}()
	tick := func() { ticks <- time.Time{} } // when the one before has been acted on
	r.enter("a")
	r.enter("a") // an event may come twice
	r.enter("b")
	tick()
	tick()
	r.leave("a")
	r.leave("a")
	tick()
	tick()
	cancel()
	<-ended
	if want := []any{audience{2}, audience{1}}; !reflect.DeepEqual(viewers.sent, want) {
		t.Errorf("viewers are sent %v, want %v", viewers.sent, want)
	}
}

// Who comes as another one goes has not heard the number yet.
func TestTheSameNumberOfOthersIsToldToo(t *testing.T) {
	r := newRoom(&crowd{})
	r.enter("a")
	r.count()
	r.leave("a")
	r.enter("b")
	if viewers, changed := r.count(); viewers != 1 || !changed {
		t.Errorf("%d viewers, changed: %v; want 1, changed", viewers, changed)
	}
	if _, changed := r.count(); changed {
		t.Error("what was told is told again")
	}
}
