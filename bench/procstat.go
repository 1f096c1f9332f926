package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// ProcessSample is what the kernel says of the server's process at one moment.
type ProcessSample struct {
	// At says when, for example "all open".
	At string `json:"at"`
	// RSS is the resident set in bytes; Anonymous is its part that is not
	// backed by a file: heap, stacks and slabs.
	RSS       int64 `json:"rssBytes"`
	Anonymous int64 `json:"anonymousBytes"`
	// User and System are the CPU time used since the process began, in the
	// kernel's ticks of 10 ms.
	User   time.Duration `json:"userNanoseconds"`
	System time.Duration `json:"systemNanoseconds"`
	// Threads is the number of threads.
	Threads int `json:"threads"`
}

// clockTick is the unit of CPU times in procfs. USER_HZ is 100 on every
// architecture that Go runs on.
const clockTick = 10 * time.Millisecond

// procfs reads processes from a mounted procfs.
type procfs string

const hostProcfs procfs = "/proc"

// sample reads process pid now.
func (root procfs) sample(pid int, at string) (*ProcessSample, error) {
	directory := filepath.Join(string(root), strconv.Itoa(pid))
	s := &ProcessSample{At: at}
	for name, read := range map[string]func([]byte) error{"status": s.readStatus, "stat": s.readStat} {
		text, err := os.ReadFile(filepath.Join(directory, name))
		if err != nil {
			return nil, fmt.Errorf("server process: %w", err)
		}
		if err := read(text); err != nil {
			return nil, fmt.Errorf("server process: %s: %w", filepath.Join(directory, name), err)
		}
	}
	return s, nil
}

// readStatus takes the memory figures from the text of status.
func (s *ProcessSample) readStatus(text []byte) error {
	for name, bytesOf := range map[string]*int64{"VmRSS": &s.RSS, "RssAnon": &s.Anonymous} {
		_, rest, found := bytes.Cut(text, []byte("\n"+name+":"))
		if !found {
			return fmt.Errorf("has no %s", name)
		}
		line, _, _ := bytes.Cut(rest, []byte("\n"))
		value, inKiB := bytes.CutSuffix(bytes.TrimSpace(line), []byte(" kB"))
		n, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil || !inKiB {
			return fmt.Errorf("%s: %q: is no number of kB", name, bytes.TrimSpace(line))
		}
		*bytesOf = n << 10
	}
	return nil
}

// Places of fields in stat, counted from the one after the command name, which
// is field 2 and may hold spaces and brackets (proc_pid_stat(5)).
const (
	statUser    = 14 - 3
	statSystem  = 15 - 3
	statThreads = 20 - 3
)

// readStat takes the CPU times and the thread count from the text of stat.
func (s *ProcessSample) readStat(text []byte) error {
	end := bytes.LastIndexByte(text, ')')
	if end < 0 {
		return fmt.Errorf("has no command name")
	}
	fields := bytes.Fields(text[end+1:])
	if len(fields) <= statThreads {
		return fmt.Errorf("has only %d fields after the command name", len(fields))
	}
	var numbers [3]int64
	for i, place := range []int{statUser, statSystem, statThreads} {
		n, err := strconv.ParseInt(string(fields[place]), 10, 64)
		if err != nil {
			return fmt.Errorf("field %d: %q: is no number", place+3, fields[place])
		}
		numbers[i] = n
	}
	s.User = time.Duration(numbers[0]) * clockTick
	s.System = time.Duration(numbers[1]) * clockTick
	s.Threads = int(numbers[2])
	return nil
}
