package fake

import (
	"slices"
	"syscall"
	"time"

	"github.com/sluicegate/sluice/poller/internal/sys"
)

// engine is the kernel seen as a [sys.Engine].
type engine Kernel

var _ sys.Engine = (*engine)(nil)

// Add implements [sys.Engine].
func (e *engine) Add(fd int, token sys.Token) error {
	k := (*Kernel)(e)
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.record(OpAdd, fd, 0, k.register(fd, token))
}

func (k *Kernel) register(fd int, token sys.Token) error {
	d, err := k.lookup(OpAdd, fd)
	if err != nil {
		return err
	}
	if err := k.engineOpen(OpAdd); err != nil {
		return err
	}
	if d.registered {
		k.violation("add of descriptor %d, which is registered", fd)
		return syscall.EEXIST
	}
	if err := k.fault(OpAdd, fd); err != nil {
		return err
	}
	d.registered, d.token = true, token
	if d.file.state() != 0 {
		k.edge(d)
	}
	return nil
}

// Remove implements [sys.Engine].
func (e *engine) Remove(fd int) error {
	k := (*Kernel)(e)
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.record(OpRemove, fd, 0, k.unregister(fd))
}

func (k *Kernel) unregister(fd int) error {
	d, err := k.lookup(OpRemove, fd)
	if err != nil {
		return err
	}
	if err := k.engineOpen(OpRemove); err != nil {
		return err
	}
	if !d.registered {
		k.violation("remove of descriptor %d, which is not registered", fd)
		return syscall.ENOENT
	}
	if err := k.fault(OpRemove, fd); err != nil {
		return err
	}
	k.forget(d)
	return nil
}

// forget ends the registration of d, which is never reported again.
func (k *Kernel) forget(d *descriptor) {
	d.registered, d.queued = false, false
	k.ready = slices.DeleteFunc(k.ready, func(r report) bool { return r.descriptor == d })
}

// Wait implements [sys.Engine].
func (e *engine) Wait(events []sys.Event, timeout time.Duration) (int, error) {
	k := (*Kernel)(e)
	k.mu.Lock()
	defer k.mu.Unlock()
	n, err := k.wait(events, timeout)
	return n, k.record(OpWait, -1, n, err)
}

func (k *Kernel) wait(events []sys.Event, timeout time.Duration) (int, error) {
	if err := k.engineOpen(OpWait); err != nil {
		return 0, err
	}
	if len(events) == 0 {
		return 0, syscall.EINVAL
	}
	switch errno := k.faults.next(OpWait); errno {
	case 0:
	case syscall.EINTR:
		k.faults.retried[OpWait]++
		return 0, nil
	default:
		return 0, errno
	}
	for {
		n := k.deliver(events)
		if n > 0 || k.woken || timeout == 0 {
			k.woken = false
			return n, nil
		}
		timeout = k.pace.idle(k, timeout)
	}
}

// deliver moves what is ready into events and returns how many it filled.
func (k *Kernel) deliver(events []sys.Event) int {
	n, taken := 0, 0
	for taken < len(k.ready) && n < len(events) {
		r := k.ready[taken]
		taken++
		event := r.event()
		if r.descriptor != nil {
			r.descriptor.queued = false
		}
		if event.Ready != 0 {
			events[n] = event
			n++
		}
	}
	k.ready = slices.Delete(k.ready, 0, taken)
	return n
}

// Wake implements [sys.Engine].
func (e *engine) Wake() error {
	k := (*Kernel)(e)
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.record(OpWake, -1, 0, k.wake())
}

func (k *Kernel) wake() error {
	if err := k.engineOpen(OpWake); err != nil {
		return err
	}
	if err := k.fault(OpWake, -1); err != nil {
		return err
	}
	k.woken = true
	k.pace.notify()
	return nil
}

// Close implements [sys.Engine].
func (e *engine) Close() error {
	k := (*Kernel)(e)
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.engineOpen(OpCloseEngine); err != nil {
		return k.record(OpCloseEngine, -1, 0, err)
	}
	k.closed = true
	for _, d := range k.table {
		if d != nil {
			k.forget(d)
		}
	}
	k.ready = nil
	return k.record(OpCloseEngine, -1, 0, nil)
}

// engineOpen returns EBADF, and records a violation, once the engine is closed.
func (k *Kernel) engineOpen(op Op) error {
	if !k.closed {
		return nil
	}
	k.violation("%v on the closed engine", op)
	return syscall.EBADF
}
