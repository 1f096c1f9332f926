package poller

import (
	"net"

	"github.com/sluicegate/sluice/poller/internal/sys"
)

// porter carries sockets from a loop to [Config].Adopt.
type porter interface {
	// carry takes fd, and the bytes read from it, on the loop. It does not
	// block; on an error the caller keeps both. On success fd may have been
	// closed in the loop's descriptor table.
	carry(fd int, read []byte) error
	// deliver adopts what is carried, until close.
	deliver(adopt func(net.Conn, []byte))
	// close ends deliver. It is called on the loop, after the last carry.
	close()

	// loopEnd is the descriptor that carry uses, or -1.
	loopEnd() int
	// entered closes loopEnd in the shared table.
	entered()
}

// handOffQueue is how many sockets may be on their way from one loop.
const handOffQueue = 64

func newPorter(private bool) (porter, error) {
	if private {
		return newTablePorter()
	}
	return &sharedPorter{parcels: make(chan parcel, handOffQueue)}, nil
}

type parcel struct {
	fd   int
	read []byte
}

// sharedPorter serves a loop in the process's descriptor table: the number of
// the descriptor is enough.
type sharedPorter struct{ parcels chan parcel }

func (p *sharedPorter) carry(fd int, read []byte) error {
	select {
	case p.parcels <- parcel{fd, read}:
		return nil
	default:
		return ErrHandOffBusy
	}
}

func (p *sharedPorter) deliver(adopt func(net.Conn, []byte)) {
	for parcel := range p.parcels {
		conn, _ := sys.NetConn(parcel.fd)
		adopt(conn, parcel.read)
	}
}

func (p *sharedPorter) close()       { close(p.parcels) }
func (p *sharedPorter) loopEnd() int { return -1 }
func (p *sharedPorter) entered()     {}
