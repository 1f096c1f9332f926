package sys_test

import (
	"testing"

	"github.com/sluicegate/sluice/poller/internal/sys"
)

var kernels = []kernel{epollKernel, easygoKernel, fakeKernel}

var epollKernel = kernel{"epoll", func(t *testing.T) *rig {
	wake, err := sys.NewWaker()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { wake.Close() })
	engine, err := sys.NewEpoll(wake)
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, engine)
	return newTCPRig(t, engine)
}}
