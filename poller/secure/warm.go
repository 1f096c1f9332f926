package secure

// Warm keeps the ciphers of the sessions that were used last, so that a busy
// connection does not make its own anew for each record and an idle one has
// none. It belongs to one loop. A session found unused for a whole round of the
// ring goes cold.
type Warm struct {
	ring  []*session13
	next  int
	nonce [nonceSize]byte // of the record at hand
}

// NewWarm returns a ring for size sessions, at least 1. Each takes some 2 KB.
func NewWarm(size int) *Warm { return &Warm{ring: make([]*session13, size)} }

// touch notes that s is in use.
func (w *Warm) touch(s *session13) {
	if s.recent = true; s.in.aead != nil || s.out.aead != nil {
		return
	}
	for {
		old := w.ring[w.next]
		if old == nil || !old.recent || old == s {
			if old != nil {
				old.cool()
			}
			w.ring[w.next] = s
			w.advance()
			return
		}
		old.recent = false
		w.advance()
	}
}

func (w *Warm) advance() { w.next = (w.next + 1) % len(w.ring) }

// cool drops the ciphers.
func (s *session13) cool() { s.in.aead, s.out.aead = nil, nil }

// Forget drops a session that leaves the loop: from now on nothing here touches it.
func (w *Warm) Forget(s Session) {
	for i, held := range w.ring {
		if Session(held) == s {
			held.cool()
			w.ring[i] = nil
		}
	}
}
