package poller

import (
	"sync"

	"github.com/sluicegate/sluice/poller/fdtable"
	"github.com/sluicegate/sluice/poller/internal/sys"
)

// equipment is what one loop is given to work with before it runs. It is made
// on the goroutine that calls Listen, because a loop that leaves the shared
// descriptor table can take along only what stands there by then.
type equipment struct {
	engine    *preparedEngine
	sockets   sys.Sockets
	listeners []int
	porter    porter
	reserve   func() (int, error)
	table     *sync.RWMutex // see acceptor
	private   bool
}

// preparedEngine is an engine, or the part of one that must exist before its
// loop does.
type preparedEngine struct {
	// wake may be called from any goroutine until close.
	wake func() error
	// open returns the engine; it is called on the loop's own thread.
	open func() (sys.Engine, error)
	// close releases what is left once the loop has ended.
	close func()
	// descriptor is written by wake, on whatever thread that is; -1 if none.
	descriptor int
}

// equip opens engines, and gives each loop its part of the listeners.
func equip(config Config, listeners []int) (made []*equipment, err error) {
	defer func() {
		if err != nil {
			for _, e := range made {
				e.abandon()
			}
		}
	}()
	if config.PrivateFDTables {
		if err := fdtable.Prepare(); err != nil {
			return nil, err
		}
	} else {
		fdtable.Grow()
	}
	shared := new(sync.RWMutex)
	for i := range config.Loops {
		e := &equipment{sockets: new(sys.TCP), reserve: sys.OpenReserve, table: shared, private: config.PrivateFDTables}
		if e.private {
			e.table = new(sync.RWMutex)
		}
		made = append(made, e)
		if e.engine, err = prepareEngine(config.Engine); err != nil {
			return made, err
		}
		if e.listeners, err = sharesOf(listeners, i, config.Loops); err != nil {
			return made, err
		}
		if e.porter, err = newPorter(config.PrivateFDTables); err != nil {
			return made, err
		}
	}
	return made, nil
}

// leaveSharedTable gives the calling thread a descriptor table of its own. Of
// the descriptors of all loops, each keeps the wakers, because it may post to
// any of them.
func (e *equipment) leaveSharedTable(all []*equipment) error {
	keep := append([]int{e.porter.loopEnd()}, e.listeners...)
	for _, other := range all {
		keep = append(keep, other.engine.descriptor)
	}
	return fdtable.Leave(keep...)
}

// entered closes what a loop with a table of its own has a copy of: a listener
// that stands in two tables is not closed when one of them closes it.
func (e *equipment) entered() {
	if !e.private {
		return
	}
	e.closeListeners()
	e.porter.entered()
}

// failed closes what a loop that cannot run had in the shared table. A table of its own
// ends with its thread, and if there is none entered has closed the same.
func (e *equipment) failed() {
	if !e.private {
		e.closeListeners()
	}
}

func (e *equipment) closeListeners() {
	for _, listener := range e.listeners {
		e.sockets.Close(listener)
	}
}

// abandon closes what was made for a loop that will never run.
func (e *equipment) abandon() {
	if e.engine != nil {
		e.engine.close()
	}
	e.closeListeners()
	if e.porter != nil {
		e.porter.close()
		e.porter.entered()
		e.porter.deliver(nil)
	}
}
