package fdtable

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// onPrivateTable runs f on a thread with a table of its own and waits.
func onPrivateTable(t *testing.T, f func(), keep ...int) {
	t.Helper()
	if err := Prepare(); err != nil {
		t.Fatal(err)
	}
	left := make(chan error)
	Run(func() {
		err := Leave(keep...)
		if err == nil {
			f()
		}
		left <- err
	})
	if err := <-left; err != nil {
		t.Fatal(err)
	}
}

// Containers forbid unshare by default, and whoever asks for private tables in one has
// to learn that.
func TestLeaveSaysThatAFilterForbidsIt(t *testing.T) {
	left := make(chan error)
	Run(func() {
		forbid(t, unix.SYS_UNSHARE) // of this thread, which ends with the function
		left <- Leave()
	})
	if err := <-left; !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), "a filter forbids unshare") {
		t.Errorf("got %v", err)
	}
}

// forbid has a system call of the calling thread fail with EPERM.
func forbid(t *testing.T, call uint32) {
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}, // the number of the call is first
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: call, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		t.Error(err)
	}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0); err != nil {
		t.Error(err)
	}
}

// TestGrow: the kernel shows the size of the table.
func TestGrow(t *testing.T) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	Grow()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, size, _ := strings.Cut(string(status), "FDSize:")
	size, _, _ = strings.Cut(strings.TrimSpace(size), "\n")
	if got, err := strconv.ParseUint(size, 10, 64); err != nil || got < min(limit.Cur, maxGrown) {
		t.Errorf("the table has room for %q descriptors, want %d", size, min(limit.Cur, maxGrown))
	}
	if after, err := os.ReadDir("/proc/self/fd"); err != nil || len(after) != len(before) {
		t.Errorf("%d descriptors are open, %d were: %v", len(after), len(before), err)
	}
}

func TestDescriptorsOfOneTableMeanNothingInTheOther(t *testing.T) {
	var inside int
	var name string
	file, err := os.Create(filepath.Join(t.TempDir(), "outside"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	outside := int(file.Fd())
	onPrivateTable(t, func() {
		if err := unix.Fstat(outside, new(unix.Stat_t)); err != unix.EBADF {
			t.Errorf("a file of the shared table: %v, want EBADF", err)
		}
		inside, _ = unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		name, _ = os.Readlink("/proc/thread-self/fd/" + strconv.Itoa(inside))
	})
	if name != os.DevNull {
		t.Errorf("in its own table descriptor %d is %q, want %s", inside, name, os.DevNull)
	}
	if other, _ := os.Readlink("/proc/self/fd/" + strconv.Itoa(inside)); other == os.DevNull {
		t.Errorf("descriptor %d stands in the shared table", inside)
	}
}

func TestLeaveKeepsWhatItIsTold(t *testing.T) {
	kept, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(kept)
	var pair [2]int
	if err := unix.Pipe2(pair[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	onPrivateTable(t, func() {
		if err := unix.Fstat(pair[1], new(unix.Stat_t)); err != nil {
			t.Errorf("the descriptor to keep: %v", err)
		}
		if err := unix.Fstat(pair[0], new(unix.Stat_t)); err != unix.EBADF {
			t.Errorf("another descriptor: %v, want EBADF", err)
		}
	}, pair[1])
}

// TestRunNeverTakesTheMainThread starts enough goroutines that some would land
// there, and expects each thread to end with its function.
func TestRunNeverTakesTheMainThread(t *testing.T) {
	threads := make(chan int)
	for range 50 {
		Run(func() { threads <- unix.Gettid() })
		thread := <-threads
		if thread == os.Getpid() {
			t.Fatal("a function ran on the main thread")
		}
		task := "/proc/self/task/" + strconv.Itoa(thread)
		for deadline := time.Now().Add(5 * time.Second); ; {
			if _, err := os.Stat(task); os.IsNotExist(err) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("thread %d outlives its function", thread)
			}
		}
	}
}
