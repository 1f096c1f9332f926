package poller

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"

	"github.com/sluicegate/sluice/poller/internal/sys"
)

// listeners are the listening sockets of a server, in the table of the process.
// The loops accept from duplicates: these here are what another process is given,
// and a loop may have left the table.
type listeners struct {
	// Guarded by mu.
	mu   sync.Mutex
	open []int
}

// openListeners returns one for each loop, or those that were inherited, and the
// address of the first. Where the kernel chooses its port, the others share that.
func openListeners(config Config) (open []int, addr netip.AddrPort, err error) {
	defer func() {
		if err != nil {
			closeAll(open)
		}
	}()
	options := sys.Options{
		UserTimeout:   int(config.UserTimeout.Milliseconds()),
		SendBuffer:    config.SendBuffer,
		ReceiveBuffer: config.ReceiveBuffer,
		Unsent:        config.Unsent,
	}
	if len(config.Inherited) > 0 {
		return inheritAll(config.Inherited, options)
	}
	addr = config.Listen
	if err := sys.Unused(addr); err != nil {
		return nil, addr, fmt.Errorf("poller: %w", err) // which names the address
	}
	for range config.Loops {
		listener, bound, err := sys.Listen(addr, options)
		if err != nil {
			return open, addr, fmt.Errorf("poller: listen on %v: %w", addr, err)
		}
		open, addr = append(open, listener), bound
	}
	return open, addr, nil
}

// inheritAll takes every file, whatever it returns.
func inheritAll(files []*os.File, options sys.Options) (open []int, addr netip.AddrPort, err error) {
	for i, file := range files {
		listener, bound, failed := sys.Inherit(file, options)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("poller: %w", failed))
			continue
		}
		open = append(open, listener)
		if i == 0 {
			addr = bound
		}
	}
	return open, addr, err
}

// sharesOf returns duplicates of the listeners that a loop accepts from, of so
// many loops. Each loop has one at least, and each listener a loop.
func sharesOf(listeners []int, loop, loops int) (shares []int, err error) {
	for i := loop; i < max(len(listeners), loops); i += loops {
		share, err := sys.Duplicate(listeners[i%len(listeners)])
		if err != nil {
			return shares, err
		}
		shares = append(shares, share)
	}
	return shares, nil
}

// files returns a duplicate of each.
func (l *listeners) files() ([]*os.File, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.open) == 0 {
		return nil, ErrStopped
	}
	var files []*os.File
	for _, listener := range l.open {
		duplicate, err := sys.Duplicate(listener)
		if err != nil {
			for _, f := range files {
				f.Close()
			}
			return nil, fmt.Errorf("poller: %w", err)
		}
		files = append(files, os.NewFile(uintptr(duplicate), "listener"))
	}
	return files, nil
}

// close closes them; the loops close theirs themselves.
func (l *listeners) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	closeAll(l.open)
	l.open = nil
}

func closeAll(listeners []int) {
	sockets := new(sys.TCP)
	for _, listener := range listeners {
		sockets.Close(listener)
	}
}
