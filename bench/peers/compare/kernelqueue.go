package main

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// kernelQueues are the bytes that sockets of a server have written and their
// peers have not acknowledged, the most first.
type kernelQueues []int

// most is the largest of them.
func (q kernelQueues) most() int {
	if len(q) == 0 {
		return 0
	}
	return q[0]
}

// readKernelQueues looks at all connections that a server has accepted at an
// IPv4 address; what it cannot read it does not see.
func readKernelQueues(address string) kernelQueues {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil
	}
	f, err := os.Open("/proc/net/tcp")
	if err != nil {
		return nil
	}
	defer f.Close()
	return parseKernelQueues(f, at.Port())
}

// Columns of /proc/net/tcp (proc_net_tcp in the kernel's documentation).
const (
	columnLocal  = 1
	columnState  = 3
	columnQueues = 4
)

// established is TCP_ESTABLISHED as it stands there.
const established = "01"

func parseKernelQueues(text io.Reader, port uint16) (all kernelQueues) {
	local := fmt.Sprintf(":%04X", port)
	for lines := bufio.NewScanner(text); lines.Scan(); {
		columns := strings.Fields(lines.Text())
		if len(columns) <= columnQueues || columns[columnState] != established || !strings.HasSuffix(columns[columnLocal], local) {
			continue
		}
		sending, _, _ := strings.Cut(columns[columnQueues], ":")
		if n, err := strconv.ParseInt(sending, 16, 64); err == nil {
			all = append(all, int(n))
		}
	}
	slices.Sort(all)
	slices.Reverse(all)
	return all
}
