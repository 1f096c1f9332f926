package poller

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestLettersComeInOrder(t *testing.T) {
	r := newRig(t)
	clients := r.dialMany(2)
	var order []string
	r.handler.onMail = func(_ *Conn, l Letter) {
		if l.Ref != nil {
			order = append(order, fmt.Sprint(l.Kind, ":", l.Ref))
			return
		}
		order = append(order, fmt.Sprint(l.Kind, ":", string(l.Bytes)))
	}
	r.Post(clients[0].handle, 1, []byte("he"), []byte("ad"))
	r.Do(TaskFunc(func(*Loop) { order = append(order, "task") }))
	r.PostRef(clients[1].handle, 2, 42, 0)
	r.Post(clients[0].handle, 3, nil, nil)
	r.Post(clients[1].handle, 4, nil, []byte("body"))
	r.settle()
	if want := []string{"1:head", "task", "2:42", "3:", "4:body"}; !slices.Equal(order, want) {
		t.Errorf("order %q, want %q", order, want)
	}
	if got := r.Stats(); got.Letters != 5 || got.DeadLetters != 0 {
		t.Errorf("%d letters and %d dead ones, want 5 and 0", got.Letters, got.DeadLetters)
	}
}

func TestLetterBytesAreCopied(t *testing.T) {
	r := newRig(t)
	r.handler.onMail = func(c *Conn, l Letter) { c.Queue(l.Bytes) }
	c := r.dial()
	head, body := []byte("head "), []byte("body")
	r.Post(c.handle, 0, head, body)
	clear(head)
	clear(body)
	r.settle()
	expectBytes(t, "sent", c.Read(), []byte("head body"))
}

// The memory of a turn's letters is used again; what the kernel did not take
// must not lie in it.
func TestQueuedLettersOutliveTheirBatch(t *testing.T) {
	r := newRig(t)
	r.kernel.SetBuffers(16, 64)
	r.handler.onMail = func(c *Conn, l Letter) { c.Queue(l.Bytes) }
	c := r.dial()
	var want, got []byte
	for i := range 200 {
		p := fmt.Appendf(nil, "letter %03d;", i)
		want = append(want, p...)
		r.Post(c.handle, 0, nil, p)
		r.turn()
		got = append(got, c.ReadN(7)...)
	}
	expectBytes(t, "sent", append(got, r.drainAll(c)...), want)
}

func TestAStaleHandleReachesNobody(t *testing.T) {
	r := newRig(t)
	old := r.dial()
	r.Post(old.handle, 0, nil, []byte("for the old one"))
	r.PostRef(old.handle, 0, "for the old one", 0)
	r.conn(old).Abort(errTest)
	young := r.dial()
	if young.handle.Slot != old.handle.Slot || young.handle.Generation == old.handle.Generation {
		t.Fatalf("handles %v and %v, want the same slot and another generation", old.handle, young.handle)
	}
	r.Post(old.handle, 0, nil, []byte("for the old one"))
	r.settle()
	if got := r.handler.letters[young.handle]; len(got) != 0 {
		t.Errorf("the next owner of the slot got %q", got)
	}
	if got := r.Stats().DeadLetters; got != 3 {
		t.Errorf("%d dead letters, want 3", got)
	}
	if r.Conn(old.handle) != nil {
		t.Error("the stale handle finds a connection")
	}
}

func TestHandlesThatNameNothing(t *testing.T) {
	for _, tt := range []struct {
		name   string
		handle Handle
	}{
		{"zero", Handle{}},
		{"a free slot of a page in use", Handle{Slot: 7}},
		{"a slot beyond all pages", Handle{Slot: 1 << 30, Generation: 1}},
		{"a generation to come", Handle{Generation: 99}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			clients := r.dialMany(2)
			r.conn(clients[0]).Abort(errTest) // slot 0 is free, and its page is held
			if r.Conn(tt.handle) != nil {
				t.Errorf("handle %v finds a connection", tt.handle)
			}
			defer func() {
				if p := recover(); p != nil {
					t.Errorf("a letter to %v panics the loop: %v", tt.handle, p)
					r.mailbox.spare = new(batch)
				}
			}()
			r.Post(tt.handle, 0, nil, []byte("nobody's"))
			r.PostRef(tt.handle, 0, "nobody's", 0)
			r.settle()
			if got := r.Stats().DeadLetters; got != 2 {
				t.Errorf("%d dead letters, want 2", got)
			}
		})
	}
}

func TestGenerationsSkipZero(t *testing.T) {
	r := newRig(t)
	r.generation = ^uint32(0) - 1
	for range 3 {
		c := r.dial()
		if c.handle.IsZero() {
			t.Errorf("handle %v is the zero handle", c.handle)
		}
		r.Post(c.handle, 0, nil, []byte("x"))
		r.settle()
		if got := len(r.handler.letters[c.handle]); got != 1 {
			t.Errorf("%d letters for %v, want 1", got, c.handle)
		}
	}
}

func TestASleepingLoopIsWokenOnce(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	r.pass(r.config.Sweep)
	wakes, before := r.engine.wakes, r.Stats().Wakes
	r.engine.asleep = func() {
		for range 100 {
			r.Post(c.handle, 0, nil, []byte("x"))
		}
	}
	began := r.clock()
	r.Loop.turn()
	if got := r.engine.wakes - wakes; got != 1 {
		t.Errorf("100 letters to a sleeping loop made %d wake-ups, want 1", got)
	}
	if got := r.Stats().Wakes - before; got != 1 {
		t.Errorf("Wakes grew by %d, want 1", got)
	}
	if got := len(r.handler.letters[c.handle]); got != 100 {
		t.Errorf("%d letters were delivered in the turn, want 100", got)
	}
	if got := r.clock(); got != began {
		t.Errorf("the loop slept on for %v", got-began)
	}
}

func TestALoopThatIsAwakeIsNotWoken(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	wakes := r.engine.wakes
	left := 50
	r.handler.onMail = func(c *Conn, _ Letter) {
		if left--; left > 0 {
			r.Post(c.Handle(), 0, nil, []byte("again"))
		}
	}
	r.Post(c.handle, 0, nil, []byte("first"))
	turns := r.Stats().Turns
	r.settle()
	if got := len(r.handler.letters[c.handle]); got != 50 {
		t.Errorf("%d letters, want 50", got)
	}
	// A letter posted while letters are read waits for the next turn: a handler
	// that answers itself does not hold the loop.
	if got := r.Stats().Turns - turns; got != 50 {
		t.Errorf("%d turns, want 50", got)
	}
	if got := r.engine.wakes - wakes; got != 0 {
		t.Errorf("%d wake-ups, want none", got)
	}
}

func TestAFullMailbox(t *testing.T) {
	r := newRig(t)
	r.mailbox.maxBytes = 10 * (10 + envelopeBytes)
	c := r.dial()
	post := func(n int) error { return r.Post(c.handle, 0, nil, make([]byte, n)) }
	for i := range 10 {
		if err := post(10); err != nil {
			t.Fatalf("post %d: %v", i, err)
		}
	}
	if err := post(1); !errors.Is(err, ErrMailboxFull) {
		t.Errorf("post to a full mailbox: %v, want ErrMailboxFull", err)
	}
	refused := TaskFunc(func(*Loop) { t.Error("a refused task ran") })
	if err := r.Offer(refused, 0); !errors.Is(err, ErrMailboxFull) {
		t.Errorf("Offer to a full mailbox: %v, want ErrMailboxFull", err)
	}
	if err := r.PostRef(c.handle, 0, "x", 0); !errors.Is(err, ErrMailboxFull) {
		t.Errorf("PostRef to a full mailbox: %v, want ErrMailboxFull", err)
	}
	r.settle()
	if got := len(r.handler.letters[c.handle]); got != 10 {
		t.Errorf("%d letters, want the 10 that were accepted", got)
	}
	if err := post(r.mailbox.maxBytes + 1); err != nil {
		t.Errorf("a large letter that is alone: %v, want it accepted", err)
	}
	if err := post(1); !errors.Is(err, ErrMailboxFull) {
		t.Errorf("a letter behind the large one: %v, want ErrMailboxFull", err)
	}
	r.settle()
	if err := post(1); err != nil {
		t.Errorf("after the mailbox was emptied: %v", err)
	}
}

func TestMailWaitingIsWhatTheLoopHasNotTaken(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	r.Post(c.handle, 0, []byte("head"), []byte("body"))
	r.PostRef(c.handle, 0, "x", 100)
	r.Do(TaskFunc(func(*Loop) {}))
	letters, bytes := r.MailWaiting()
	if want := 4 + 4 + 100 + 3*envelopeBytes; letters != 3 || bytes != want {
		t.Errorf("%d letters of %d bytes wait, want 3 of %d", letters, bytes, want)
	}
	r.settle()
	if letters, bytes := r.MailWaiting(); letters != 0 || bytes != 0 {
		t.Errorf("%d letters of %d bytes wait for a loop that has taken all", letters, bytes)
	}
}

// Tasks are how the loop itself is steered: letters must not keep them out.
func TestATaskReachesALoopWithAFullMailbox(t *testing.T) {
	r := newRig(t)
	r.mailbox.maxBytes = 100
	c := r.dial()
	r.Post(c.handle, 0, nil, make([]byte, 101))
	ran := false
	if err := r.Do(TaskFunc(func(*Loop) { ran = true })); err != nil {
		t.Errorf("Do: %v", err)
	}
	r.settle()
	if !ran {
		t.Error("the task did not run")
	}
}

// Letters without bytes take memory too.
func TestLettersWithoutBytesAreBounded(t *testing.T) {
	for _, tt := range []struct {
		name string
		post func(m *mailbox) error
	}{
		{"empty", func(m *mailbox) error { return m.post(0, 1, 0, nil, nil) }},
		{"references", func(m *mailbox) error { return m.offer(envelope{generation: 1, ref: m}, 0) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMailbox(func() error { return nil })
			m.maxBytes = 1 << 16
			for range 1 << 16 {
				if err := tt.post(m); err != nil {
					return
				}
			}
			t.Errorf("%d letters are accepted by a mailbox of %d bytes", len(m.in.letters), m.maxBytes)
		})
	}
}

func TestPostingAfterTheEnd(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	ran := 0
	r.stop()
	for _, post := range []struct {
		name string
		do   func() error
	}{
		{"Post", func() error { return r.Post(c.handle, 0, nil, []byte("x")) }},
		{"PostRef", func() error { return r.PostRef(c.handle, 0, "x", 0) }},
		{"Do", func() error { return r.Do(TaskFunc(func(*Loop) { ran++ })) }},
		{"Offer", func() error { return r.Offer(TaskFunc(func(*Loop) { ran++ }), 0) }},
	} {
		if err := post.do(); !errors.Is(err, ErrStopped) {
			t.Errorf("%s: %v, want ErrStopped", post.name, err)
		}
	}
	if ran != 0 {
		t.Error("a refused task ran")
	}
}

func TestALargeBatchIsNotKept(t *testing.T) {
	for _, tt := range []struct {
		name string
		post func(m *mailbox)
	}{
		{"of bytes", func(m *mailbox) { m.post(0, 1, 0, nil, make([]byte, 2*keptBatchBytes)) }},
		{"of letters", func(m *mailbox) {
			for range 2 * keptLetters {
				m.post(0, 1, 0, nil, nil)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMailbox(func() error { return nil })
			tt.post(m)
			m.release(m.take())
			for range 2 {
				if b := m.in; cap(b.bytes) > keptBatchBytes || cap(b.letters) > keptLetters {
					t.Errorf("a batch of %d bytes and %d letters is kept", cap(b.bytes), cap(b.letters))
				}
				m.post(0, 1, 0, nil, nil)
				m.release(m.take())
			}
		})
	}
}

func TestAReusedBatchKeepsNoReference(t *testing.T) {
	m := newMailbox(func() error { return nil })
	for range 3 {
		m.offer(envelope{generation: 1, ref: new([64]byte)}, 64)
	}
	b := m.take()
	m.release(b)
	for i, e := range b.letters[:3] {
		if e.ref != nil {
			t.Errorf("letter %d of the batch still refers to its value", i)
		}
	}
}

// Nothing is lost between posters that race with a loop that falls asleep, and
// each poster's letters stay in order.
func TestConcurrentPosters(t *testing.T) {
	const posters, each = 8, 5000
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			s := startServer(t, engine, 1)
			peer := s.dial()
			h := s.handle(peer)
			var got [posters][]uint32
			done := make(chan struct{})
			count := 0
			s.on(0, func(*Loop) {
				s.handlers[0].mail = func(_ *Conn, l Letter) {
					got[l.Kind] = append(got[l.Kind], binary.LittleEndian.Uint32(l.Bytes))
					if count++; count == posters*each {
						close(done)
					}
				}
			})
			var wg sync.WaitGroup
			for p := range posters {
				wg.Go(func() {
					var n [4]byte
					for i := range uint32(each) {
						binary.LittleEndian.PutUint32(n[:], i)
						if err := s.Loop(0).Post(h, Kind(p), n[:2], n[2:]); err != nil {
							t.Errorf("poster %d: %v", p, err)
							return
						}
					}
				})
			}
			wg.Wait()
			await(t, "all letters", done)
			for p, letters := range got {
				for i, n := range letters {
					if n != uint32(i) {
						t.Fatalf("poster %d: letter %d has number %d", p, i, n)
					}
				}
			}
		})
	}
}

func TestTheLastTasksRun(t *testing.T) {
	r := newRig(t)
	var ran []string
	r.handler.onClosed = func(*Conn, error) {
		r.Do(TaskFunc(func(*Loop) { ran = append(ran, "posted by Closed") }))
	}
	r.dial()
	r.Do(TaskFunc(func(*Loop) { ran = append(ran, "posted before") }))
	r.stop()
	if want := []string{"posted before", "posted by Closed"}; !slices.Equal(ran, want) {
		t.Errorf("tasks %q ran, want %q", ran, want)
	}
	r.handler.onClosed = nil
}

func TestLettersLargerThanAKeptBatch(t *testing.T) {
	r := newRig(t)
	r.kernel.SetBuffers(8<<20, 64)
	r.handler.onMail = func(c *Conn, l Letter) { c.Queue(l.Bytes) }
	c := r.dial()
	want := pattern(3 << 20)
	for _, p := range cut(want, 100_000) {
		r.Post(c.handle, 0, p[:len(p)/2], p[len(p)/2:])
	}
	if got := r.drainAll(c); !bytes.Equal(got, want) {
		t.Error("the letters differ")
	}
}

// TestMailDelaysNobody: a turn delivers a part of the letters that wait, in order, and the
// end of the loop delivers all.
func TestMailDelaysNobody(t *testing.T) {
	for name, tt := range map[string]struct {
		takes time.Duration // a letter does
		most  int           // are delivered in a turn
	}{
		"letters that take long":       {100 * time.Microsecond, 24},
		"letters that call for writes": {0, mailWrites},
	} {
		t.Run(name, func(t *testing.T) {
			const clients, each, turns = 2 * mailWrites, 3, 5
			r := newRig(t)
			c, others := r.dial(), r.dialMany(clients)
			delivered := 0
			r.handler.onMail = func(c *Conn, letter Letter) {
				delivered++
				r.advance(tt.takes)
				c.Queue(letter.Bytes)
			}
			for n := range each {
				for _, other := range others {
					if err := r.Post(other.handle, 0, []byte{byte('a' + n)}, nil); err != nil {
						t.Fatal(err)
					}
				}
			}
			for range turns {
				before := delivered
				r.handler.received[c.handle] = nil
				r.write(c, []byte("ping"))
				r.Loop.turn() // which sleeps if it thinks that nothing is left
				r.expectReceived(c, "ping")
				if got := delivered - before; got == 0 || got > tt.most {
					t.Fatalf("a turn delivered %d letters, want 1 to %d", got, tt.most)
				}
			}
			r.Post(others[0].handle, 0, []byte("z"), nil)
			r.stop()
			for i, other := range others {
				want := "abc"
				if i == 0 {
					want = "abcz"
				}
				if got := string(other.Read()); got != want {
					t.Fatalf("client %d received %q, want %q", i, got, want)
				}
			}
		})
	}
}

// TestALoopDoesNotFillItsMailbox: what its handler sends for the input of each turn finds
// room, however much that is. A burst of others takes several turns even so.
func TestALoopDoesNotFillItsMailbox(t *testing.T) {
	for name, tt := range map[string]struct {
		takes time.Duration // a letter does
		sent  int           // letters for the input of a turn
		to    int           // so many clients
	}{
		"letters that take long":       {100 * time.Microsecond, 20, 1},
		"letters that call for writes": {time.Microsecond, 10 * mailWrites, 2 * mailWrites},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			clients := r.dialMany(tt.to)
			burst, turns := 10*tt.sent, 50
			r.mailbox.maxBytes = (burst + 2*tt.sent) * (envelopeBytes + 1)
			post := func(letters int) {
				for n := range letters {
					if err := r.Post(clients[n%tt.to].handle, 0, []byte("a"), nil); err != nil {
						t.Fatal(err)
					}
				}
			}
			delivered := 0
			r.handler.onData = func(*Conn, []byte) { post(tt.sent) }
			r.handler.onMail = func(c *Conn, letter Letter) {
				delivered++
				r.advance(tt.takes)
				c.Queue(letter.Bytes)
			}
			post(burst)
			for range turns {
				before := delivered
				r.write(clients[0], []byte("ping"))
				r.turn()
				if got := delivered - before; got > 3*tt.sent {
					t.Fatalf("a turn delivered %d letters, want %d at most", got, 3*tt.sent)
				}
			}
			r.settle()
			if want := burst + turns*tt.sent; delivered != want {
				t.Errorf("%d letters were delivered, want %d", delivered, want)
			}
		})
	}
}
