package poller

import (
	"fmt"
	"runtime"

	"github.com/sluicegate/sluice/poller/internal/sys"
)

func prepareEngine(name string) (*preparedEngine, error) {
	switch name {
	case "epoll":
		waker, err := sys.NewWaker()
		if err != nil {
			return nil, err
		}
		return &preparedEngine{
			wake:       waker.Wake,
			open:       func() (sys.Engine, error) { return sys.NewEpoll(waker) },
			close:      func() { waker.Close() },
			descriptor: waker.FD(),
		}, nil
	case "easygo":
		return prepareEasygo()
	}
	return nil, fmt.Errorf(`unknown engine %q: use "epoll" or "easygo"`, name)
}

func preparePrivateTables() error { return sys.PrepareFDTables() }

// leaveSharedTable gives the calling goroutine its thread for good, and the
// thread a descriptor table of its own. Of the descriptors of all loops, each
// keeps the wakers, because it may post to any of them.
func (e *equipment) leaveSharedTable(all []*equipment) error {
	runtime.LockOSThread()
	keep := []int{e.listener, e.porter.loopEnd()}
	for _, other := range all {
		keep = append(keep, other.engine.descriptor)
	}
	return sys.PrivateFDTable(keep)
}
