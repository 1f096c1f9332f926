package doctor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// checks are the findings of a report, in its order.
var checks = []func(Facts, Wishes) Finding{
	fileLimit, largestTable, filesOfMachine, epollWatches,
	acceptQueue, halfOpen, localPorts, tcpMemory, receiveBuffer, sendBuffer, tracking,
	memory, groupMemory, groupTasks,
	processors, clockSource,
}

// compare judges a limit by what is needed of it. What is not known might be
// too little.
func compare(have Figure, need uint64, below Verdict) Verdict {
	switch {
	case !have.Known:
		return Warn
	case have.Value < need:
		return below
	}
	return Fine
}

// sysctl returns the finding on a number that is to be need or more. Its fix
// never lowers the number.
func sysctl(name string, have Figure, need uint64, below Verdict, text string) Finding {
	return Finding{
		Name: name, Verdict: compare(have, need, below),
		Value: have.String(), Need: fmt.Sprint(need), Text: text,
		Fix: []string{set(name, max(have.Value, need))},
	}.unless(!have.Known)
}

// unless takes the fix from a finding on a number that is hidden, as net.ipv4.tcp_mem
// is from every network namespace but the first: it could lower the number.
func (f Finding) unless(hidden bool) Finding {
	if hidden {
		f.Value, f.Fix = "unknown", nil
		f.Text += " It cannot be read here, as in a container: ask on the machine itself."
	}
	return f
}

// set returns the command that sets a sysctl.
func set(name string, values ...uint64) string {
	numbers := strings.Trim(fmt.Sprint(values), "[]")
	if len(values) > 1 {
		numbers = strconv.Quote(numbers)
	}
	return "sysctl -w " + name + "=" + numbers
}

// listenMost is the queue that the gateway asks for; the kernel caps it.
const listenMost = 65_535

// arriving is how many connections may wait on one listener: a tenth of all,
// which come at once after a failure, spread over the listeners of the loops.
func arriving(w Wishes) uint64 {
	return min(listenMost, ceil(uint64(w.Connections), 10*uint64(w.Loops)))
}

func acceptQueue(f Facts, w Wishes) Finding {
	finding := sysctl("net.core.somaxconn", f.AcceptQueue, arriving(w), Warn,
		"connections that wait to be accepted, for each loop; what a tenth of the clients at once would need. Beyond it they try again after a second or more. Listeners keep what they began with: restart the gateway.")
	if finding.Verdict != Fine && f.AcceptQueue.Known {
		finding.Fix = []string{set(finding.Name, listenMost)}
	}
	return finding
}

func halfOpen(f Facts, w Wishes) Finding {
	const name = "net.ipv4.tcp_max_syn_backlog"
	if f.SynCookies.Known && f.SynCookies.Value != 0 {
		return Finding{
			Name: name, Value: f.HalfOpen.String(), Fix: []string{set(name, max(f.HalfOpen.Value, arriving(w)))},
			Text: "connections whose handshake is not complete; of no concern while net.ipv4.tcp_syncookies is not 0, for then net.core.somaxconn holds instead.",
		}.unless(!f.HalfOpen.Known)
	}
	// The kernel keeps a quarter of it for peers that it knows.
	return sysctl(name, f.HalfOpen, ceil(4*arriving(w), 3), Warn,
		"connections whose handshake is not complete, for each loop. Beyond three quarters of it clients try again after a second or more; net.ipv4.tcp_syncookies=1 lifts that.")
}

func localPorts(f Facts, w Wishes) Finding {
	const name = "net.ipv4.ip_local_port_range"
	finding := Finding{
		Name: name, Value: "unknown", Fix: []string{set(name, 1024, 65535)},
		Text: "of concern to load generators and proxies only: the ports of one source address to one destination.",
	}
	if !f.PortFirst.Known || !f.PortLast.Known || f.PortLast.Value < f.PortFirst.Value {
		return finding
	}
	ports := f.PortLast.Value - f.PortFirst.Value + 1
	finding.Value = fmt.Sprintf("%s to %s", f.PortFirst, f.PortLast)
	finding.Text += fmt.Sprintf(" These are %d; a generator of all connections needs %s.",
		ports, counted(max(1, ceil(uint64(w.Connections), ports)), "source address", "source addresses"))
	return finding
}

func tcpMemory(f Facts, w Wishes) Finding {
	const name = "net.ipv4.tcp_mem"
	n := uint64(w.Connections)
	least, pressure, most := max(f.TCPMemory[0].Value, n/4*3), max(f.TCPMemory[1].Value, n), max(f.TCPMemory[2].Value, n/2*3)
	return Finding{
		Name: name, Verdict: compare(f.TCPMemory[1], n, Warn),
		Value: triple(f.TCPMemory), Need: fmt.Sprintf("%d in the middle", n),
		Text: "pages of memory that bytes under way may take on all connections together; needed is one for each connection at a time. Beyond the middle number the kernel shrinks windows, beyond the last it drops. Idle connections take none.",
		Fix:  []string{set(name, least, pressure, most)},
	}.unless(unknown(f.TCPMemory))
}

func receiveBuffer(f Facts, _ Wishes) Finding {
	return buffer("net.ipv4.tcp_rmem", "limits.kernelReceive", f.ReceiveBuffer)
}

func sendBuffer(f Facts, _ Wishes) Finding {
	return buffer("net.ipv4.tcp_wmem", "limits.kernelSend", f.SendBuffer)
}

func buffer(name, setting string, have [3]Figure) Finding {
	return Finding{
		Name: name, Value: triple(have),
		Text: fmt.Sprintf("least, first and largest buffer of a connection in bytes. Of no concern unless %s is 0: the gateway asks for its own size.", setting),
		Fix:  []string{set(name, have[0].Value, have[1].Value, have[2].Value)},
	}.unless(unknown(have))
}

// unknown reports whether one of the three numbers is.
func unknown(f [3]Figure) bool { return !f[0].Known || !f[1].Known || !f[2].Known }

func tracking(f Facts, w Wishes) Finding {
	const name = "net.netfilter.nf_conntrack_max"
	if !f.Tracked.Known {
		return Finding{Name: name, Value: "absent", Text: "connections that a firewall may track; none does here."}
	}
	below := Warn
	if f.TrackedNow.Value > 0 {
		below = Fail
	}
	n := uint64(w.Connections)
	return sysctl(name, f.Tracked, n+n/4, below,
		fmt.Sprintf("connections that a firewall may track, closed ones that linger included; it tracks %s now. Beyond it new ones are dropped. A notrack rule for the port does without.", f.TrackedNow))
}

// slowClocks are those that take a system call, or more, to read.
var slowClocks = []string{"hpet", "acpi_pm", "jiffies", "refined-jiffies", "pit"}

func clockSource(f Facts, _ Wishes) Finding {
	const file = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
	finding := Finding{
		Name: "clock source", Value: f.Clock,
		Text: "where the time comes from. Every loop reads it in every turn, and hpet and acpi_pm take a system call for that.",
	}
	if f.Clock == "" {
		finding.Verdict, finding.Value = Warn, "unknown"
	}
	slow := func(clock string) bool { return slices.Contains(slowClocks, clock) }
	if slow(f.Clock) {
		finding.Verdict = Warn
	}
	if best := slices.IndexFunc(f.Clocks, func(c string) bool { return !slow(c) }); best >= 0 {
		finding.Fix = []string{"echo " + f.Clocks[best] + " > " + file}
	}
	return finding
}

func processors(f Facts, w Wishes) Finding {
	return Finding{
		Name: "CPUs", Value: f.CPUs.String(), Verdict: compare(f.CPUs, ceil(2*uint64(w.Connections), idlePerCore), Warn),
		Text: fmt.Sprintf("processors that are online. Pings to idle connections take %.0f %% of one; messages come on top.", 100*float64(w.Connections)/idlePerCore),
	}
}

func triple(f [3]Figure) string { return fmt.Sprintf("%s %s %s", f[0], f[1], f[2]) }

func counted(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// ceil returns a/b, rounded up.
func ceil(a, b uint64) uint64 { return (a + b - 1) / b }
