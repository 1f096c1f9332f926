package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// KernelSample is what the kernel itself uses of this machine's memory at one
// moment.
type KernelSample struct {
	// At says when, for example "all open".
	At string `json:"at"`
	// Slab is the memory of the kernel's objects in bytes: sockets, their files
	// and their places in epoll instances are the most of it here.
	Slab int64 `json:"slabBytes"`
	// Sockets is how many TCP sockets are in use, and Buffers the bytes that wait
	// in them.
	Sockets int64 `json:"tcpSockets"`
	Buffers int64 `json:"tcpBufferBytes"`
}

// kernel samples the kernel's memory now.
func (root procfs) kernel(at string) (*KernelSample, error) {
	sizes, err := root.meminfo()
	if err != nil {
		return nil, fmt.Errorf("kernel memory: %w", err)
	}
	s := &KernelSample{At: at, Slab: sizes["Slab"]}
	text, err := os.ReadFile(filepath.Join(string(root), "net/sockstat"))
	if err != nil {
		return nil, fmt.Errorf("kernel memory: %w", err)
	}
	for line := range bytes.Lines(text) {
		name, rest, _ := bytes.Cut(line, []byte(": "))
		if fields := bytes.Fields(rest); string(name) == "TCP" {
			s.Sockets = after(fields, "inuse")
			s.Buffers = after(fields, "mem") * int64(os.Getpagesize())
		}
	}
	return s, nil
}

// after returns the number behind a name; 0 if there is none.
func after(fields [][]byte, name string) int64 {
	for i := range len(fields) - 1 {
		if string(fields[i]) == name {
			n, _ := strconv.ParseInt(string(fields[i+1]), 10, 64)
			return n
		}
	}
	return 0
}
