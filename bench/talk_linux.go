package bench

import "time"

// talk is echoes that begin as rounds say, one after another: in each the
// connections whose turn it is owe a message. Loop only, until the loop has
// ended.
type talk struct {
	*echoes

	// Loop only.
	rounds  []round
	current *round                                  // the one under way, or nil
	act     func(l *loop, c *conn, sequence uint32) // what else the turns of that round bring; may be nil
}

// newTalk returns the talk of connections from number first on, of so many
// rounds. None is under way.
func newTalk(e Echo, p *payloads, first uint32, connections, rounds int) *talk {
	e.InFlight = 1
	t := &talk{echoes: newEchoes(e, p, p, first, connections), rounds: make([]round, rounds)}
	t.starter = t
	return t
}

var (
	_ scheduled = (*talk)(nil)
	_ starter   = (*talk)(nil)
)

// turn starts a round: so many turns in all, at a pace, which each stride-th of
// so many connections take.
func (t *talk) turn(l *loop, r *round, p pace, total uint64, turns int, stride uint32) {
	r.begin(l.clock(), p, total, turns, stride)
	t.current, t.act = r, nil
}

// end ends the round under way, if any is.
func (t *talk) end() {
	if t.current != nil {
		t.current.cut()
		t.current = nil
	}
}

func (t *talk) wait(now int64) time.Duration {
	if t.current == nil {
		return forever
	}
	return t.current.wait(now)
}

// advance serves those connections whose turn it is.
func (t *talk) advance(l *loop) {
	r := t.current
	if r == nil {
		return
	}
	// A loop that was held up serves what has arrived before it catches up.
	for due := min(r.due(l.now), r.over+eventBatch); r.over < due; {
		turn := r.over
		r.over++
		slot, sequence := r.of(turn)
		c := &l.conns[slot]
		if c.state != stateOpen {
			continue
		}
		l.meter.left(r.begun(l.now, turn))
		if t.act != nil {
			t.act(l, c, sequence)
		}
		if err := l.flush(c); err != nil {
			l.end(c, err)
		}
	}
}

func (t *talk) start(_ *loop, slot uint32, s echoState) bool { return s.sent < t.owed(slot) }

func (t *talk) owed(slot uint32) (n uint32) {
	for i := range t.rounds {
		n += t.rounds[i].portion(slot)
	}
	return n
}

func (t *talk) busy(c *conn) bool { return t.states[c.slot].echoed < t.owed(c.slot) }

func (t *talk) data(l *loop, c *conn, p piece) error {
	s := &t.states[c.slot]
	sequence := s.echoed
	err := t.echoes.data(l, c, p)
	if s.echoed > sequence {
		t.answer(l, c.slot, sequence)
	}
	return err
}

// answer counts the echo of a message in its round.
func (t *talk) answer(l *loop, slot, sequence uint32) {
	for i := range t.rounds {
		n := t.rounds[i].portion(slot)
		if sequence < n {
			l.meter.message(t.rounds[i].answer(l.now, slot, sequence))
			return
		}
		sequence -= n
	}
}
