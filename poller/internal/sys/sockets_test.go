package sys_test

import (
	"bytes"
	"net/netip"
	"runtime"
	"syscall"
	"testing"

	"github.com/sluicegate/sluice/poller/internal/sys"
)

// TestSockets runs what a loop relies on against TCP and against the fake.
func TestSockets(t *testing.T) {
	for _, k := range []kernel{
		{"tcp", func(t *testing.T) *rig { return newTCPRig(t, nil) }},
		{"fake", newFakeRig},
	} {
		t.Run(k.name, func(t *testing.T) {
			for _, b := range socketBehaviours {
				t.Run(b.name, func(t *testing.T) {
					if b.linux && k.name == "tcp" && runtime.GOOS != "linux" {
						t.Skip("only Linux does so, and the fake with it")
					}
					r := k.open(t)
					fd, other := r.connect()
					defer other.Close()
					b.run(t, r, fd, other)
				})
			}
		})
	}
}

// Each behaviour begins with a new connection and closes its descriptor.
var socketBehaviours = []struct {
	name  string
	linux bool // other kernels differ
	run   func(t *testing.T, r *rig, fd int, other far)
}{
	{"read without input would block", false, func(t *testing.T, r *rig, fd int, _ far) {
		expectRead(t, r, fd, "", sys.EAGAIN)
		r.close(fd)
	}},
	{"read takes what came", false, func(t *testing.T, r *rig, fd int, other far) {
		other.Write([]byte("hello"))
		r.expectEventually(fd, "hello", nil)
		expectRead(t, r, fd, "", sys.EAGAIN)
		r.close(fd)
	}},
	{"read after the last byte is the end, again and again", false, func(t *testing.T, r *rig, fd int, other far) {
		other.Write([]byte("bye"))
		other.CloseWrite()
		r.expectEventually(fd, "bye", nil)
		r.expectEventually(fd, "", nil)
		expectRead(t, r, fd, "", nil)
		r.close(fd)
	}},
	{"reset is an error once, then the end", true, func(t *testing.T, r *rig, fd int, other far) {
		other.Reset()
		r.expectEventually(fd, "", syscall.ECONNRESET)
		expectRead(t, r, fd, "", nil)
		expectWrite(t, r, fd, "x", 0, syscall.EPIPE)
		r.close(fd)
	}},
	{"input before a reset can be read", true, func(t *testing.T, r *rig, fd int, other far) {
		other.Write([]byte("last"))
		other.Reset()
		r.eventually("failing write", func() bool { _, err := r.sockets.Write(fd, []byte("x")); return err != nil })
		expectRead(t, r, fd, "last", nil)
		expectRead(t, r, fd, "", nil)
		r.close(fd)
	}},
	{"write reaches the peer", false, func(t *testing.T, r *rig, fd int, other far) {
		expectWrite(t, r, fd, "hello", 5, nil)
		expectBytes(t, other.Take(5), "hello")
		r.close(fd)
	}},
	{"an empty write is nothing", false, func(t *testing.T, r *rig, fd int, other far) {
		expectWrite(t, r, fd, "", 0, nil)
		r.close(fd)
	}},
	{"writev keeps the order", false, func(t *testing.T, r *rig, fd int, other far) {
		n, err := r.sockets.Writev(fd, [][]byte{[]byte("one "), nil, []byte("two "), []byte("three")})
		if n != 13 || err != nil {
			t.Errorf("Writev = %d, %v, want 13", n, err)
		}
		expectBytes(t, other.Take(13), "one two three")
		r.close(fd)
	}},
	{"writev takes 64 slices", true, func(t *testing.T, r *rig, fd int, other far) {
		slices := make([][]byte, 100)
		for i := range slices {
			slices[i] = []byte{byte(i)}
		}
		if n, err := r.sockets.Writev(fd, slices); n != 64 || err != nil {
			t.Errorf("Writev = %d, %v, want 64", n, err)
		}
		expectBytes(t, other.Take(64), string(bytes.Join(slices[:64], nil)))
		r.close(fd)
	}},
	{"a full buffer would block", false, func(t *testing.T, r *rig, fd int, other far) {
		if total := r.fill(fd); total == 0 {
			t.Error("no byte was taken before EAGAIN")
		}
		if err := r.sockets.Reset(fd); err != nil {
			t.Errorf("Reset: %v", err)
		}
	}},
	{"CloseWrite ends one direction", false, func(t *testing.T, r *rig, fd int, other far) {
		expectWrite(t, r, fd, "bye", 3, nil)
		if err := r.sockets.CloseWrite(fd); err != nil {
			t.Errorf("CloseWrite: %v", err)
		}
		expectEnd(t, other, "bye", nil)
		expectWrite(t, r, fd, "x", 0, syscall.EPIPE)
		other.Write([]byte("still here"))
		r.expectEventually(fd, "still here", nil)
		r.close(fd)
	}},
	{"CloseWrite after a reset", true, func(t *testing.T, r *rig, fd int, other far) {
		other.Reset()
		r.expectEventually(fd, "", syscall.ECONNRESET)
		if err := r.sockets.CloseWrite(fd); err != syscall.ENOTCONN {
			t.Errorf("CloseWrite: %v, want ENOTCONN", err)
		}
		r.close(fd)
	}},
	{"Close sends what is queued", false, func(t *testing.T, r *rig, fd int, other far) {
		expectWrite(t, r, fd, "bye", 3, nil)
		r.close(fd)
		expectEnd(t, other, "bye", nil)
	}},
	{"Close with unread input resets", true, func(t *testing.T, r *rig, fd int, other far) {
		other.Write([]byte("unread"))
		r.eventually("input", func() bool { n, _ := r.sockets.Read(fd, make([]byte, 1)); return n == 1 })
		r.close(fd)
		expectEnd(t, other, "", syscall.ECONNRESET)
	}},
	{"Reset resets", false, func(t *testing.T, r *rig, fd int, other far) {
		if err := r.sockets.Reset(fd); err != nil {
			t.Errorf("Reset: %v", err)
		}
		expectEnd(t, other, "", syscall.ECONNRESET)
	}},
	{"a write to a closed peer is lost, the next one fails", true, func(t *testing.T, r *rig, fd int, other far) {
		other.Close()
		r.expectEventually(fd, "", nil)
		expectWrite(t, r, fd, "lost", 4, nil)
		r.eventually("failing write", func() bool { _, err := r.sockets.Write(fd, []byte("x")); return err == syscall.EPIPE })
		r.close(fd)
	}},
	{"a peer that leaves bytes unread resets", true, func(t *testing.T, r *rig, fd int, other far) {
		expectWrite(t, r, fd, "unread", 6, nil)
		other.Close()
		r.expectEventually(fd, "", syscall.ECONNRESET)
		r.close(fd)
	}},
	{"a number is used again, the lowest first", true, func(t *testing.T, r *rig, fd int, other far) {
		listener := r.listen()
		second, secondFar := r.connectTo(listener)
		defer secondFar.Close()
		r.close(fd)
		r.close(second)
		low, lowFar := r.connectTo(listener)
		defer lowFar.Close()
		if low > second {
			t.Errorf("the new descriptor is %d, although %d is free", low, min(fd, second))
		}
		r.close(low)
		r.close(listener)
	}},
	{"accept on an empty backlog would block", false, func(t *testing.T, r *rig, fd int, _ far) {
		r.close(fd)
		listener := r.listen()
		if fd, _, err := r.sockets.Accept(listener); fd != -1 || err != sys.EAGAIN {
			t.Errorf("Accept = %d, %v, want -1, EAGAIN", fd, err)
		}
		r.close(listener)
	}},
	{"accept tells the peer's address", false, func(t *testing.T, r *rig, fd int, _ far) {
		r.close(fd)
		listener := r.listen()
		other := r.dial(listener)
		defer other.Close()
		var peer netip.AddrPort
		r.eventually("connection", func() bool {
			var err error
			fd, peer, err = r.sockets.Accept(listener)
			return err == nil
		})
		if !peer.Addr().Is4() || peer.Port() == 0 {
			t.Errorf("peer is %v, want an IPv4 address and a port", peer)
		}
		r.close(fd)
		r.close(listener)
	}},
	{"a connection reset in the backlog is accepted", true, func(t *testing.T, r *rig, fd int, _ far) {
		r.close(fd)
		listener := r.listen()
		other := r.dial(listener)
		other.Reset()
		r.eventually("connection", func() bool {
			var err error
			fd, _, err = r.sockets.Accept(listener)
			return err == nil
		})
		r.expectEventually(fd, "", syscall.ECONNRESET)
		r.close(fd)
		r.close(listener)
	}},
	{"a closed descriptor is refused", false, func(t *testing.T, r *rig, fd int, _ far) {
		r.close(fd)
		_, readErr := r.sockets.Read(1<<20, make([]byte, 1))
		_, writeErr := r.sockets.Write(1<<20, []byte("x"))
		_, writevErr := r.sockets.Writev(1<<20, [][]byte{[]byte("x")})
		_, _, acceptErr := r.sockets.Accept(1 << 20)
		for name, err := range map[string]error{
			"Read": readErr, "Write": writeErr, "Writev": writevErr, "Accept": acceptErr,
			"CloseWrite": r.sockets.CloseWrite(1 << 20), "Close": r.sockets.Close(1 << 20), "Reset": r.sockets.Reset(1 << 20),
		} {
			if err != syscall.EBADF {
				t.Errorf("%s: %v, want EBADF", name, err)
			}
		}
		r.pardon()
	}},
}

func expectRead(t *testing.T, r *rig, fd int, want string, wantErr error) {
	t.Helper()
	p := make([]byte, 64)
	n, err := r.sockets.Read(fd, p)
	if string(p[:n]) != want || err != wantErr {
		t.Errorf("Read = %q, %v, want %q, %v", p[:n], err, want, wantErr)
	}
}

// expectEventually is expectRead of what is still on its way.
func (r *rig) expectEventually(fd int, want string, wantErr error) {
	r.t.Helper()
	p := make([]byte, 64)
	var n int
	var err error
	r.eventually("input", func() bool { n, err = r.sockets.Read(fd, p); return err != sys.EAGAIN })
	if string(p[:n]) != want || err != wantErr {
		r.t.Errorf("Read = %q, %v, want %q, %v", p[:n], err, want, wantErr)
	}
}

func expectWrite(t *testing.T, r *rig, fd int, text string, want int, wantErr error) {
	t.Helper()
	if n, err := r.sockets.Write(fd, []byte(text)); n != want || err != wantErr {
		t.Errorf("Write = %d, %v, want %d, %v", n, err, want, wantErr)
	}
}

func expectBytes(t *testing.T, got []byte, want string) {
	t.Helper()
	if string(got) != want {
		t.Errorf("the peer read %q, want %q", got, want)
	}
}

func expectEnd(t *testing.T, other far, want string, wantErr error) {
	t.Helper()
	if rest, err := other.End(); string(rest) != want || err != wantErr {
		t.Errorf("the peer read %q to its end, %v, want %q, %v", rest, err, want, wantErr)
	}
}
