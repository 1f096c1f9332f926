package fake

import (
	"slices"
	"syscall"

	"github.com/sluicegate/sluice/poller/internal/sys"
)

// Script turns bytes, such as those of a fuzzer, into what peers and a faulty
// kernel do to a loop. Any bytes are a script.
type Script struct {
	kernel   *Kernel
	listener int
	rest     []byte
	actors   []*Actor
}

// Actor is a peer that a [Script] plays.
type Actor struct {
	*Peer
	// Sent is what the peer wrote and the loop's kernel took.
	Sent []byte
	// Received is what the peer read.
	Received []byte
}

// maxActors bounds the peers of one script: a fuzzer gains nothing from more.
const maxActors = 32

// NewScript returns a script of data, which it borrows, against listener.
func NewScript(k *Kernel, listener int, data []byte) *Script {
	return &Script{kernel: k, listener: listener, rest: data}
}

// Actors returns the peers so far, in the order of their dialing.
func (s *Script) Actors() []*Actor { return s.actors }

// Step does the next thing of the script, and reports false when none is left.
// Between steps the loop runs as the caller likes.
func (s *Script) Step() bool {
	if len(s.rest) == 0 {
		return false
	}
	switch s.number(12) {
	case 0:
		s.dial()
	case 1, 2:
		s.play((*Actor).send)
	case 3:
		s.play((*Actor).receiveAll)
	case 4:
		s.play((*Actor).receiveSome)
	case 5:
		s.play(func(a *Actor, _ *Script) { a.CloseWrite() })
	case 6:
		s.play(func(a *Actor, _ *Script) { a.Close() })
	case 7:
		s.play(func(a *Actor, _ *Script) { a.Reset() })
	case 8:
		s.fail()
	case 9:
		op := []Op{OpRead, OpWrite, OpWritev}[s.number(3)]
		s.kernel.Short(op, s.number(64))
	case 10:
		s.kernel.Spurious(s.token(), sys.Ready(s.number(16)))
	case 11:
		s.kernel.Heal()
	}
	return true
}

// number takes one byte off the script and returns it modulo n; 0 at its end.
func (s *Script) number(n int) int {
	if len(s.rest) == 0 {
		return 0
	}
	b := s.rest[0]
	s.rest = s.rest[1:]
	return int(b) % n
}

func (s *Script) dial() {
	if len(s.actors) < maxActors {
		s.actors = append(s.actors, &Actor{Peer: s.kernel.Dial(s.listener)})
	}
}

func (s *Script) play(act func(*Actor, *Script)) {
	if len(s.actors) > 0 {
		act(s.actors[s.number(len(s.actors))], s)
	}
}

func (a *Actor) send(s *Script) {
	n := min(s.number(256), len(s.rest))
	taken, _ := a.Write(s.rest[:n])
	a.Sent = append(a.Sent, s.rest[:taken]...)
	s.rest = s.rest[n:]
}

func (a *Actor) receiveAll(*Script) { a.Received = append(a.Received, a.Read()...) }

func (a *Actor) receiveSome(s *Script) { a.Received = append(a.Received, a.ReadN(s.number(256))...) }

// plausible are the errors that Linux can return from these calls on a working
// loop's descriptors.
var plausible = []struct {
	op    Op
	errno syscall.Errno
}{
	{OpAccept, syscall.EAGAIN}, {OpAccept, syscall.EINTR}, {OpAccept, syscall.EMFILE}, {OpAccept, syscall.ENFILE},
	{OpAccept, syscall.ENOMEM}, {OpAccept, syscall.ECONNABORTED}, {OpAccept, syscall.EPERM},
	{OpRead, syscall.EAGAIN}, {OpRead, syscall.EINTR}, {OpRead, syscall.ECONNRESET}, {OpRead, syscall.ETIMEDOUT},
	{OpWrite, syscall.EAGAIN}, {OpWrite, syscall.EINTR}, {OpWrite, syscall.EPIPE}, {OpWrite, syscall.ECONNRESET},
	{OpWritev, syscall.EAGAIN}, {OpWritev, syscall.EINTR}, {OpWritev, syscall.EPIPE}, {OpWritev, syscall.ECONNRESET},
	{OpAdd, syscall.ENOMEM}, {OpAdd, syscall.ENOSPC},
	{OpWait, syscall.EINTR},
	{OpCloseWrite, syscall.ENOTCONN},
	{OpClose, syscall.EIO}, {OpReset, syscall.EIO},
}

func (s *Script) fail() {
	f := plausible[s.number(len(plausible))]
	s.kernel.Fail(f.op, 1+s.number(4), f.errno)
}

// token returns that of a registered descriptor, or any.
func (s *Script) token() sys.Token {
	known := s.kernel.tokens()
	if pick := s.number(256); pick < len(known) {
		return known[pick]
	}
	return sys.Token(s.number(256))<<32 | sys.Token(s.number(256))
}

func (k *Kernel) tokens() []sys.Token {
	k.mu.Lock()
	defer k.mu.Unlock()
	var known []sys.Token
	for _, d := range k.table {
		if d != nil && d.registered {
			known = append(known, d.token)
		}
	}
	slices.Sort(known)
	return known
}
