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
			if least > 2 {
				t.Errorf("%d allocations for %d members, want none for each", least, members)
			}
		})
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
