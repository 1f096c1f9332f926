//go:build !linux

package poller

import (
	"errors"
	"fmt"
)

func prepareEngine(name string) (*preparedEngine, error) {
	if name != "easygo" {
		return nil, fmt.Errorf(`engine %q runs on Linux only: use "easygo"`, name)
	}
	return prepareEasygo()
}

var errPrivateTables = errors.New("private descriptor tables need Linux")

func preparePrivateTables() error { return errPrivateTables }

func (e *equipment) leaveSharedTable([]*equipment) error {
	return errPrivateTables
}
