package main

import (
	"context"
	"embed"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
)

//go:embed page
var page embed.FS

const tick = 50 * time.Millisecond

// game is a world that clients play in. Any goroutine may call its methods.
type game struct {
	// Guarded by mu, which nobody holds for longer than a step takes: some
	// microseconds, so that handlers may wait for it on a loop.
	mu    sync.Mutex
	world *world
	ids   uint32 // given so far
}

func newGame() *game {
	return &game{world: newWorld(rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())))}
}

// config is that of a gateway with the page and the hub "game".
func (g *game) config(listen string) gateway.Config {
	return gateway.Config{
		Listen: listen,
		HTTP:   http.FileServerFS(files()),
		Hubs: []gateway.HubConfig{{
			Name:      "game",
			Authorize: g.admit,
			Dispatch:  gateway.Inline, // handlers take a microsecond
			Sessions:  200,
			// To a slow player the latest state matters, and not those it has missed.
			Delivery: gateway.Delivery{Policy: gateway.DropOldest},
		}},
		Limits: gateway.Limits{
			Message: 16,
			// What a slow player is sent late, before the latest: two states that wait, a
			// quarter of Outbound ahead of them, and what the kernel has taken.
			OutboundMessages: 2,
			Outbound:         8 << 10,
			KernelSend:       4 << 10,
		},
		// An input for each tick, and some more. What is above that waits with its
		// sender, and slows down nobody else.
		Rates: gateway.Rates{Messages: 30, MessageBurst: 60},
	}
}

// files are those of the page.
func files() fs.FS {
	dir, err := fs.Sub(page, "page")
	if err != nil {
		panic(err) // "page" is a valid path
	}
	return dir
}

// run is the loop of the game: a step and a message to everyone in each tick, until
// ctx ends.
func (g *game) run(ctx context.Context, hub *gateway.Hub) {
	clock := time.NewTicker(tick)
	defer clock.Stop()
	var state []byte
	for {
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
			state = g.step(state[:0])
			// If the gateway is too busy some miss this state. The next one is near.
			_ = hub.Publish(gateway.Publication{Type: gateway.Binary, Payload: state})
		}
	}
}

// step plays one tick and appends the state to dst.
func (g *game) step(dst []byte) []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.world.step()
	return appendState(dst, g.world)
}

// admit gives each session a player and tells it which, ahead of any state. A real
// game would ask for a proof of who that is.
func (g *game) admit(r *gateway.Request) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ids++
	r.Handler = &seat{game: g, player: &player{id: g.ids}}
	r.Greeting = gateway.Message{Type: gateway.Binary, Payload: appendWelcome(nil, g.ids)}
	return nil
}

// seat is the handler of one session, which steers one player.
type seat struct {
	game   *game
	player *player
}

// Open puts the player on the field.
func (s *seat) Open(gateway.Session, *gateway.Request) {
	s.game.mu.Lock()
	defer s.game.mu.Unlock()
	s.game.world.enter(s.player)
}

// Message has the player turn.
func (s *seat) Message(session gateway.Session, m gateway.Message) {
	heading, err := parseHeading(m)
	if err != nil {
		_ = session.Close(ws.StatusUnsupportedData, err.Error()) // fails if it has ended
		return
	}
	s.game.mu.Lock()
	defer s.game.mu.Unlock()
	s.player.heading = heading
}

// Close takes the player away.
func (s *seat) Close(gateway.Session, gateway.Reason) {
	s.game.mu.Lock()
	defer s.game.mu.Unlock()
	s.game.world.leave(s.player)
}
