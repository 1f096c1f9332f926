package bench

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// machine is what this machine has for connections. 0 is unknown, and bounds
// nothing.
type machine struct {
	descriptors uint64 // of one table: RLIMIT_NOFILE
	ports       int    // of one source address towards one server address and port
	files       uint64 // open files of the whole system: fs.file-max
	watches     uint64 // descriptors that one user's epoll instances may watch
	available   uint64 // bytes of memory: MemAvailable
}

const (
	// spareDescriptors are kept free in each table for what is not a connection.
	spareDescriptors = 64
	// socketBytes is what the kernel keeps for one end of an idle connection:
	// 1,000,000 connections over loopback took 8.2 GB for both ends.
	socketBytes = 4_200
	// clientBytes is what the generator itself keeps for one, at the most.
	clientBytes = 100
)

// machine reads what the system says of itself. What it does not say is left at
// 0.
func (root procfs) machine(descriptors uint64) machine {
	m := machine{
		descriptors: descriptors,
		files:       root.number("sys/fs/file-max"),
		watches:     root.number("sys/fs/epoll/max_user_watches"),
	}
	if meminfo, err := root.meminfo(); err == nil {
		m.available = uint64(meminfo["MemAvailable"])
	}
	text, _ := os.ReadFile(filepath.Join(string(root), "sys/net/ipv4/ip_local_port_range"))
	if fields := bytes.Fields(text); len(fields) == 2 {
		low, err := strconv.Atoi(string(fields[0]))
		high, err2 := strconv.Atoi(string(fields[1]))
		if err == nil && err2 == nil {
			m.ports = max(0, high-low+1)
		}
	}
	return m
}

// number returns the number in a file; 0 if there is none.
func (root procfs) number(name string) uint64 {
	text, err := os.ReadFile(filepath.Join(string(root), name))
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseUint(string(bytes.TrimSpace(text)), 10, 64)
	return n
}

// meminfo returns the sizes in /proc/meminfo, in bytes.
func (root procfs) meminfo() (map[string]int64, error) {
	text, err := os.ReadFile(filepath.Join(string(root), "meminfo"))
	if err != nil {
		return nil, err
	}
	sizes := make(map[string]int64)
	for line := range bytes.Lines(text) {
		name, rest, _ := bytes.Cut(line, []byte(":"))
		value, inKiB := bytes.CutSuffix(bytes.TrimSpace(rest), []byte(" kB"))
		if n, err := strconv.ParseInt(string(value), 10, 64); err == nil && inKiB {
			sizes[string(name)] = n << 10
		}
	}
	return sizes, nil
}

// carries returns what keeps m from opening the connections of load, each with
// advice, joined; nil if nothing does. Where the server is on this machine too,
// it takes its share of what both have in common.
func (m machine) carries(load Load, from sources, target *Target) error {
	ends := uint64(1)
	if target.Address.Addr().IsLoopback() {
		ends = 2
	}
	connections := uint64(load.Connections)
	return errors.Join(
		m.descriptorsFor(load),
		m.portsFor(load, from),
		tooLow("fs.file-max", m.files, ends*connections, "open files of the whole system"),
		tooLow("fs.epoll.max_user_watches", m.watches, ends*connections, "watched descriptors of one user"),
		m.memoryFor(connections, ends),
	)
}

// descriptorsFor reports whether the loops' tables hold the connections.
func (m machine) descriptorsFor(load Load) error {
	tables := 1
	if load.PrivateFDTables {
		tables = load.Loops
	}
	perTable := (load.Connections+tables-1)/tables + spareDescriptors
	if m.descriptors == 0 || uint64(perTable) <= m.descriptors {
		return nil
	}
	enough := max(1, int(m.descriptors)-spareDescriptors)
	return faultf("Connections", "%d: need %d descriptors in a table and RLIMIT_NOFILE allows %d; "+
		"use %d loops with private descriptor tables, or raise the hard limit",
		load.Connections, perTable, m.descriptors, (load.Connections+enough-1)/enough)
}

// portsFor reports whether the source addresses have a port for each
// connection.
func (m machine) portsFor(load Load, from sources) error {
	addresses := max(1, len(from))
	perAddress := (load.Connections + addresses - 1) / addresses
	if m.ports == 0 || perAddress <= m.ports {
		return nil
	}
	return faultf("Connections", "%d: need %d ports of each source address and net.ipv4.ip_local_port_range has %d; "+
		"give %d source addresses, or widen it: sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"",
		load.Connections, perAddress, m.ports, (load.Connections+m.ports-1)/m.ports)
}

// memoryFor reports whether the sockets find room.
func (m machine) memoryFor(connections, ends uint64) error {
	need := connections * (ends*socketBytes + clientBytes)
	if m.available == 0 || need <= m.available {
		return nil
	}
	return faultf("Connections", "%d: their sockets take some %s of memory, and %s are available; open %d or fewer",
		connections, size(int64(need)), size(int64(m.available)), connections*m.available/need)
}

// tooLow is the fault of a kernel limit below need; nil if it is not.
func tooLow(name string, limit, need uint64, what string) error {
	if limit == 0 || need <= limit {
		return nil
	}
	return fmt.Errorf("%s: %d: is the limit on %s, and %d are needed; sysctl -w %s=%d", name, limit, what, need, name, need*11/10)
}
