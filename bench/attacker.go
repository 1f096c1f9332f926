package bench

// attacker is what the connections of one attack send. Its bytes are made once
// and sent often, so that the attack costs the server more than the attacker.
type attacker interface {
	// next returns what the connection begun after number others sends once it
	// has sent that many frames: at most most of them, which is 1 or more, and
	// how many they are. No bytes: it sends nothing more. The caller borrows
	// the bytes, which never change.
	next(number, sent uint64, most int) (b []byte, frames int)
}

// quiet sends nothing.
type quiet struct{}

func silence(*Target) attacker { return quiet{} }

func (quiet) next(uint64, uint64, int) ([]byte, int) { return nil, 0 }

// flood sends one frame of its own kind, if there is one, and then the same
// frame for ever, if there is one.
type flood struct {
	opening []byte
	frame   int    // length of the frame that is repeated
	frames  []byte // many of it, end to end
}

// floodBytes is about how much one write of a flood carries at most.
const floodBytes = 64 << 10

func newFlood(opening, frame []byte) flood {
	f := flood{opening: opening, frame: len(frame)}
	for len(frame) > 0 && len(f.frames) < floodBytes {
		f.frames = append(f.frames, frame...)
	}
	return f
}

func (f flood) next(_, sent uint64, most int) ([]byte, int) {
	switch {
	case sent == 0 && len(f.opening) > 0:
		return f.opening, 1
	case len(f.frames) == 0:
		return nil, 0
	}
	n := min(most, len(f.frames)/f.frame)
	return f.frames[:n*f.frame], n
}

// drip sends one byte at a time: opening once, then again for ever.
type drip struct{ opening, again []byte }

func (d drip) next(_, sent uint64, _ int) ([]byte, int) {
	if sent < uint64(len(d.opening)) {
		return d.opening[sent:][:1], 1
	}
	sent -= uint64(len(d.opening))
	return d.again[sent%uint64(len(d.again)):][:1], 1
}

// each has every connection send one of these, in turn, and nothing more.
type each [][]byte

func (e each) next(number, sent uint64, _ int) ([]byte, int) {
	if sent > 0 {
		return nil, 0
	}
	return e[number%uint64(len(e))], 1
}

// inTurn gives every connection one of these attackers, in turn.
type inTurn []attacker

func (t inTurn) next(number, sent uint64, most int) ([]byte, int) {
	turns := uint64(len(t))
	return t[number%turns].next(number/turns, sent, most)
}
