//go:build !linux

package poller

func newTablePorter() (porter, error) {
	return nil, errPrivateTables
}
