package gateway_test

import (
	"errors"
	"net"
	"os"
	"runtime"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// wire is a network of two hosts and the wire between them. The hosts are network
// namespaces without a name, so that nothing outlives the process.
type wire struct {
	t                *testing.T
	gateway, clients host
}

// host is an end of a wire.
type host struct {
	namespace netns.NsHandle
	netlink   *netlink.Handle
	link      netlink.Link
	address   net.IPNet
}

// newWire returns a wire that carries everything. It skips the test where the
// process may not make networks.
func newWire(t *testing.T) *wire {
	t.Helper()
	w := &wire{t: t, gateway: newHost(t, 1), clients: newHost(t, 2)}
	pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "wire0"}, PeerName: "wire1", PeerNamespace: netlink.NsFd(w.clients.namespace)}
	must(t, w.gateway.netlink.LinkAdd(pair))
	w.gateway.plugIn(t, "wire0")
	w.clients.plugIn(t, "wire1")
	return w
}

func newHost(t *testing.T, number byte) host {
	t.Helper()
	h := host{address: net.IPNet{IP: net.IPv4(198, 18, 0, number), Mask: net.CIDRMask(30, 32)}} // RFC 2544
	var err error
	onThread(func() { h.namespace, err = netns.New() })
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EINVAL) {
		t.Skipf("network namespaces: %v; root has them", err)
	}
	must(t, err)
	t.Cleanup(func() { h.namespace.Close() })
	h.netlink, err = netlink.NewHandleAt(h.namespace, unix.NETLINK_ROUTE)
	must(t, err)
	t.Cleanup(h.netlink.Close)
	return h
}

// onThread runs f on a thread of its own, which ends with it: whatever namespace it
// has entered, no other goroutine finds itself there.
func onThread(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		f()
	}()
	<-done
}

// plugIn gives the end of that name its address.
func (h *host) plugIn(t *testing.T, name string) {
	t.Helper()
	var err error
	h.link, err = h.netlink.LinkByName(name)
	must(t, err)
	must(t, h.netlink.AddrAdd(h.link, &netlink.Addr{IPNet: &h.address}))
	must(t, h.netlink.LinkSetUp(h.link))
}

// within runs f on the host. What it opens stays there.
func (h *host) within(t *testing.T, f func() error) {
	t.Helper()
	var err error
	onThread(func() {
		if err = netns.Set(h.namespace); err == nil {
			err = f()
		}
	})
	must(t, err)
}

// listen returns a listening socket on the gateway's host.
func (w *wire) listen() (file *os.File) {
	w.t.Helper()
	w.gateway.within(w.t, func() error {
		l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: w.gateway.address.IP})
		if err != nil {
			return err
		}
		defer l.Close()
		file, err = l.File()
		return err
	})
	return file
}

// dial connects from the clients' host.
func (w *wire) dial(address string) (conn net.Conn) {
	w.t.Helper()
	w.clients.within(w.t, func() (err error) {
		dialer := net.Dialer{Timeout: gatewaytest.Patience}
		conn, err = dialer.DialContext(w.t.Context(), "tcp", address)
		return err
	})
	w.t.Cleanup(func() { conn.Close() })
	return conn
}

// cut has everything lost on the way, without a word to either host: each takes the
// other to have a hardware address that nobody has.
func (w *wire) cut() {
	w.t.Helper()
	for _, ends := range [][2]*host{{&w.gateway, &w.clients}, {&w.clients, &w.gateway}} {
		must(w.t, ends[0].netlink.NeighSet(&netlink.Neigh{
			LinkIndex:    ends[0].link.Attrs().Index,
			IP:           ends[1].address.IP,
			HardwareAddr: net.HardwareAddr{0x02, 0, 0, 0, 0, 0xff},
			State:        netlink.NUD_PERMANENT,
		}))
	}
}
