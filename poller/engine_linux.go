package poller

import (
	"fmt"

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
