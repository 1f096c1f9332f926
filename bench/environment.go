package bench

import (
	"bytes"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
)

// Environment says what a report was made with and on.
type Environment struct {
	// Version is the module's version and Commit its revision, with "+dirty"
	// where the tree had changes. Both are empty in a build without them.
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
	// Kernel is the kernel's release, for example "6.18.44".
	Kernel string `json:"kernel"`
	CPUs   int    `json:"cpus"`
	// CPUModel is the processor's name; empty where the kernel does not tell.
	CPUModel string `json:"cpuModel"`
	// GOMAXPROCS is the generator's.
	GOMAXPROCS int `json:"gomaxprocs"`
	// DescriptorLimit is the generator's RLIMIT_NOFILE, raised to its hard
	// limit.
	DescriptorLimit uint64 `json:"descriptorLimit"`
	// PortRange is net.ipv4.ip_local_port_range, for example "32768 60999": the
	// ports from which one address connects. Backlog is net.core.somaxconn, the
	// most connections that may wait for a server to accept them.
	PortRange string `json:"portRange"`
	Backlog   string `json:"backlog"`
}

func newEnvironment(descriptorLimit uint64) Environment {
	e := Environment{
		Go:              runtime.Version(),
		Kernel:          kernelRelease(),
		CPUs:            runtime.NumCPU(),
		CPUModel:        hostProcfs.cpuModel(),
		GOMAXPROCS:      runtime.GOMAXPROCS(0),
		DescriptorLimit: descriptorLimit,
		PortRange:       hostProcfs.setting("net/ipv4/ip_local_port_range"),
		Backlog:         hostProcfs.setting("net/core/somaxconn"),
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return e
	}
	e.Version = info.Main.Version
	dirty := ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			e.Commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+dirty"
		}
	}
	e.Commit += dirty
	return e
}

// setting returns the kernel's setting of that name, or "".
func (root procfs) setting(name string) string {
	text, err := os.ReadFile(string(root) + "/sys/" + name)
	if err != nil {
		return ""
	}
	return strings.Join(strings.Fields(string(text)), " ")
}

// cpuModel returns the name of the first processor that has one, or "".
func (root procfs) cpuModel() string {
	text, err := os.ReadFile(string(root) + "/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range bytes.Lines(text) {
		name, value, found := strings.Cut(string(line), ":")
		if found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
