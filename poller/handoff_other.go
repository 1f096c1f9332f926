//go:build !linux

package poller

import "errors"

func newTablePorter() (porter, error) {
	return nil, errors.New("private descriptor tables need Linux")
}
