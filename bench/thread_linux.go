package bench

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// pin binds the calling thread to these CPUs.
func pin(cpus ...int) error {
	var set unix.CPUSet
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("pin a loop to CPUs %v: %w", cpus, err)
	}
	return nil
}

// wakeOnTime has the kernel end the calling thread's sleeps when they are due,
// and not up to 50 µs later, which it may by default to save wake-ups.
func wakeOnTime() error {
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("PR_SET_TIMERSLACK: %w", err)
	}
	return nil
}

// yieldToOthers has the calling thread run only while no other wants this CPU,
// and give way at once: at a lower priority it would still finish its slice of
// some milliseconds first, which those who measure would take for the server's.
func yieldToOthers() error {
	if err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}, 0); err != nil {
		return fmt.Errorf("sched_setattr: %w", err)
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
