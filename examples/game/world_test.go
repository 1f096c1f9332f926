package main

import (
	"math/rand/v2"
	"testing"
)

func TestStep(t *testing.T) {
	const far = 900 // from the crumb at 500, 500
	for name, tc := range map[string]struct {
		at, heading, want vector
		score             uint16
	}{
		"stands":            {vector{far, far}, vector{0, 0}, vector{far, far}, 0},
		"runs":              {vector{far, far}, vector{1, 0}, vector{far + stride, far}, 0},
		"strolls":           {vector{far, far}, vector{0, -0.5}, vector{far, far - stride/2.}, 0},
		"left border":       {vector{border + 3, far}, vector{-1, 0}, vector{border, far}, 0},
		"corner":            {vector{side - border - 1, side - border - 1}, vector{1, 1}, vector{side - border, side - border}, 0},
		"eats":              {vector{500 - reach - stride, 500}, vector{1, 0}, vector{500 - reach, 500}, 1},
		"just out of reach": {vector{499 - reach - stride, 500}, vector{1, 0}, vector{499 - reach, 500}, 0},
		"eats where it is":  {vector{500, 500}, vector{0, 0}, vector{500, 500}, 1},
		"passes by too far": {vector{500, 500 - reach - 1}, vector{1, 0}, vector{500 + stride, 500 - reach - 1}, 0},
		"eats just so":      {vector{500, 500 + reach}, vector{0, 0}, vector{500, 500 + reach}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(rand.New(rand.NewPCG(1, 2)))
			w.crumbs = []vector{{500, 500}}
			p := &player{id: 1}
			w.enter(p)
			p.at, p.heading = tc.at, tc.heading
			w.step()
			if p.at != tc.want || p.score != tc.score || w.tick != 1 {
				t.Errorf("at %v with %d after %d ticks, want %v with %d after 1", p.at, p.score, w.tick, tc.want, tc.score)
			}
			if eaten := w.crumbs[0] != (vector{500, 500}); eaten != (tc.score > 0) || len(w.crumbs) != 1 {
				t.Errorf("the crumbs are %v", w.crumbs)
			}
		})
	}
}

func TestWhoLeavesIsGone(t *testing.T) {
	w := newWorld(rand.New(rand.NewPCG(1, 2)))
	one, two := &player{id: 1}, &player{id: 2}
	w.enter(one)
	w.enter(two)
	w.leave(one)
	w.leave(one)
	if len(w.players) != 1 || w.players[0] != two {
		t.Errorf("%d players are left, want the second", len(w.players))
	}
}
