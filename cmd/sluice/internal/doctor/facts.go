package doctor

import (
	"math"
	"strconv"
)

// Facts are what a machine allows, as its files tell. Sizes are in bytes.
type Facts struct {
	// FilesSoft and FilesHard are RLIMIT_NOFILE of the calling process. The Go
	// runtime has raised the soft limit to the hard one by then.
	FilesSoft, FilesHard Figure
	// FilesMax is fs.file-max, and FilesUsed how many are open on the machine.
	FilesMax, FilesUsed Figure
	// TableMax is fs.nr_open: the largest descriptor table.
	TableMax Figure
	// Watches is fs.epoll.max_user_watches.
	Watches Figure

	// AcceptQueue is net.core.somaxconn, HalfOpen tcp_max_syn_backlog and
	// SynCookies tcp_syncookies.
	AcceptQueue, HalfOpen, SynCookies Figure
	// PortFirst and PortLast are ip_local_port_range, both included.
	PortFirst, PortLast Figure
	// TCPMemory is tcp_mem in pages; ReceiveBuffer and SendBuffer are tcp_rmem
	// and tcp_wmem. Each has a least, a middle and a most.
	TCPMemory, ReceiveBuffer, SendBuffer [3]Figure
	// Tracked is nf_conntrack_max, and TrackedNow nf_conntrack_count; absent
	// where connection tracking is not loaded.
	Tracked, TrackedNow Figure

	// MemoryTotal and MemoryAvailable are of /proc/meminfo.
	MemoryTotal, MemoryAvailable Figure
	// GroupMemory is memory.max, or memory.limit_in_bytes of cgroup v1, and
	// GroupTasks pids.max: each the least of the process's cgroup and those above.
	GroupMemory, GroupTasks Figure

	// Clock is the clock source, and Clocks those that could be chosen.
	Clock  string
	Clocks []string
	// CPUs is how many are online.
	CPUs Figure
}

// Figure is a number that a machine states, or does not.
type Figure struct {
	Known bool
	Value uint64 // [Unlimited] for no limit
}

// Unlimited is the Value of a limit that is none.
const Unlimited = math.MaxUint64

// Of returns the known figure v.
func Of(v uint64) Figure { return Figure{Known: true, Value: v} }

func (f Figure) String() string {
	switch {
	case !f.Known:
		return "unknown"
	case f.Value == Unlimited:
		return "unlimited"
	}
	return strconv.FormatUint(f.Value, 10)
}

// lesser returns the smaller of the figures that are known.
func lesser(a, b Figure) Figure {
	if !a.Known || b.Known && b.Value < a.Value {
		return b
	}
	return a
}
