package sys

import (
	"errors"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// SocketPair moves descriptors from one descriptor table to another. Its
// sender works in the table of a loop, its receiver in that of the process.
type SocketPair struct {
	// Sender is the loop's end.
	Sender   int
	receiver *net.UnixConn
}

// NewSocketPair opens both ends in the table of the calling thread.
func NewSocketPair() (SocketPair, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return SocketPair{}, os.NewSyscallError("socketpair", err)
	}
	conn, err := NetConn(fds[1])
	if err != nil {
		unix.Close(fds[0])
		return SocketPair{}, err
	}
	return SocketPair{Sender: fds[0], receiver: conn.(*net.UnixConn)}, nil
}

// Send moves fd to the other table and closes it in this one. It does not
// block; on an error fd is as it was.
func (p SocketPair) Send(fd int) error {
	if err := unix.Sendmsg(p.Sender, []byte{0}, unix.UnixRights(fd), nil, unix.MSG_NOSIGNAL); err != nil {
		return os.NewSyscallError("sendmsg", err)
	}
	unix.Close(fd) // gone from this table whatever it says, see close(2), and on its way
	return nil
}

// Receive waits for the next descriptor and returns it, close-on-exec.
func (p SocketPair) Receive() (int, error) {
	var payload [1]byte
	control := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := p.receiver.ReadMsgUnix(payload[:], control)
	if err != nil {
		return -1, err
	}
	messages, err := unix.ParseSocketControlMessage(control[:n])
	if err != nil {
		return -1, err
	}
	for i := range messages {
		if fds, err := unix.ParseUnixRights(&messages[i]); err == nil && len(fds) == 1 {
			return fds[0], nil
		}
	}
	return -1, errors.New("no descriptor arrived: the process may be out of them")
}

// CloseSender closes the loop's end in the calling thread's table.
func (p SocketPair) CloseSender() error { return unix.Close(p.Sender) }

// CloseReceiver closes the process's end.
func (p SocketPair) CloseReceiver() error { return p.receiver.Close() }
