package gatewaytest

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A goroutine of a loop with a private descriptor table ends its thread with
// it, and the table with that. The runtime cannot end the main thread, so no
// loop may run there: its table would outlive it and look like a leak.
func init() { runtime.LockOSThread() }

// CheckLeaks counts goroutines and descriptors now and fails the test if there
// are more when it ends. [Start] calls it; a test that builds a gateway itself
// calls it first.
func CheckLeaks(t testing.TB) {
	t.Helper()
	if _, fuzzing := t.(*testing.F); fuzzing {
		return // the fuzzer has goroutines and descriptors of its own
	}
	goroutines, descriptors := runtime.NumGoroutine(), countDescriptors()
	t.Cleanup(func() {
		if await(func() bool { return runtime.NumGoroutine() <= goroutines }) != nil {
			t.Errorf("gatewaytest: %d goroutines, %d before the test:\n%s", runtime.NumGoroutine(), goroutines, stacks())
		}
		if await(func() bool { return countDescriptors() <= descriptors }) != nil {
			t.Errorf("gatewaytest: %d descriptors, %d before the test:\n%s", countDescriptors(), descriptors, strings.Join(tables(), "\n"))
		}
	})
}

// stacks returns the stacks of the goroutines that are in this module's code, or
// were started by it.
func stacks() string {
	all := make([]byte, 1<<20)
	var ours []string
	for _, stack := range strings.Split(string(all[:runtime.Stack(all, true)]), "\n\n") {
		if strings.Contains(stack, "sluicegate/sluice") && !strings.Contains(stack, "testing.tRunner") {
			ours = append(ours, stack)
		}
	}
	return strings.Join(ours, "\n\n")
}

// countDescriptors returns how many descriptors stand in all tables together;
// 0 on systems that cannot say.
func countDescriptors() int {
	count := 0
	for _, table := range tables() {
		count += strings.Count(table, "\n")
	}
	return count
}

// tables lists the process's descriptor tables, a line for each descriptor.
// Threads may have tables of their own; those that show the same content are
// taken to share one.
func tables() []string {
	threads, _ := filepath.Glob("/proc/self/task/*/fd")
	seen := make(map[string]bool)
	var distinct []string
	for _, thread := range threads {
		if table := descriptorTable(thread); !seen[table] {
			seen[table] = true
			distinct = append(distinct, table)
		}
	}
	return distinct
}

// descriptorTable lists one thread's table. The descriptor that reads it is
// closed before its link is read, and so is not counted.
func descriptorTable(dir string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "" // the thread has ended
	}
	var table strings.Builder
	for _, entry := range entries {
		if target, err := os.Readlink(filepath.Join(dir, entry.Name())); err == nil {
			fmt.Fprintf(&table, "%s %s\n", entry.Name(), target)
		}
	}
	return table.String()
}
