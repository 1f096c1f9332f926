package main

import (
	"math"
	"math/rand/v2"
	"slices"
)

// The field, in units of length.
const (
	side   = 1000 // of the field, a square
	border = 30   // along it is nothing, so that whoever is there is seen whole
	reach  = 34   // how close a player comes to a crumb to eat it
	stride = 14   // how far a player gets in a tick, at most
	crumbs = 20   // how many lie about at any time
)

// vector is a place on the field, or a direction.
type vector struct{ x, y float64 }

// player is who steers over the field and eats.
type player struct {
	id      uint32
	at      vector
	heading vector // of length 1 at most; zero stands still
	score   uint16
}

// world is the state of the game and its rules. It knows no clock and no network: a
// step is a tick.
type world struct {
	random  *rand.Rand
	tick    uint32
	crumbs  []vector
	players []*player
}

func newWorld(random *rand.Rand) *world {
	w := &world{random: random}
	for range crumbs {
		w.crumbs = append(w.crumbs, w.anywhere())
	}
	return w
}

func (w *world) anywhere() vector {
	const width = side - 2*border
	return vector{border + w.random.Float64()*width, border + w.random.Float64()*width}
}

// enter puts a player somewhere on the field.
func (w *world) enter(p *player) {
	p.at = w.anywhere()
	w.players = append(w.players, p)
}

func (w *world) leave(p *player) {
	w.players = slices.DeleteFunc(w.players, func(other *player) bool { return other == p })
}

// step moves every player on by one tick, and has them eat what they reach.
func (w *world) step() {
	w.tick++
	for _, p := range w.players {
		p.at.x = min(max(p.at.x+p.heading.x*stride, border), side-border)
		p.at.y = min(max(p.at.y+p.heading.y*stride, border), side-border)
		for i, crumb := range w.crumbs {
			if math.Hypot(crumb.x-p.at.x, crumb.y-p.at.y) <= reach {
				p.score++
				w.crumbs[i] = w.anywhere()
			}
		}
	}
}
