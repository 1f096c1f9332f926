package poller

import (
	"net"

	"github.com/sluicegate/sluice/poller/internal/sys"
)

// tablePorter serves a loop with a descriptor table of its own: the socket
// itself travels, through a pair of connected sockets with one end in either
// table (SCM_RIGHTS, unix(7)).
type tablePorter struct {
	ends    sys.SocketPair
	parcels chan *parcel
}

func newTablePorter() (porter, error) {
	ends, err := sys.NewSocketPair()
	if err != nil {
		return nil, err
	}
	return &tablePorter{ends, make(chan *parcel, pairQueue)}, nil
}

func (p *tablePorter) carry(fd int, goes parcel) error {
	// The loop is the only producer: a place free now stays free.
	if len(p.parcels) == cap(p.parcels) {
		return ErrHandOffBusy
	}
	if err := p.ends.Send(fd); err != nil {
		return ErrHandOffBusy
	}
	p.parcels <- &goes
	return nil
}

func (p *tablePorter) deliver(adopt func(net.Conn, []byte)) {
	defer p.ends.CloseReceiver()
	for goes := range p.parcels {
		var conn net.Conn
		if fd, err := p.ends.Receive(); err == nil {
			conn = goes.conn(fd)
		}
		adopt(conn, goes.read)
	}
}

func (p *tablePorter) close()       { close(p.parcels) }
func (p *tablePorter) loopEnd() int { return p.ends.Sender }
func (p *tablePorter) entered()     { p.ends.CloseSender() }
