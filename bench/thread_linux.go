package bench

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// onOwnThread runs f in a goroutine on a thread that ends with it. Whatever f
// does to its thread stays without effect on the rest of the process.
func onOwnThread(f func()) {
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() != unix.Getpid() {
			f()
			return // still locked, which ends the thread
		}
		// The main thread never ends, and procfs shows the process by it. While
		// this goroutine holds it, another one is sure to run elsewhere.
		done := make(chan struct{})
		onOwnThread(func() {
			defer close(done)
			f()
		})
		<-done
		runtime.UnlockOSThread()
	}()
}

// pin binds the calling thread to one CPU.
func pin(cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("pin a loop to CPU %d: %w", cpu, err)
	}
	return nil
}

// threadTime returns the CPU time that the calling thread has used.
func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

// startRuntimePoller makes the Go runtime open its own epoll instance. It must
// have done so before a thread takes a copy of the descriptor table: the
// runtime may poll on any thread.
func startRuntimePoller() error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	return errors.Join(r.Close(), w.Close())
}

// leaveSharedTable gives the calling thread a descriptor table of its own, with
// keep in it. The table starts as a copy: what it need not hold is closed, or
// a listener closed elsewhere in the process would live on here.
func leaveSharedTable(keep int) error {
	if err := unix.Unshare(unix.CLONE_FILES); err != nil {
		return fmt.Errorf("unshare the descriptor table: %w", err)
	}
	const directory = "/proc/thread-self/fd"
	open, err := os.ReadDir(directory)
	if err != nil {
		return fmt.Errorf("private descriptor table: %w", err)
	}
	for _, entry := range open {
		fd, err := strconv.Atoi(entry.Name())
		if err != nil || fd <= unix.Stderr || fd == keep {
			continue
		}
		link, err := os.Readlink(directory + "/" + entry.Name())
		if err != nil {
			continue // the directory's own descriptor, closed since
		}
		// The runtime polls on any thread, with these two kinds.
		if link != "anon_inode:[eventpoll]" && link != "anon_inode:[eventfd]" {
			unix.Close(fd)
		}
	}
	return nil
}
