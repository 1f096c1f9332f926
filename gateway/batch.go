package gateway

import "slices"

// batch is the messages of a pass, laid end to end once for all members of one form
// who are sent every one of them. It belongs to the loop.
type batch struct {
	messages []*publication
	singly   bool     // a filter or an errand must see each member
	formed   bool     // not all sessions are sent the same
	excepted []uint32 // slots, sorted, of sessions that are not sent all
	laid              // in form 0
	others   *[Forms - 1]laid
}

// laid is the messages of a batch end to end in one form.
type laid struct {
	plain    []byte           // nil: not made yet
	gaps     bool             // a message is withheld from the form: there is no whole
	deflated *[windows][]byte // by what was agreed; nil: not made yet
}

// endToEnd returns a batch of messages for sessions of s. It takes the list.
func (s *shard) endToEnd(messages []*publication) batch {
	b := batch{messages: messages}
	for _, m := range messages {
		b.singly = b.singly || m.filter != nil || m.errand != nil
		b.formed = b.formed || m.forms != nil
		for _, e := range m.except {
			if e.shard == s {
				b.excepted = append(b.excepted, e.handle.Slot)
			}
		}
	}
	slices.Sort(b.excepted)
	return b
}

// isAlike reports whether the session at slot is sent every message as others of
// its form are.
func (b *batch) isAlike(slot uint32, x *session) bool {
	if b.singly || b.formed && x.flags&flagEncoder != 0 {
		return false
	}
	_, excepted := slices.BinarySearch(b.excepted, slot)
	return !excepted
}

// bytesFor returns the messages as a session is sent them that has the form of x
// and has agreed on what x has. It returns nil if some are withheld from it.
func (b *batch) bytesFor(s *shard, x *session) []byte {
	l := &b.laid
	if b.formed && x.form != 0 {
		if b.others == nil {
			b.others = new([Forms - 1]laid)
		}
		l = &b.others[x.form-1]
	}
	if l.plain == nil && !l.gaps {
		b.lay(s, x.form, l)
	}
	if x.deflate == 0 || l.gaps {
		return l.plain
	}
	if l.deflated == nil {
		l.deflated = new([windows][]byte)
	}
	whole := &l.deflated[x.deflate%windows]
	if *whole == nil {
		*whole = b.deflate(s, x, len(l.plain))
	}
	return *whole
}

// lay lays the messages end to end in one form.
func (b *batch) lay(s *shard, form Form, l *laid) {
	size := 0
	for _, m := range b.messages {
		e := m.in(s, form)
		size += e.frame.Len()
		l.gaps = l.gaps || e.frame.Len() == 0
	}
	switch {
	case l.gaps:
		return
	case len(b.messages) == 1:
		l.plain = b.messages[0].in(s, form).frame.Bytes()
		return
	}
	l.plain = make([]byte, 0, size)
	for _, m := range b.messages {
		l.plain = append(l.plain, m.in(s, form).frame.Bytes()...)
	}
}

// deflate returns the messages end to end as a session like x is sent them, which
// has agreed on compression. size is what they have without it.
func (b *batch) deflate(s *shard, x *session, size int) []byte {
	small := func(m *publication) []byte {
		e := m.in(s, x.form)
		return s.compress(x, outgoing{frame: e.frame.Bytes(), shared: true, deflated: e.deflated}).frame
	}
	if len(b.messages) == 1 {
		return small(b.messages[0])
	}
	whole := make([]byte, 0, size)
	for _, m := range b.messages {
		whole = append(whole, small(m)...)
	}
	return whole
}

// noteAll counts one outcome for every message.
func (b *batch) noteAll(o outcome) {
	for _, m := range b.messages {
		m.receipt.note(o)
	}
}
