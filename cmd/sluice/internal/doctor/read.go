package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Read collects facts from root, which has proc and sys at its top, as the root
// directory of Linux does. What is not there stays unknown, and so does what
// may not be read. The error joins one for each file that makes no sense.
func Read(root fs.FS) (Facts, error) {
	r := reader{root: root}
	var f Facts
	f.FilesSoft, f.FilesHard = r.fileLimits()
	r.sysctl("fs/file-max", &f.FilesMax)
	r.sysctl("fs/file-nr", &f.FilesUsed)
	r.sysctl("fs/nr_open", &f.TableMax)
	r.sysctl("fs/epoll/max_user_watches", &f.Watches)
	r.sysctl("net/core/somaxconn", &f.AcceptQueue)
	r.sysctl("net/ipv4/tcp_max_syn_backlog", &f.HalfOpen)
	r.sysctl("net/ipv4/tcp_syncookies", &f.SynCookies)
	r.sysctl("net/ipv4/ip_local_port_range", &f.PortFirst, &f.PortLast)
	r.sysctl("net/ipv4/tcp_mem", &f.TCPMemory[0], &f.TCPMemory[1], &f.TCPMemory[2])
	r.sysctl("net/ipv4/tcp_rmem", &f.ReceiveBuffer[0], &f.ReceiveBuffer[1], &f.ReceiveBuffer[2])
	r.sysctl("net/ipv4/tcp_wmem", &f.SendBuffer[0], &f.SendBuffer[1], &f.SendBuffer[2])
	r.sysctl("net/netfilter/nf_conntrack_max", &f.Tracked)
	r.sysctl("net/netfilter/nf_conntrack_count", &f.TrackedNow)
	f.MemoryTotal, f.MemoryAvailable = r.memory()
	f.GroupMemory = r.group("memory.max", "memory", "memory.limit_in_bytes")
	f.GroupTasks = r.group("pids.max", "pids", "pids.max")
	const clocks = "sys/devices/system/clocksource/clocksource0/"
	f.Clock = strings.TrimSpace(r.file(clocks + "current_clocksource"))
	f.Clocks = strings.Fields(r.file(clocks + "available_clocksource"))
	f.CPUs = r.online()
	return f, errors.Join(r.faults...)
}

// reader reads files and keeps what is wrong with them.
type reader struct {
	root   fs.FS
	faults []error
}

// file returns the content of a file, or nothing where it cannot be had.
func (r *reader) file(name string) string {
	content, err := fs.ReadFile(r.root, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
		r.faults = append(r.faults, err)
	}
	return string(content)
}

// figure reads what a file says of a number.
func (r *reader) figure(file, word string) Figure {
	if word == "max" || word == "unlimited" {
		return Of(Unlimited)
	}
	n, err := strconv.ParseUint(word, 10, 64)
	if err != nil {
		r.faults = append(r.faults, fmt.Errorf("/%s: %q is no whole number", file, word))
		return Figure{}
	}
	return Of(n)
}

// sysctl reads the first numbers of a file below proc/sys.
func (r *reader) sysctl(name string, to ...*Figure) {
	file := "proc/sys/" + name
	words := strings.Fields(r.file(file))
	if len(words) == 0 {
		return
	}
	if len(words) < len(to) {
		r.faults = append(r.faults, fmt.Errorf("/%s: %d numbers, want %d", file, len(words), len(to)))
		return
	}
	for i, figure := range to {
		*figure = r.figure(file, words[i])
	}
}

// fileLimits reads RLIMIT_NOFILE of the calling process.
func (r *reader) fileLimits() (soft, hard Figure) {
	const file = "proc/self/limits"
	for line := range strings.Lines(r.file(file)) {
		if rest, found := strings.CutPrefix(line, "Max open files"); found {
			if words := strings.Fields(rest); len(words) >= 2 {
				return r.figure(file, words[0]), r.figure(file, words[1])
			}
		}
	}
	return soft, hard
}

// memory reads the machine's memory, which /proc/meminfo has in KiB.
func (r *reader) memory() (total, available Figure) {
	const file = "proc/meminfo"
	for line := range strings.Lines(r.file(file)) {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		switch words[0] {
		case "MemTotal:":
			total = r.figure(file, words[1])
			total.Value *= 1024
		case "MemAvailable:":
			available = r.figure(file, words[1])
			available.Value *= 1024
		}
	}
	return total, available
}

// group reads a limit of the process's cgroups and those above, of which the least
// holds. Version 2 has one hierarchy, and version 1 one for each controller, in which
// the limit may have another name. The topmost group has no such files, unless it is a
// container's.
func (r *reader) group(limit, controller, limitV1 string) Figure {
	var least Figure
	for line := range strings.Lines(r.file("proc/self/cgroup")) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, group, _ := strings.Cut(rest, ":")
		switch {
		case controllers == "":
			least = lesser(least, r.least("sys/fs/cgroup", group, limit))
		case slices.Contains(strings.Split(controllers, ","), controller):
			least = lesser(least, r.least(path.Join("sys/fs/cgroup", controllers), group, limitV1))
		}
	}
	return least
}

// least returns the least limit of a group and those above in the hierarchy at root.
func (r *reader) least(root, group, limit string) Figure {
	var least Figure
	for at := path.Clean("/" + group); ; at = path.Dir(at) {
		file := path.Join(root, at, limit)
		if word := strings.TrimSpace(r.file(file)); word != "" {
			least = lesser(least, r.figure(file, word))
		}
		if at == "/" {
			break
		}
	}
	if least.Known && least.Value >= unlimitedV1 {
		return Of(Unlimited)
	}
	return least
}

// unlimitedV1 is what version 1 writes for no limit of memory, or more: the largest
// number of whole pages, which may have 64 KiB, in 63 bits.
const unlimitedV1 = 1<<63 - 1<<16

// online counts the processors of a list like "0-3,8".
func (r *reader) online() Figure {
	const file = "sys/devices/system/cpu/online"
	list := strings.TrimSpace(r.file(file))
	if list == "" {
		return Figure{}
	}
	var count uint64
	for span := range strings.SplitSeq(list, ",") {
		from, to, ranged := strings.Cut(span, "-")
		if !ranged {
			to = from
		}
		first, last := r.figure(file, from), r.figure(file, to)
		if !first.Known || !last.Known {
			return Figure{}
		}
		if last.Value < first.Value {
			r.faults = append(r.faults, fmt.Errorf("/%s: %q is no range", file, span))
			return Figure{}
		}
		count += last.Value - first.Value + 1
	}
	return Of(count)
}
