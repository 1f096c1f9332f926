//go:build !race

package gateway

import (
	"runtime"
	"testing"

	"github.com/sluicegate/sluice/poller"
)

// TestVisitingMembersAllocatesNothing counts while the passes of a group go over
// its members. What the scripted kernel allocates is left out.
func TestVisitingMembersAllocatesNothing(t *testing.T) {
	const members = 500
	for _, test := range []struct {
		name   string
		change func(*stage, *Publication)
	}{
		{"all", func(*stage, *Publication) {}},
		{"with exceptions", func(st *stage, p *Publication) { p.Except = []Session{st.opened} }},
		{"with a filter", func(_ *stage, p *Publication) {
			p.Filter = func(r *Recipient) bool { return r.User() == "" && r.Metadata("x") == "" && r.InGroup("room") }
		}},
		{"with content", func(_ *stage, p *Publication) { p.Content = plainContent{} }},
		{"with content, in form 1", func(st *stage, p *Publication) { st.formal(1, nil); p.Content = plainContent{} }},
		{"with content, encoded for each", func(st *stage, p *Publication) { st.formal(1, sameEncoder{}); p.Content = plainContent{} }},
		{"with a key", func(_ *stage, p *Publication) { p.Key = "k" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			st := newStage(t, Config{}, HubConfig{})
			all := st.members(members, "room")
			p := text("hello")
			test.change(st, &p)
			var least uint64 = members
			for range 5 {
				st.must(st.group("room").Publish(p))
				var visiting uint64
				// A task runs after those posted before, the publication's, and before
				// the end of the turn, which would go over the members too.
				st.must(st.loop.Do(poller.TaskFunc(func(*poller.Loop) { visiting = st.visitAll() })))
				st.rig.Settle()
				served := 0
				for _, a := range all {
					served += len(a.texts())
				}
				if served < members-1 {
					t.Fatalf("%d of %d members were served", served, members)
				}
				least = min(least, visiting)
			}
			if least > 4 { // the pass, and what a form takes
				t.Errorf("%d allocations for %d members, want none for each", least, members)
			}
		})
	}
}

// plainContent is the same in all forms, and for all sessions.
type plainContent struct{}

func (plainContent) Append(dst []byte, _ Form) ([]byte, MessageType) {
	return append(dst, "hello"...), Text
}

// sameEncoder makes of a message what it is.
type sameEncoder struct{}

func (sameEncoder) Append(dst []byte, m Message, _ Content) ([]byte, MessageType) {
	return append(dst, m.Payload...), m.Type
}

// formal gives all sessions a form and an encoder.
func (st *stage) formal(form Form, encoder Encoder) {
	for slot := range uint32(st.open) {
		x := st.sessions.At(slot)
		st.equip(slot, x, &Request{Form: form, Encoder: encoder})
	}
}

// visitAll goes over the members of all shares that have something pending, and
// returns the number of allocations.
func (st *stage) visitAll() uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, number := range st.fanout.list {
		for st.advance(number) {
		}
	}
	runtime.ReadMemStats(&after)
	st.fanout.list = st.fanout.list[:0]
	return after.Mallocs - before.Mallocs
}
