package fdtable

import (
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// Prepare readies the process for private tables. It must return before the
// first call of [Leave], on any thread.
//
// It makes the Go runtime open its own poller now: opened later, from a thread
// with a private table, it would be missing from all others.
func Prepare() error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	r.Close()
	return w.Close()
}

// maxGrown bounds what [Grow] makes the kernel allocate, eight bytes for each
// descriptor.
const maxGrown = 1 << 20

// Grow makes the table that the process's threads share as large as
// RLIMIT_NOFILE lets it become, or a million descriptors. The kernel would double
// it as it fills, and each time have whoever opens the descriptor wait until every
// CPU has let go of the old one (RCU): an event loop then stands still for 10 to
// 20 ms, measured in a storm of connections. Where it fails, all works as before.
func Grow() {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return
	}
	spare, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		return
	}
	defer unix.Close(spare)
	last, err := unix.FcntlInt(uintptr(spare), unix.F_DUPFD_CLOEXEC, int(min(limit.Cur, maxGrown))-1)
	if err == nil {
		unix.Close(last)
	}
}

// Run calls f on a goroutine with a thread of its own, which ends with f and
// takes its descriptor table along. It does not wait.
func Run(f func()) {
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() != unix.Getpid() {
			f()
			return // still locked, which ends the thread
		}
		// The main thread never ends, and procfs shows its table as that of
		// the process. While this goroutine holds it, the next runs elsewhere.
		begun := make(chan struct{})
		Run(func() {
			close(begun)
			f()
		})
		<-begun
		runtime.UnlockOSThread()
	}()
}

// Leave gives the calling thread, one of [Run], a table of its own, in which
// only keep, the standard streams and the runtime's poller stand.
//
// The new table begins as a copy, and a listener or a file in it would live on
// after the rest of the process has closed it: so everything else is closed.
func Leave(keep ...int) error {
	switch err := unix.Unshare(unix.CLONE_FILES); {
	case err == unix.EPERM: // leaving the table takes no privilege
		return fmt.Errorf("private descriptor tables: %w: a filter forbids unshare, as that of a container does by default; allow it, or do without them", os.NewSyscallError("unshare", err))
	case err != nil:
		return os.NewSyscallError("unshare", err)
	}
	const directory = "/proc/thread-self/fd"
	entries, err := os.ReadDir(directory)
	if err != nil {
		return fmt.Errorf("prune the private descriptor table: %w", err)
	}
	kept := map[int]bool{unix.Stdin: true, unix.Stdout: true, unix.Stderr: true}
	for _, fd := range keep {
		kept[fd] = true
	}
	for _, entry := range entries {
		fd, err := strconv.Atoi(entry.Name())
		if err != nil || kept[fd] {
			continue
		}
		switch target, err := os.Readlink(directory + "/" + entry.Name()); {
		case err != nil: // the directory's own descriptor, closed since
		case target == "anon_inode:[eventpoll]" || target == "anon_inode:[eventfd]":
			// The runtime waits on its own, and wakes itself, from any thread.
		default:
			unix.Close(fd)
		}
	}
	return nil
}
