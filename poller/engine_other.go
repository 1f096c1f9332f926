//go:build !linux

package poller

import "fmt"

func prepareEngine(name string) (*preparedEngine, error) {
	if name != "easygo" {
		return nil, fmt.Errorf(`engine %q runs on Linux only: use "easygo"`, name)
	}
	return prepareEasygo()
}
