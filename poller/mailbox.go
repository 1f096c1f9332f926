package poller

import (
	"sync"
	"sync/atomic"
)

// Kind says what a letter is about; its meaning is the handler's own.
type Kind uint8

// Letter is what another goroutine left for a connection.
type Letter struct {
	Kind Kind
	// Bytes are what was posted with [Loop.Post]. They stay as they are until
	// the end of the loop's turn, so they may go straight to [Conn.Queue].
	Bytes []byte
	// Ref is what was posted with [Loop.PostRef].
	Ref any
}

// Task is work for the loop itself.
type Task interface{ Run(*Loop) }

// TaskFunc makes a [Task] of a function.
type TaskFunc func(*Loop)

// Run calls f.
func (f TaskFunc) Run(l *Loop) { f(l) }

// mailbox is how other goroutines reach a loop.
//
// Letters are laid into a batch under a lock held for some 20 ns; the loop
// takes the whole batch at once and leaves an empty one. Bytes are copied into
// the batch, so a post allocates nothing once the batch has grown to the size
// of a busy turn.
type mailbox struct {
	// Fixed after newMailbox.
	wake     func() error
	maxBytes int

	// Guarded by mu.
	mu     sync.Mutex
	in     *batch
	closed bool

	// Atomic.
	filled atomic.Bool // there may be letters
	asleep atomic.Bool // the loop blocks, or is about to: a letter must wake it

	// Loop only.
	spare *batch
}

// batch is the letters of one turn.
type batch struct {
	letters  []envelope
	bytes    []byte
	referred int // bytes that letters refer to
}

type envelope struct {
	slot, generation uint32
	start, end       uint32 // of the letter's part of batch.bytes
	kind             Kind
	task             bool // ref is a Task, for the loop
	ref              any
}

// size is what counts for the mailbox's bound.
func (b *batch) size() int { return len(b.bytes) + b.referred + len(b.letters)*envelopeBytes }

// envelopeBytes is about what a letter takes besides its bytes.
const envelopeBytes = 48

const (
	// mailboxBytes bounds what may wait in a mailbox, envelopes included. A loop that
	// is so far behind will not catch up by being given more.
	mailboxBytes = 64 << 20
	// keptBatchBytes and keptLetters are the largest batch kept for reuse; one
	// grown beyond by a burst goes to the garbage collector.
	keptBatchBytes = 1 << 20
	keptLetters    = 1 << 14
)

func newMailbox(wake func() error) *mailbox {
	return &mailbox{wake: wake, maxBytes: mailboxBytes, in: new(batch), spare: new(batch)}
}

// post leaves a letter with the bytes of head and body, both of which it
// borrows.
func (m *mailbox) post(slot, generation uint32, kind Kind, head, body []byte) error {
	m.mu.Lock()
	if err := m.refusal(len(head) + len(body)); err != nil {
		m.mu.Unlock()
		return err
	}
	b := m.in
	start := len(b.bytes)
	b.bytes = append(append(b.bytes, head...), body...)
	b.letters = append(b.letters, envelope{slot: slot, generation: generation, start: uint32(start), end: uint32(len(b.bytes)), kind: kind})
	err := m.rouse()
	m.mu.Unlock()
	return err
}

// offer leaves an envelope with a reference to size bytes, if there is room.
func (m *mailbox) offer(e envelope, size int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.refusal(size); err != nil {
		return err
	}
	m.in.letters = append(m.in.letters, e)
	m.in.referred += size
	return m.rouse()
}

// insist leaves an envelope with a reference, room or not.
func (m *mailbox) insist(e envelope) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrStopped
	}
	m.in.letters = append(m.in.letters, e)
	return m.rouse()
}

// refusal is why a letter of size bytes cannot be taken. It is called with mu
// held.
func (m *mailbox) refusal(size int) error {
	if m.closed {
		return ErrStopped
	}
	waiting := m.in.size()
	// A letter that is alone is taken whatever its size, or it never would be.
	if waiting > 0 && waiting+size+envelopeBytes > m.maxBytes {
		return ErrMailboxFull
	}
	return nil
}

// depth returns how many letters wait, and their size.
func (m *mailbox) depth() (letters, bytes int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.in.letters), m.in.size()
}

// waiting returns how many letters wait.
func (m *mailbox) waiting() int {
	if !m.filled.Load() {
		return 0 // most often, and then it costs nothing
	}
	letters, _ := m.depth()
	return letters
}

// rouse wakes the loop if it sleeps: one system call for a burst of letters. It
// is called with mu held, so that nobody wakes a loop that has closed its
// mailbox and whose eventfd is gone.
func (m *mailbox) rouse() error {
	if !m.filled.Load() {
		m.filled.Store(true)
	}
	if m.asleep.Load() && m.asleep.CompareAndSwap(true, false) {
		return m.wake()
	}
	return nil
}

// fallAsleep announces that the loop is about to block, unless there are
// letters. Loop only.
func (m *mailbox) fallAsleep() bool {
	m.asleep.Store(true)
	// A poster stores filled before it loads asleep, the loop stores asleep
	// before it loads filled: at least one of them sees the other.
	if m.filled.Load() {
		m.asleep.Store(false)
		return false
	}
	return true
}

// awake ends what fallAsleep began and reports whether a letter had ended it.
// Loop only.
func (m *mailbox) awake() (woken bool) {
	return !m.asleep.CompareAndSwap(true, false)
}

// take returns the letters that wait, or nil. The batch is good until release.
// Loop only.
func (m *mailbox) take() *batch {
	if !m.filled.Load() {
		return nil
	}
	m.mu.Lock()
	m.filled.Store(false)
	b := m.in
	m.in, m.spare = m.spare, nil
	m.mu.Unlock()
	return b
}

// release gives a batch back for reuse. Loop only.
func (m *mailbox) release(b *batch) {
	if cap(b.bytes) > keptBatchBytes || cap(b.letters) > keptLetters {
		b = new(batch)
	}
	clear(b.letters)
	b.letters, b.bytes, b.referred = b.letters[:0], b.bytes[:0], 0
	m.spare = b
}

// close refuses all further letters and returns those that wait. It is called
// on the loop, or where none will run.
func (m *mailbox) close() *batch {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return m.in
}
