package bench

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// wakeUp is what is written to a loop's eventfd: 1, which the kernel adds to a
// counter that nobody reads. A large number would fill it after some hundred
// wakes, and from then on wake nobody.
var wakeUp = binary.NativeEndian.AppendUint64(nil, 1)

// wake ends the sleep of the loop with this eventfd, the present one or the next.
// It may be called from any goroutine.
func wake(fd int) { _, _ = unix.Write(fd, wakeUp) }
