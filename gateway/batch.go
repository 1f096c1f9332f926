package gateway

import "slices"

// batch is messages laid end to end, once for all who are sent all of them.
type batch struct {
	messages []*publication
	filtered bool     // who is sent all must be asked for each
	excepted []uint32 // slots, sorted, of sessions that are not sent all
	plain    []byte
	deflated *[windows][]byte // by what was agreed; nil: not made yet
}

// endToEnd returns a batch of messages for sessions of s. It takes the list.
func (s *shard) endToEnd(messages []*publication) batch {
	b := batch{messages: messages}
	size := 0
	for _, m := range messages {
		size += m.frame.Len()
		b.filtered = b.filtered || m.filter != nil
		for _, e := range m.except {
			if e.shard == s {
				b.excepted = append(b.excepted, e.handle.Slot)
			}
		}
	}
	slices.Sort(b.excepted)
	if len(messages) == 1 {
		b.plain = messages[0].frame.Bytes()
		return b
	}
	b.plain = make([]byte, 0, size)
	for _, m := range messages {
		b.plain = append(b.plain, m.frame.Bytes()...)
	}
	return b
}

// isForAll reports whether the session at slot is sent every message.
func (b *batch) isForAll(slot uint32) bool {
	if b.filtered {
		return false
	}
	_, excepted := slices.BinarySearch(b.excepted, slot)
	return !excepted
}

// bytesFor returns the messages as a session is sent them that has agreed on
// what x has.
func (b *batch) bytesFor(s *shard, x *session) []byte {
	if x.deflate == 0 {
		return b.plain
	}
	if b.deflated == nil {
		b.deflated = new([windows][]byte)
	}
	form := &b.deflated[x.deflate%windows]
	if *form != nil {
		return *form
	}
	if len(b.messages) == 1 {
		*form = s.compress(x, b.messages[0].outgoing(directScope)).frame
		return *form
	}
	whole := make([]byte, 0, len(b.plain))
	for _, m := range b.messages {
		whole = append(whole, s.compress(x, m.outgoing(directScope)).frame...)
	}
	*form = whole
	return whole
}

// noteAll counts one outcome for every message.
func (b *batch) noteAll(o outcome) {
	for _, m := range b.messages {
		m.receipt.note(o)
	}
}
