package subprotocol

import (
	"runtime"
	"strconv"
	"testing"
	"time"
)

func (r *Roles) kept() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sets.Len()
}

func TestRolesAreShared(t *testing.T) {
	var r Roles
	read := func(roles ...string) Permissions {
		p, err := r.Permissions(roles)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	a := read("webpubsub.sendToGroup", "webpubsub.joinLeaveGroup.a", "x")
	b := read("webpubsub.joinLeaveGroup.a", "webpubsub.sendToGroup", "webpubsub.sendToGroup")
	if a.roles != b.roles {
		t.Error("the same roles in another order are not shared")
	}
	if c := read("webpubsub.joinLeaveGroup.a"); c.roles == a.roles {
		t.Error("other roles are shared")
	}
	if none := read("x", "y"); none != (Permissions{}) {
		t.Error("roles of others cost something")
	}
	// A change is one session's own.
	if err := a.Revoke(SendToGroup, "g"); err != nil || !b.Allow(SendToGroup, []byte("g")) {
		t.Errorf("a change of one session is another's, %v", err)
	}
	runtime.KeepAlive(&b)
}

// Whatever bytes roles have, two lists are one only if they are the same.
func TestRolesAreNotMixedUp(t *testing.T) {
	var r Roles
	one, err := r.Permissions([]string{"webpubsub.joinLeaveGroup.a\x00\x15webpubsub.sendToGroup"})
	if err != nil {
		t.Fatal(err)
	}
	two, err := r.Permissions([]string{"webpubsub.joinLeaveGroup.a", "webpubsub.sendToGroup"})
	if err != nil {
		t.Fatal(err)
	}
	if one.Allow(SendToGroup, []byte("g")) || !two.Allow(SendToGroup, []byte("g")) || !two.Allow(JoinLeaveGroup, []byte("a")) {
		t.Error("a group's name gave a role")
	}
}

func TestRolesGoWithTheLastSession(t *testing.T) {
	var r Roles
	p, err := r.Permissions([]string{"webpubsub.sendToGroup.a"})
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	if n := r.kept(); n != 1 || !p.Allow(SendToGroup, []byte("a")) {
		t.Fatalf("%d sets are kept while one is used", n)
	}
	r.expectGone(t)
}

// expectGone collects what no session uses any more.
func (r *Roles) expectGone(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); r.kept() != 0; {
		if time.Now().After(deadline) {
			t.Fatal("a set that nobody uses is kept")
		}
		runtime.GC()
		runtime.Gosched()
	}
}

// TestRolesGiveBackTheMemoryOfAStorm of clients with roles of their own each.
func TestRolesGiveBackTheMemoryOfAStorm(t *testing.T) {
	const clients, perClient = 1 << 15, 4 // bytes that may stay
	var r Roles
	before := settledHeap()
	all := make([]Permissions, clients)
	for i := range all {
		p, err := r.Permissions([]string{"webpubsub.sendToGroup." + strconv.Itoa(i)})
		if err != nil {
			t.Fatal(err)
		}
		all[i] = p
	}
	runtime.KeepAlive(all)
	all = nil
	r.expectGone(t)
	if kept := settledHeap() - before; kept > clients*perClient {
		t.Errorf("%d bytes stay after %d clients", kept, clients)
	}
	runtime.KeepAlive(&r)
}

// settledHeap returns the bytes in use, once everything is collected that can be.
func settledHeap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
