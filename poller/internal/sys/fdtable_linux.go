package sys

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// PrepareFDTables readies the process for private descriptor tables. It must
// return before the first call of [PrivateFDTable], on any thread.
//
// It makes the Go runtime open its own poller now: opened later, from a thread
// with a private table, it would be missing from all others.
func PrepareFDTables() error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	r.Close()
	return w.Close()
}

// PrivateFDTable gives the calling thread a descriptor table of its own, in
// which only keep, the standard streams and the runtime's poller stand. The
// goroutine must be locked to its thread, for good: the table ends with the
// thread.
//
// The new table begins as a copy, and a listener or a file that stands in it
// would live on after the rest of the process has closed it. So everything
// else is closed here.
func PrivateFDTable(keep []int) error {
	if err := unix.Unshare(unix.CLONE_FILES); err != nil {
		return os.NewSyscallError("unshare", err)
	}
	entries, err := os.ReadDir("/proc/thread-self/fd")
	if err != nil {
		return fmt.Errorf("prune the private descriptor table: %w", err)
	}
	kept := map[int]bool{0: true, 1: true, 2: true}
	for _, fd := range keep {
		kept[fd] = true
	}
	for _, entry := range entries {
		fd, err := strconv.Atoi(entry.Name())
		if err != nil || kept[fd] || runtimePoller(entry.Name()) {
			continue
		}
		unix.Close(fd) // the directory's own descriptor is gone already: EBADF
	}
	return nil
}

// runtimePoller tells the descriptors of the Go runtime's poller: the runtime
// waits on them, and writes to them, from any thread.
func runtimePoller(fd string) bool {
	target, err := os.Readlink("/proc/thread-self/fd/" + fd)
	return err == nil && (strings.HasSuffix(target, "[eventpoll]") || strings.HasSuffix(target, "[eventfd]"))
}
