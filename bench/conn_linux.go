package bench

// conn is one connection, as a stream of bytes and frames. What a scenario
// keeps about it is the scenario's own. Loop only. 40 bytes, in the loop's slab.
type conn struct {
	fd    int32
	slot  uint32 // its place in the slab
	state connState
	// blocked: the socket took no more bytes; epoll will tell when it does.
	blocked bool
	// deaf: nothing is read. Set by the scenario's traffic.
	deaf bool
	// midFrame: a part of a data frame has been written, so nothing else may be
	// written before the rest of it. Set by the scenario's traffic.
	midFrame bool
	// aside: the loop keeps bytes for this connection, see aside.
	aside   bool
	attempt uint16 // until it is open
	in      frames
}

// connState is where a connection is in its life.
type connState uint8

const (
	// stateUnborn: not begun.
	stateUnborn connState = iota
	// stateConnecting: TCP is connecting.
	stateConnecting
	// stateSecuring: the TLS handshake is under way.
	stateSecuring
	// stateUpgrading: the request is sent, the answer is not complete.
	stateUpgrading
	// stateOpen: messages may be exchanged.
	stateOpen
	// stateClosing: a close frame has been sent.
	stateClosing
	// stateEnded: the descriptor is closed.
	stateEnded
)

// aside is what few connections need and at few moments: kept out of conn, so
// that the others do not pay for it. Loop only.
type aside struct {
	// control is the payload of a control frame that has arrived in part.
	control []byte
	// message is what has arrived of one that is needed whole.
	message []byte
	// out are control frames to be written at the next boundary of frames.
	out []byte
}
