package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// clockTick is the unit of CPU times in procfs. USER_HZ is 100 on every
// architecture that Go runs on.
const clockTick = 10 * time.Millisecond

// cpuTimes are the times that some CPUs have spent since boot.
type cpuTimes struct {
	Busy  time.Duration // in processes and interrupts
	Idle  time.Duration // with nothing to run
	Steal time.Duration // waiting for the hypervisor
}

func (t cpuTimes) sub(from cpuTimes) cpuTimes {
	return cpuTimes{t.Busy - from.Busy, t.Idle - from.Idle, t.Steal - from.Steal}
}

func (t cpuTimes) total() time.Duration { return t.Busy + t.Idle + t.Steal }

// Columns of a cpu line in /proc/stat (proc_stat(5)), the name not counted.
const (
	columnIdle   = 3
	columnIOWait = 4
	columnSteal  = 7
	columnGuest  = 8 // and guest_nice: already part of user and nice
)

// parseCPUTimes adds up the lines of cpus in the text of /proc/stat.
func parseCPUTimes(text []byte, cpus cpuList) (cpuTimes, error) {
	var sum cpuTimes
	for _, cpu := range cpus {
		name := "cpu" + strconv.Itoa(cpu)
		_, rest, found := bytes.Cut(text, []byte("\n"+name+" "))
		if !found {
			return cpuTimes{}, fmt.Errorf("/proc/stat: has no line %s", name)
		}
		line, _, _ := bytes.Cut(rest, []byte("\n"))
		columns := bytes.Fields(line)
		if len(columns) <= columnSteal {
			return cpuTimes{}, fmt.Errorf("/proc/stat: %s: has only %d columns", name, len(columns))
		}
		for i, column := range columns[:min(len(columns), columnGuest)] {
			n, err := strconv.ParseInt(string(column), 10, 64)
			if err != nil {
				return cpuTimes{}, fmt.Errorf("/proc/stat: %s: column %d: %q: is no number", name, i+1, column)
			}
			switch spent := time.Duration(n) * clockTick; i {
			case columnIdle, columnIOWait:
				sum.Idle += spent
			case columnSteal:
				sum.Steal += spent
			default:
				sum.Busy += spent
			}
		}
	}
	return sum, nil
}

func readCPUTimes(cpus cpuList) (cpuTimes, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return cpuTimes{}, err
	}
	return parseCPUTimes(text, cpus)
}

// Fields of /proc/PID/stat, counted from the one behind the command name, which
// is field 2 and may hold spaces and brackets (proc_pid_stat(5)).
const (
	fieldUser   = 14 - 3
	fieldSystem = 15 - 3
)

// parseProcessCPU returns the user and system time in the text of
// /proc/PID/stat.
func parseProcessCPU(text []byte) (time.Duration, error) {
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) <= fieldSystem {
		return 0, fmt.Errorf("has only %d fields behind the command name", len(fields))
	}
	var sum time.Duration
	for _, field := range [][]byte{fields[fieldUser], fields[fieldSystem]} {
		n, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%q: is no number", field)
		}
		sum += time.Duration(n) * clockTick
	}
	return sum, nil
}

func readProcessCPU(pid int) (time.Duration, error) {
	path := fmt.Sprintf("/proc/%d/stat", pid)
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	spent, err := parseProcessCPU(text)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return spent, nil
}

// parseProcessRSS returns the resident set in the text of /proc/PID/status, in
// bytes (proc_pid_status(5)).
func parseProcessRSS(text []byte) (int64, error) {
	_, rest, found := bytes.Cut(text, []byte("\nVmRSS:"))
	if !found {
		return 0, errors.New("has no VmRSS")
	}
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	value, inKiB := bytes.CutSuffix(bytes.TrimSpace(line), []byte(" kB"))
	n, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil || !inKiB {
		return 0, fmt.Errorf("VmRSS: %q: is no number of kB", bytes.TrimSpace(line))
	}
	return n << 10, nil
}

func readProcessRSS(pid int) (int64, error) {
	path := fmt.Sprintf("/proc/%d/status", pid)
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	rss, err := parseProcessRSS(text)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return rss, nil
}
