package doctor

import "fmt"

// headroom is the share of memory that idle connections may take without a
// warning: messages, garbage and the rest of the machine need some, too.
const headroom = 0.75

// memory compares with what the machine has: it cannot work beyond all of it.
func memory(f Facts, w Wishes) Finding {
	need := Expect(w).Total()
	finding := Finding{
		Name: "memory", Verdict: enough(f.MemoryTotal, need),
		Value: fmt.Sprintf("%s, %s available", size(f.MemoryTotal), size(f.MemoryAvailable)), Need: size(Of(need)),
		Text: "MemTotal and MemAvailable, against what the connections take while they are idle. No line adds any.",
	}
	if finding.Verdict == Fine && f.MemoryAvailable.Known {
		finding.Verdict = min(Warn, enough(f.MemoryAvailable, need))
	}
	return finding
}

// groupMemory compares with memory.max, which counts the kernel's part as well.
func groupMemory(f Facts, w Wishes) Finding {
	const name = "memory.max"
	if !f.GroupMemory.Known {
		return noGroup(name)
	}
	need := Expect(w).Total()
	finding := Finding{
		Name: name, Verdict: enough(f.GroupMemory, need), Value: size(f.GroupMemory), Need: size(Of(need)),
		Text: "memory of the cgroup in which this command runs, sockets of the kernel included; a service has its own.",
		Fix:  []string{"MemoryMax=infinity"},
	}
	if finding.Verdict != Fine {
		const mebibyte = 1 << 20
		finding.Fix = []string{fmt.Sprintf("MemoryMax=%dM", ceil(uint64(float64(need)/headroom), mebibyte))}
	}
	return finding
}

// enough judges memory by what idle connections take of it.
func enough(have Figure, need uint64) Verdict {
	if v := compare(have, need, Fail); v != Fine {
		return v
	}
	if float64(need) > headroom*float64(have.Value) {
		return Warn
	}
	return Fine
}

const (
	// spareThreads is for the Go runtime's own.
	spareThreads = 16
	// blockingPerCPU is how many workers there are by default, each of which may
	// hold a thread in a system call.
	blockingPerCPU = 8
)

func groupTasks(f Facts, w Wishes) Finding {
	const name = "pids.max"
	if !f.GroupTasks.Known {
		return noGroup(name)
	}
	cpus := max(1, f.CPUs.Value)
	least := uint64(w.Loops) + cpus + spareThreads
	need := least + blockingPerCPU*cpus
	finding := Finding{
		Name: name, Verdict: compare(f.GroupTasks, need, Warn), Value: f.GroupTasks.String(), Need: fmt.Sprint(need),
		Text: "threads of the cgroup in which this command runs: one for each loop, processor and handler that blocks.",
		Fix:  []string{"TasksMax=infinity"},
	}
	if f.GroupTasks.Value < least {
		finding.Verdict = Fail
	}
	if finding.Verdict != Fine {
		finding.Fix = []string{fmt.Sprintf("TasksMax=%d", need)}
	}
	return finding
}

func noGroup(name string) Finding {
	return Finding{Name: name, Value: "absent", Text: "a limit of a cgroup; the process is in no group that has one."}
}

// size writes bytes in the largest unit that leaves a number of 1 or more.
func size(f Figure) string {
	if !f.Known || f.Value == Unlimited {
		return f.String()
	}
	n := float64(f.Value)
	for _, unit := range []string{"B", "kB", "MB"} {
		if n < 1000 {
			return fmt.Sprintf("%.3g %s", n, unit)
		}
		n /= 1000
	}
	return fmt.Sprintf("%.1f GB", n)
}
