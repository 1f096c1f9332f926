package pubsub_test

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway/gatewaytest"
	"github.com/sluicegate/sluice/gateway/pubsub"
	"github.com/sluicegate/sluice/gateway/token"
	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

var update = flag.Bool("update", false, "rewrite the table in docs/api.md")

const (
	apiPage     = "../../docs/api.md"
	outageBegin = "<!-- table of outages: go test ./gateway/pubsub -run Outages -update -->\n"
	outageEnd   = "<!-- end of the table -->\n"
)

// outageTimeout is that of a request to a handler, 5 s by default, and outagePause the
// breaker's, 1 s by default.
const (
	outageTimeout = time.Second
	outagePause   = 250 * time.Millisecond
)

// scene is a hub whose handler fails, with the clients that see it.
type scene struct {
	*rig
	t       *testing.T
	outage  outage
	handler *eventHandler

	resident, leaver *peer // in JSON; the resident asks, and the leaver leaves
	simple           *gatewaytest.Client
	asked            int      // events of the resident
	newcomer         net.Conn // waits for its answer

	seen row
}

// row is a row of the table: what clients saw.
type row struct {
	newcomers, events []string // one after the other
	simple, notices   string
	sessions, after   string
}

func (r row) String() string {
	return strings.Join([]string{sequence(r.newcomers), sequence(r.events), r.simple, r.notices, r.sessions, r.after}, " | ")
}

// sequence says what was seen, once if it was always the same.
func sequence(seen []string) string {
	if len(seen) == 2 && seen[0] == seen[1] {
		return seen[0]
	}
	return strings.Join(seen, ", then ")
}

// All handlers fail at the same time, each of a hub of its own and in its own way, and
// are well again at the same time. What clients see of it stands in docs/api.md.
func TestOutages(t *testing.T) {
	scenes := stage(t)
	each := func(do func(*scene)) {
		for _, s := range scenes {
			do(s)
		}
	}
	each((*scene).settle)
	each(func(s *scene) { s.handler.ail(s.outage) })
	each(func(s *scene) { s.ask(); s.knock() })
	each((*scene).observe)
	each(func(s *scene) { s.ask(); s.knock() })
	each((*scene).observe)
	each(func(s *scene) { s.simple.SendText("hello"); s.leaver.Close() }) // the breaker opens, if it does
	each((*scene).observeLast)
	each((*scene).observeSessions)
	each((*scene).recovers)
	each((*scene).observeNotices)

	var table strings.Builder
	table.WriteString("| event handler | new client | user event | of a simple client | notifications | open sessions | once it is well |\n|---|---|---|---|---|---|---|\n")
	each(func(s *scene) { fmt.Fprintf(&table, "| %s | %v |\n", s.outage.state, s.seen) })
	t.Logf("\n%s", &table)
	compare(t, table.String())
}

// compare looks for the table on the page.
func compare(t *testing.T, table string) {
	t.Helper()
	content, err := os.ReadFile(apiPage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begun := strings.Cut(string(content), outageBegin)
	found, after, ended := strings.Cut(rest, outageEnd)
	switch {
	case !begun || !ended:
		t.Fatalf("%s lacks the marks of the table", apiPage)
	case *update && !t.Failed():
		if err := os.WriteFile(apiPage, []byte(before+outageBegin+table+outageEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
	case found != table:
		t.Errorf("the table in %s differs from what was seen; run with -update:\n%s", apiPage, found)
	}
}

// stage serves a hub for each outage.
func stage(t *testing.T) (scenes []*scene) {
	t.Helper()
	var configs []pubsub.Config
	for i, o := range outages {
		hub := fmt.Sprint("hub", i)
		h := startHandler(t, hub, webhook.Config{Timeout: outageTimeout, BreakerPause: outagePause})
		configs = append(configs, pubsub.Config{Hub: hub, Upstream: h.upstream})
		scenes = append(scenes, &scene{t: t, outage: o, handler: h})
	}
	for i, g := range startHubs(t, configs...) {
		scenes[i].rig = g
		t.Cleanup(func() { scenes[i].handler.end(t) })
	}
	return scenes
}

// settle lets clients in while all is well.
func (s *scene) settle() {
	s.resident = s.peer(s.t, plainJSON, token.Client{User: "ana", Groups: []string{"g"}})
	s.leaver = s.peer(s.t, plainJSON, token.Client{User: "ben"})
	s.simple = s.Dial(s.t, s.path(token.Client{User: "eva"}))
	s.ask()
	s.expectAnswer()
}

// ask has the resident send an event, and knock has a newcomer ask to be let in.
func (s *scene) ask() {
	s.asked++
	s.resident.SendText(fmt.Sprintf(`{"type":"event","event":"say","dataType":"text","data":"hello","ackId":%d}`, s.asked))
}

func (s *scene) knock() { s.newcomer = s.rig.knock(s.t, s.path(token.Client{User: "new"})) }

// answer returns what the resident's event came to.
func (s *scene) answer() string {
	s.t.Helper()
	f, answered := s.resident.frame(), "accepted"
	if f.Type == "message" {
		answered = map[bool]string{true: "answered", false: "answered, as " + f.DataType}[f.DataType == "text"]
		f = s.resident.frame()
	}
	if f.Type != "ack" || f.AckID != s.asked {
		s.t.Fatalf("%s: received %+v, want ack %d", s.outage.state, f, s.asked)
	}
	if !f.Success {
		return "`" + f.Error.Name + "`"
	}
	return answered
}

func (s *scene) expectAnswer() {
	s.t.Helper()
	if got := s.answer(); got != "answered" {
		s.t.Fatalf("%s: a handler that is well: the event is %s", s.outage.state, got)
	}
}

// observe notes how the event and the newcomer fared.
func (s *scene) observe() {
	s.seen.events = append(s.seen.events, s.answer())
	s.seen.newcomers = append(s.seen.newcomers, s.entry())
}

// entry says what the newcomer's upgrade came to.
func (s *scene) entry() string {
	s.t.Helper()
	answer, _ := answerTo(s.t, s.newcomer)
	retry := answer.Header.Get("Retry-After")
	switch {
	case answer.StatusCode == http.StatusSwitchingProtocols:
		return "let in"
	case retry != "":
		return fmt.Sprintf("%d with `Retry-After: %s`", answer.StatusCode, retry)
	}
	return fmt.Sprint(answer.StatusCode)
}

// observeLast notes how the simple client fared, and waits until the handler was told,
// or not told, that the leaver has left.
func (s *scene) observeLast() {
	f := s.simple.ReceiveFrame()
	s.seen.simple = "answered"
	if f.Header.OpCode == ws.OpClose {
		code, _ := ws.ParseCloseFrameData(f.Payload)
		s.seen.simple = fmt.Sprintf("closed with %d", code)
		s.simple.SendFrame(ws.NewCloseFrame(f.Payload))
	}
	s.Eventually(s.t, func() bool {
		e := s.handler.upstream.Stats().Events[webhook.Disconnected]
		return e.Answered+e.Rejected+e.Failed+e.Retried > 0
	}, "the handler to be told that a client has left")
}

// observeSessions sees that the resident is there and served, that little waits, and
// whether the handler is left alone.
func (s *scene) observeSessions() {
	s.resident.SendText(`{"type":"ping"}`)
	if f := s.resident.frame(); f.Type != "pong" {
		s.t.Errorf("%s: received %+v, want a pong", s.outage.state, f)
	}
	s.rest(s.t, inGroup, "1")
	s.resident.expectData("1")
	s.seen.sessions = "stay"

	stats := s.handler.upstream.Stats()
	if of := stats.Handlers[0]; stats.Queued > 4 || of.InFlight+of.Waiting > 4 {
		s.t.Errorf("%s: %d notifications and %d requests wait", s.outage.state, stats.Queued, of.InFlight+of.Waiting)
	}
	s.seen.after = "at once"
	if stats.Handlers[0].Breaker != "closed" {
		s.seen.after = "within 1.2 s"
	}
}

// recovers makes the handler well, and sees that all is as before: at once, or when the
// breaker has tried the handler.
func (s *scene) recovers() {
	s.handler.heal()
	if s.seen.after != "at once" {
		s.Eventually(s.t, func() bool { s.ask(); return s.answer() == "answered" }, "the breaker to close")
	}
	s.ask()
	s.expectAnswer()
	s.knock()
	if got := s.entry(); got != "let in" {
		s.t.Errorf("%s: once it is well a client is %s", s.outage.state, got)
	}
	simple := s.Dial(s.t, s.path(token.Client{User: "eve"}))
	simple.SendText("hello")
	simple.ExpectText("well")
}

// observeNotices notes how the handler was told that the leaver has left, and sees that
// nothing waits any more.
func (s *scene) observeNotices() {
	s.Eventually(s.t, func() bool {
		stats := s.handler.upstream.Stats()
		return stats.Queued == 0 && stats.Handlers[0].InFlight+stats.Handlers[0].Waiting == 0
	}, "the notifications to be delivered")
	again := s.handler.upstream.Stats().Events[webhook.Disconnected].Retried > 0
	s.seen.notices = map[bool]string{true: "sent again", false: "sent once"}[again]
	if again && !s.handler.wasTold("disconnected", s.leaver.id) {
		s.t.Errorf("%s: the handler was not told again", s.outage.state)
	}
	stats := s.handler.upstream.Stats()
	if state := stats.Handlers[0].Breaker; state != "closed" {
		s.t.Errorf("%s: the breaker is %s in the end", s.outage.state, state)
	}
	if untold := s.service.Stats().Untold; untold != 0 {
		s.t.Errorf("%s: %d notifications found no room", s.outage.state, untold)
	}
}
