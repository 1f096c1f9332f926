package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

// OpenReserve opens a descriptor that only holds a place in the table, to be
// given up when there is no other left.
func OpenReserve() (int, error) {
	return unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
}
