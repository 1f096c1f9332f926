package bench

import (
	"runtime"
	"runtime/debug"
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
	// GOMAXPROCS is the generator's.
	GOMAXPROCS int `json:"gomaxprocs"`
	// DescriptorLimit is the generator's RLIMIT_NOFILE, raised to its hard
	// limit.
	DescriptorLimit uint64 `json:"descriptorLimit"`
}

func newEnvironment(descriptorLimit uint64) Environment {
	e := Environment{
		Go:              runtime.Version(),
		Kernel:          kernelRelease(),
		CPUs:            runtime.NumCPU(),
		GOMAXPROCS:      runtime.GOMAXPROCS(0),
		DescriptorLimit: descriptorLimit,
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
