package poller

import "github.com/sluicegate/sluice/poller/internal/sys"

// prepareEasygo makes the portable engine. It waits on a goroutine of its own,
// which must share the loop's descriptor table.
func prepareEasygo() (*preparedEngine, error) {
	engine, err := sys.NewEasygo()
	if err != nil {
		return nil, err
	}
	return &preparedEngine{
		wake:       engine.Wake,
		open:       func() (sys.Engine, error) { return engine, nil },
		close:      func() { engine.Close() },
		descriptor: -1,
	}, nil
}
