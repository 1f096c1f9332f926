package sys

import (
	"net"
	"os"
)

// NetConn makes a net.Conn of the socket fd, which it takes: fd is closed
// whatever it returns.
func NetConn(fd int) (net.Conn, error) {
	file := os.NewFile(uintptr(fd), "handed-off socket")
	defer file.Close()
	return net.FileConn(file)
}
