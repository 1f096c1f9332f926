package gateway

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluicegate/sluice/poller/pollertest"
)

const (
	// modelTime says how long TestModel plays, as time.ParseDuration has it.
	modelTime = "SLUICE_MODEL"
	// modelSeed has it play one round again.
	modelSeed = "SLUICE_MODEL_SEED"
)

// TestModel plays rounds of random deeds against a model that knows nothing of
// loops, shares and passes: for each session it lists the messages that it is
// owed. When all have read what there is, each must have received those, in
// order, but for what its policies may have dropped, and the counts must say so.
func TestModel(t *testing.T) {
	if again := os.Getenv(modelSeed); again != "" {
		seed, err := strconv.ParseUint(again, 10, 64)
		if err != nil {
			t.Fatalf("%s=%q: want the number that a failure has printed", modelSeed, again)
		}
		playModel(t, seed)
		return
	}
	lasts := 2 * time.Second
	if value := os.Getenv(modelTime); value != "" {
		var err error
		if lasts, err = time.ParseDuration(value); err != nil {
			t.Fatalf("%s=%q: want a duration, for example 10m", modelTime, value)
		}
	}
	seed, rounds := rand.Uint64(), 0
	for began := time.Now(); time.Since(began) < lasts && !t.Failed(); rounds++ {
		playModel(t, seed+uint64(rounds))
	}
	t.Logf("%d rounds", rounds)
}

// playModel plays the round of a seed.
func playModel(t *testing.T, seed uint64) {
	synctest.Test(t, func(t *testing.T) {
		defer func() {
			if t.Failed() {
				t.Logf("play it again with %s=%d", modelSeed, seed)
			}
		}()
		w := newModelWorld(t, rand.New(rand.NewPCG(seed, 0)))
		for range 100 + w.IntN(1500) {
			w.act()
		}
		w.end()
	})
}

// modelWorld is one round: a gateway on a scripted kernel, its clients, and
// what is to be expected.
type modelWorld struct {
	*rand.Rand
	t      *testing.T
	shard  *shard
	rig    *pollertest.Rig
	hub    *Hub
	other  *Hub // nobody's
	config *Config

	sendBuffer  int
	calm        bool // nobody leaves but at the end
	peak        int  // clients at most
	groups      []string
	clients     []*modelClient
	deliveries  []*modelDelivery
	lastMessage int
	books       map[string]*modelBook // by class
	refused     []*modelClient        // joins in too many groups
	slowEnds    uint64
	events      []Event
	ctx         context.Context
	deeds       int
}

// modelMessage is one message of the round.
type modelMessage struct {
	id     int
	stream string // within it the order counts
	class  string
	policy Policy
	key    string
	size   int // in a session's queue, at most
}

// modelBook is how often messages of a class must have been offered and
// dropped. What becomes of a message to a session that is ending, the model
// cannot know.
type modelBook struct{ offered, dropped, unknown, received uint64 }

// modelDelivery is a call of Deliver.
type modelDelivery struct {
	targets []*modelClient
	done    bool
	reach   Reach
	err     error
}

func newModelWorld(t *testing.T, random *rand.Rand) *modelWorld {
	w := &modelWorld{
		Rand:       random,
		t:          t,
		sendBuffer: 1000 + random.IntN(8000),
		calm:       random.IntN(3) == 0,
		peak:       3 + random.IntN(12),
		ctx:        t.Context(),
		books:      make(map[string]*modelBook),
	}
	if w.IntN(6) == 0 {
		w.peak = 150 // more than a slice
	}
	w.shard, w.rig = onRig(t, w.configure())
	w.config = &w.shard.gateway.config
	w.rig.SetBuffers(w.sendBuffer, 4<<10)
	if w.IntN(2) == 0 {
		w.rig.TakeTime(fanoutBudget / time.Duration(1+w.IntN(4)))
	}
	w.hub, w.other = w.shard.gateway.Hub("model"), w.shard.gateway.Hub("other")
	t.Cleanup(w.shard.gateway.Subscribe(func(events []Event, lost uint64) {
		w.events = append(w.events, events...)
		if lost > 0 {
			t.Errorf("%d events were lost", lost)
		}
	}))
	for range w.peak / 2 {
		w.dial()
	}
	return w
}

// configure returns a configuration in which queues are soon full.
func (w *modelWorld) configure() Config {
	hub := HubConfig{Name: "model", Handler: (*modelHandler)(w), Dispatch: Inline, Delivery: w.delivery(Policy(w.IntN(4)))}
	hub.Authorize = w.authorize
	for policy, name := range []string{"close", "newest", "oldest", "conflate"} {
		hub.Groups = append(hub.Groups, GroupClass{Name: name, Prefix: name, Delivery: w.delivery(Policy(policy))})
		w.groups = append(w.groups, name+" a", name+" b")
	}
	w.groups = append(w.groups, "of the hub's class")
	config := Config{Hubs: []HubConfig{hub, {Name: "other"}}}
	config.Limits.Outbound = 2000 << w.IntN(7)
	if w.IntN(3) == 0 {
		config.Limits.OutboundMessages = 4 + w.IntN(60)
	}
	config.Limits.Groups = 2 + w.IntN(8)
	config.Limits.SessionsPerAddress = 1000
	if w.IntN(2) == 0 {
		config.Limits.Sessions = max(1, w.peak-1)
		config.Hubs[0].SessionsPerUser = 1 + w.IntN(w.peak)
	}
	if w.IntN(3) == 0 {
		config.Hubs[0].Sessions = w.peak/2 + 1
	}
	config.Compression = Compression{Enabled: w.IntN(2) == 0, Threshold: 50 + w.IntN(200)}
	// Nothing ends by time alone.
	config.Timeouts = Timeouts{Ping: -1, Close: 24 * time.Hour, WriteStall: 24 * time.Hour}
	return config
}

func (w *modelWorld) delivery(policy Policy) Delivery {
	d := Delivery{Policy: policy}
	if w.IntN(2) == 0 {
		d.Window = modelWindow * time.Duration(1+w.IntN(10)) / 10
		d.Batch = 100 << w.IntN(10)
	}
	return d
}

// modelWindow is the longest window of a round.
const modelWindow = 60 * time.Millisecond

// act does one random deed.
func (w *modelWorld) act() {
	w.deeds++
	switch n := w.IntN(100); {
	case n < 52:
		w.tell()
	case n < 68:
		w.anyone().read(w, w.IntN(5000))
	case n < 72:
		c := w.anyone()
		c.stopped = !c.stopped
		c.read(w, 1<<20)
	case n < 82:
		for range w.IntN(4) {
			w.rig.TickOver()
		}
	case n < 85:
		w.rig.Settle()
		w.compare()
	case n < 89:
		w.rig.Pass(time.Duration(w.IntN(40)) * time.Millisecond)
	case n < 93:
		w.dial()
	case n < 95:
		c := w.anyone()
		c.write(w, 0x9, []byte("ping"))
	case n < 97:
		w.anyone().write(w, 0x1, []byte("act")) // what the handler does then, it does on the loop
	case n < 99:
		if !w.calm {
			w.endOne()
		}
	case w.IntN(3) == 0:
		w.checkpoint()
	}
}

// tell does something that a program may do on any goroutine, a loop's too.
func (w *modelWorld) tell() {
	c := w.anyone()
	name := w.groups[w.IntN(len(w.groups))]
	if c.life == doomed && !c.ended {
		return // its client has gone, and nobody knows when that is noticed
	}
	switch n := w.IntN(100); {
	case n < 35:
		w.publishToGroup(name)
	case n < 42:
		w.publishToHub()
	case n < 48:
		w.publishToUser(w.user())
	case n < 62:
		w.sendTo(c)
	case n < 80:
		w.join(c, name)
	case n < 90:
		w.note("%v leaves %q", c, name)
		w.fine(w.hub.Group(name).Leave(c.session))
		c.leave(name)
	case n < 93:
		w.note("%v leaves all", c)
		w.fine(c.session.LeaveAll())
		c.leave(w.groups...)
	case n < 95:
		w.fine(w.other.Group(name).Join(c.session))
		w.fine(w.other.Group(name).Leave(c.session))
		w.fine(w.other.Publish(Publication{Type: Text, Payload: []byte("to nobody")}))
	case n < 97 && !w.calm:
		w.note("%v is closed", c)
		w.fine(c.session.Close(4000, "enough"))
		if c.life == living {
			c.life = closing4000
		}
	}
}

// anyone returns a client; some have gone.
func (w *modelWorld) anyone() *modelClient {
	if c := w.clients[w.IntN(len(w.clients))]; !c.ended || w.IntN(10) == 0 {
		return c
	}
	alive := slices.DeleteFunc(slices.Clone(w.clients), func(c *modelClient) bool { return c.ended })
	if len(alive) == 0 {
		return w.clients[0]
	}
	return alive[w.IntN(len(alive))]
}

func (w *modelWorld) user() string { return fmt.Sprintf("user %d", w.IntN(4)) }

// note logs a deed, if the round is played again under -v.
func (w *modelWorld) note(format string, args ...any) {
	if testing.Verbose() && os.Getenv(modelSeed) != "" {
		w.t.Logf("deed %d: "+format, append([]any{w.deeds}, args...)...)
	}
}

func (w *modelWorld) fine(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Errorf("deed %d: %v", w.deeds, err)
	}
}

// join makes c a member, unless it is in too many groups.
func (w *modelWorld) join(c *modelClient, name string) {
	w.note("%v joins %q", c, name)
	w.fine(w.hub.Group(name).Join(c.session))
	switch {
	case c.life != living || c.groups[name]:
	case len(c.groups) >= w.config.Limits.Groups:
		w.refused = append(w.refused, c)
	default:
		c.groups[name] = true
	}
}

// endOne ends a session from its client's side.
func (w *modelWorld) endOne() {
	c := w.anyone()
	if c.life == closing4000 {
		w.rig.Settle() // or it might be the peer that closes it
	}
	if c.ended {
		return
	}
	c.life = doomed
	w.note("%v goes", c)
	switch w.IntN(4) {
	case 0:
		c.write(w, 0x8, []byte{0x03, 0xe8})
	case 1:
		c.peer.Close()
	case 2:
		c.peer.Reset()
	case 3:
		c.peer.CloseWrite()
	}
	w.rig.Settle()
	c.stopped = false
	for !c.ended && c.read(w, 1<<24) { // what had been sent goes first
		w.rig.Settle()
	}
	if !c.ended {
		w.t.Fatalf("deed %d: the session of client %d outlives its client", w.deeds, c.number)
	}
}
