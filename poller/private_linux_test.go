package poller

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/sluicegate/sluice/poller/internal/sys"
)

// Where private tables are forbidden, as by default in a container, all is still in
// the one table: what is closed twice there may be somebody else's by then.
func TestAForbiddenTableClosesNothingTwice(t *testing.T) {
	if os.Getenv("FORBID_UNSHARE") == "" {
		child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
		child.Env = append(os.Environ(), "FORBID_UNSHARE=1") // for a process that ends with it
		if output, err := child.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, output)
		}
		return
	}
	s, err := Listen(engines[2].config(2))
	if err != nil {
		t.Fatal(err)
	}
	closes := make(chan int, 100)
	for _, e := range s.equipment {
		e.sockets = countedCloses{e.sockets, closes}
	}
	forbidUnshare(t)
	if err := s.Start(func(*Loop) Handler { return newRecorder() }); !errors.Is(err, unix.EPERM) {
		t.Errorf("Start: %v, want EPERM", err)
	}
	s.Stop()
	if got, want := len(closes), len(s.equipment); got != want {
		t.Errorf("%d closes, want one for each of %d listeners", got, want)
	}
}

type countedCloses struct {
	sys.Sockets
	closes chan<- int
}

func (c countedCloses) Close(fd int) error {
	c.closes <- fd
	return c.Sockets.Close(fd)
}

// forbidUnshare has the call fail with EPERM on all threads.
func forbidUnshare(t *testing.T) {
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}, // the number of the call is first
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_UNSHARE, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	runtime.LockOSThread() // for both calls
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	if _, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program))); errno != 0 {
		t.Fatal(errno)
	}
}
