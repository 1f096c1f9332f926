package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const maxCPU = 1023 // of a CPU set of the kernel's default size

// cpuList names the CPUs that a process may run on, for example "0,2".
type cpuList []int

func (c *cpuList) UnmarshalText(text []byte) error {
	*c = nil
	for field := range strings.SplitSeq(string(text), ",") {
		cpu, err := strconv.Atoi(field)
		if err != nil || cpu < 0 || cpu > maxCPU {
			return fmt.Errorf("CPU %q: write numbers from 0 to %d, separated by commas", field, maxCPU)
		}
		*c = append(*c, cpu)
	}
	return nil
}

func (c cpuList) String() string {
	fields := make([]string, len(c))
	for i, cpu := range c {
		fields[i] = strconv.Itoa(cpu)
	}
	return strings.Join(fields, ",")
}

// settle has every thread of this process run on these CPUs only, and those that
// they start.
func (c cpuList) settle() error {
	var pinned unix.CPUSet
	for _, cpu := range c {
		pinned.Set(cpu)
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(id, &pinned); err != nil && err != unix.ESRCH {
			return fmt.Errorf("pin to CPU %s: %w", c, err)
		}
	}
	return nil
}

// start starts the command on these CPUs only. A child inherits the affinity
// of the thread that forks it, and has it before exec, so a Go server's
// GOMAXPROCS follows.
func (c cpuList) start(command *exec.Cmd) error {
	var before, pinned unix.CPUSet
	for _, cpu := range c {
		pinned.Set(cpu)
	}
	runtime.LockOSThread()
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("sched_getaffinity: %w", err)
	}
	if err := unix.SchedSetaffinity(0, &pinned); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("pin to CPU %s: %w", c, err)
	}
	startErr := command.Start()
	if err := unix.SchedSetaffinity(0, &before); err != nil {
		// The thread stays locked, so it ends with its goroutine and serves
		// nobody else on the wrong CPUs.
		return fmt.Errorf("restore CPU affinity: %w", err)
	}
	runtime.UnlockOSThread()
	return startErr
}
