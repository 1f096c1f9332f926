package poller

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/poller/fdtable"
)

// patience is how long a test waits for what should take milliseconds.
const patience = 10 * time.Second

// eventually polls until met reports true.
func eventually(t testing.TB, what string, met func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !met(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after %v", what, patience)
		}
		<-time.After(time.Millisecond)
	}
}

// await waits for done to be closed.
func await(t testing.TB, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("%s: not after %v", what, patience)
	}
}

// holdings are what a process holds and a server may leak.
type holdings struct {
	goroutines  int
	descriptors int // in the process's table
	sockets     int // in the tables of all threads
	tables      int // descriptors of the thread that has most
}

func (h holdings) within(limit holdings) bool {
	return h.goroutines <= limit.goroutines && h.descriptors <= limit.descriptors &&
		h.sockets <= limit.sockets && h.tables <= limit.tables
}

func (h holdings) String() string {
	return fmt.Sprintf("%d goroutines, %d descriptors, %d sockets, at most %d descriptors in a thread", h.goroutines, h.descriptors, h.sockets, h.tables)
}

func takeStock(t testing.TB) holdings {
	t.Helper()
	h := holdings{goroutines: runtime.NumGoroutine()}
	own, err := os.ReadDir("/proc/thread-self/fd")
	if err != nil {
		t.Skip("no /proc: leaks of descriptors cannot be seen here")
	}
	h.descriptors = len(own)
	sockets := map[string]bool{}
	tables, _ := filepath.Glob("/proc/self/task/*/fd")
	for _, table := range tables {
		entries, _ := os.ReadDir(table) // the thread may be gone
		h.tables = max(h.tables, len(entries))
		for _, e := range entries {
			if target, _ := os.Readlink(filepath.Join(table, e.Name())); strings.HasPrefix(target, "socket:") {
				sockets[target] = true
			}
		}
	}
	h.sockets = len(sockets)
	return h
}

// expectNoLeak fails t if more is held at its end than now.
func expectNoLeak(t testing.TB) {
	t.Helper()
	if err := fdtable.Prepare(); err != nil { // the runtime's poller is no leak
		t.Fatal(err)
	}
	before := takeStock(t)
	t.Cleanup(func() {
		var now holdings
		for deadline := time.Now().Add(patience); ; <-time.After(time.Millisecond) {
			if now = takeStock(t); now.within(before) {
				return
			}
			if time.Now().After(deadline) {
				break
			}
		}
		t.Errorf("leak: %v; before: %v", now, before)
	})
}
