package buf

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestChainAgainstAModel appends, shares and sends random pieces and compares
// with one flat buffer.
func TestChainAgainstAModel(t *testing.T) {
	const seed = 7
	rng := rand.New(rand.NewPCG(seed, seed))
	chain := NewChain()
	defer chain.Close()
	var model []byte
	next := byte(0)
	for step := range 20_000 {
		if rng.IntN(2) == 0 {
			piece := make([]byte, rng.IntN(9000))
			for i := range piece {
				piece[i] = next
				next++
			}
			model = append(model, piece...)
			if rng.IntN(2) == 0 {
				chain.AppendShared(piece)
			} else {
				chain.Append(piece)
				clear(piece) // a copy must have been taken
			}
		} else {
			sent := rng.IntN(len(model) + 1)
			checkFront(t, step, chain, model)
			chain.Skip(sent)
			model = model[sent:]
		}
		if chain.Len() != len(model) {
			t.Fatalf("seed %d, step %d: Len() = %d, want %d", seed, step, chain.Len(), len(model))
		}
	}
}

func checkFront(t *testing.T, step int, chain *Chain, model []byte) {
	t.Helper()
	front := bytes.Join(chain.Slices(make([][]byte, 0, 8)), nil)
	if !bytes.HasPrefix(model, front) {
		t.Fatalf("step %d: the chain's front differs from what was appended", step)
	}
	if len(front) == 0 && len(model) > 0 {
		t.Fatalf("step %d: no slices of a chain of %d bytes", step, len(model))
	}
}

func TestChainSharesWithoutCopying(t *testing.T) {
	shared := []byte("one slice, many readers")
	a, b := NewChain(), NewChain()
	defer a.Close()
	defer b.Close()
	a.AppendShared(shared)
	b.AppendShared(shared)
	a.Skip(4)
	for name, chain := range map[string]*Chain{"a": a, "b": b} {
		front := chain.Slices(make([][]byte, 0, 4))[0]
		if &front[len(front)-1] != &shared[len(shared)-1] {
			t.Errorf("chain %s holds a copy", name)
		}
	}
	if got := string(b.Slices(make([][]byte, 0, 4))[0]); got != string(shared) {
		t.Errorf("sending from one chain changed the other: %q", got)
	}
}
