package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/pages/pagetest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// scripted answers with what it holds.
type scripted struct {
	stats gateway.Stats
	err   error
	ready bool
}

func (s *scripted) Stats(context.Context) (gateway.Stats, error) { return s.stats, s.err }
func (s *scripted) Ready() bool                                  { return s.ready }
func (*scripted) Hub(string) *gateway.Hub                        { return nil }
func (*scripted) Session(string) (gateway.Session, bool)         { return gateway.Session{}, false }

// stuck is a gateway one of whose loops does not answer.
type stuck struct{}

func (stuck) Stats(ctx context.Context) (gateway.Stats, error) {
	<-ctx.Done()
	return gateway.Stats{}, errors.New("loop 1 did not answer")
}
func (stuck) Ready() bool                            { return true }
func (stuck) Hub(string) *gateway.Hub                { return nil }
func (stuck) Session(string) (gateway.Session, bool) { return gateway.Session{}, false }

func busy() *scripted {
	return &scripted{ready: true, stats: gateway.Stats{
		Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Engine:  "epoll",
		Loops: []gateway.LoopStats{
			{Connections: 12, Sessions: 10, Inboxes: 3, Slots: 16, Accepted: 100, AcceptErrors: 1, Upgraded: 90, BytesIn: 1000, BytesOut: 2000,
				MessagesIn: 30, MessagesOut: 60, Undelivered: 2, ReadPauses: 3, Turns: 500, Wakes: 50, LongestTurn: 1500 * time.Microsecond,
				BusyPauses: 4, Joined: 20, Left: 11, JoinsRefused: 1,
				TurnTime: durations(20*time.Microsecond, 90*time.Microsecond, 3*time.Millisecond),
				Letters:  70, MailboxLetters: 6, MailboxBytes: 888,
				OutboundBytes: 700, SlowSessions: 2, QueuedMessages: 13, QueuedBytes: 1300,
				Fanout:     gateway.FanoutStats{Messages: 4, Bytes: 512, Passes: 40, Members: 400, Latency: durations(50*time.Millisecond, time.Minute)},
				WorkerWait: durations(time.Microsecond),
				Reasons:    map[gateway.Reason]uint64{gateway.ReasonPongTimeout: 4, gateway.ReasonOrigin: 5}},
			{Connections: 5, Sessions: 5, Slots: 8, Accepted: 11, Upgraded: 10, BytesIn: 1, BytesOut: 2, MessagesIn: 3, MessagesOut: 4,
				Turns: 6, TurnTime: durations(2 * time.Second), Letters: 1, Joined: 1, SlowSessions: 1, QueuedMessages: 1, QueuedBytes: 10,
				Fanout:  gateway.FanoutStats{Passes: 1, Members: 5, Latency: durations(80 * time.Millisecond)},
				Reasons: map[gateway.Reason]uint64{gateway.ReasonPongTimeout: 1}},
		},
		Workers:         gateway.WorkerStats{Workers: 16, Busy: 3, Waiting: 2, Ran: 99},
		HTTPConnections: 2,
		Segments:        6,
		Certificates:    []gateway.CertificateStats{{Name: "www.example.com", Serial: "3a5f", Expires: time.Date(2027, 1, 3, 0, 0, 0, 0, time.UTC)}},
		Hubs:            []gateway.HubStats{{Name: "chat", Sessions: 9, Users: 7, Groups: 3, Published: 8}, {Name: "echo", Sessions: 6}},
		Classes: []gateway.ClassStats{
			{Class: "route"},
			{Hub: "chat", Class: "hub", Offered: 50, Closed: 2},
			{Hub: "chat", Class: "positions", Policy: gateway.Conflate, Offered: 40, Dropped: 30},
			{Hub: "echo", Class: "hub", Policy: gateway.DropOldest},
		},
	}}
}

func durations(of ...time.Duration) (h gateway.Durations) {
	for _, d := range of {
		h.Add(d)
	}
	return h
}

// exposition returns the text of the gateway's own metrics.
func exposition(t *testing.T, source Source) []byte {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(&collector{source, "v1.2.3"})
	answer := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	if answer.Code != http.StatusOK {
		t.Fatalf("status %d: %s", answer.Code, answer.Body)
	}
	return answer.Body.Bytes()
}

func TestExpositionMatchesGolden(t *testing.T) {
	for name, source := range map[string]Source{
		"testdata/busy.prom":   busy(),
		"testdata/public.prom": withAPI(),
		"testdata/fresh.prom": &scripted{ready: true, stats: gateway.Stats{Engine: "epoll", Loops: make([]gateway.LoopStats, 1),
			Hubs: []gateway.HubStats{{Name: "chat"}}, Classes: []gateway.ClassStats{{Class: "route"}, {Hub: "chat", Class: "hub"}}}},
		"testdata/stuck.prom": &scripted{err: errors.New("loop 1 did not answer")},
	} {
		got := exposition(t, source)
		if *update {
			if err := os.WriteFile(name, got, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs; run with -update to accept\n%s", name, got)
		}
	}
}

func TestEveryReasonHasASeriesFromTheStart(t *testing.T) {
	text := string(exposition(t, &scripted{stats: gateway.Stats{Loops: make([]gateway.LoopStats, 1)}}))
	for _, reason := range gateway.Reasons() {
		if !strings.Contains(text, `{reason="`+reason.String()+`"} 0`) {
			t.Errorf("no series at zero for reason %s", reason)
		}
	}
}

// A figure that is added to the gateway's snapshot must not stay unseen.
func TestEveryFigureIsExposed(t *testing.T) {
	fresh := func() *scripted {
		return &scripted{stats: gateway.Stats{Loops: make([]gateway.LoopStats, 1), Hubs: make([]gateway.HubStats, 1), Classes: make([]gateway.ClassStats, 1)}}
	}
	without := exposition(t, fresh())
	for _, part := range []func(*gateway.Stats) any{
		func(s *gateway.Stats) any { return s },
		func(s *gateway.Stats) any { return &s.Workers },
		func(s *gateway.Stats) any { return &s.Loops[0] },
		func(s *gateway.Stats) any { return &s.Loops[0].Fanout },
		func(s *gateway.Stats) any { return &s.Hubs[0] },
		func(s *gateway.Stats) any { return &s.Classes[0] },
	} {
		fields := reflect.TypeOf(part(&fresh().stats)).Elem()
		for i := range fields.NumField() {
			source := fresh()
			switch field := reflect.ValueOf(part(&source.stats)).Elem().Field(i); {
			case field.CanInt():
				field.SetInt(7)
			case field.CanUint():
				field.SetUint(7)
			case field.Type() == reflect.TypeFor[gateway.Durations]():
				field.Set(reflect.ValueOf(durations(time.Second)))
			default:
				continue
			}
			if bytes.Equal(exposition(t, source), without) {
				t.Errorf("%s.%s is in no metric", fields.Name(), fields.Field(i).Name)
			}
		}
	}
}

func get(t *testing.T, source Source, path string) *httptest.ResponseRecorder {
	t.Helper()
	answer := httptest.NewRecorder()
	Handler(source, "v1.2.3").ServeHTTP(answer, httptest.NewRequest("GET", path, nil))
	return answer
}

func TestAnswers(t *testing.T) {
	failing := &scripted{err: errors.New("loop 1 did not answer")}
	const unavailable = `{"title":"Service Unavailable","status":503,"detail":`
	for _, tc := range []struct {
		name   string
		source Source
		path   string
		status int
		body   string
	}{
		{"index", busy(), "/", 200, "/metrics"},
		{"metrics", busy(), "/metrics", 200, "sluice_sessions{loop=\"1\"} 5\n"},
		{"Go metrics", busy(), "/metrics", 200, "\ngo_goroutines "},
		{"pauses of the garbage collector", busy(), "/metrics", 200, "\ngo_gc_duration_seconds_count "},
		{"the longest of them", busy(), "/metrics", 200, "\ngo_gc_duration_seconds{quantile=\"1\"} "},
		{"metrics of a stuck loop", failing, "/metrics", 200, "sluice_healthy 0\n"},
		{"health", busy(), "/healthz", 200, "healthy\n"},
		{"health of a failing loop", failing, "/healthz", 503, unavailable + `"loop 1 did not answer"}`},
		{"readiness", busy(), "/readyz", 200, "ready\n"},
		{"readiness when stopping", &scripted{}, "/readyz", 503, unavailable + `"new sessions are not accepted"}`},
		{"status of a failing loop", failing, "/status", 503, unavailable + `"loop 1 did not answer"}`},
		{"profiles", busy(), "/debug/pprof/", 200, "goroutine"},
		{"a profile", busy(), "/debug/pprof/goroutine?debug=1", 200, "goroutine profile"},
		{"unknown path", busy(), "/metric", 404, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			answer := get(t, tc.source, tc.path)
			if answer.Code != tc.status || !strings.Contains(answer.Body.String(), tc.body) {
				t.Errorf("%d %s; want %d with %q", answer.Code, answer.Body, tc.status, tc.body)
			}
		})
	}
}

func TestBrowsersGetTheConsole(t *testing.T) {
	pagetest.Check(t, Handler(busy(), ""), "Sluice console")
}

func TestHealthGivesTheLoopsASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		answer := get(t, stuck{}, "/healthz")
		if took := time.Since(began); took != time.Second {
			t.Errorf("answered after %v, want 1s", took)
		}
		if answer.Code != 503 || !strings.Contains(answer.Body.String(), "loop 1") {
			t.Errorf("%d %s; want 503 naming loop 1", answer.Code, answer.Body)
		}
	})
}

func TestOnlyGetIsAllowed(t *testing.T) {
	answer := httptest.NewRecorder()
	Handler(busy(), "").ServeHTTP(answer, httptest.NewRequest("POST", "/status", nil))
	if answer.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST /status: %d, want 405", answer.Code)
	}
}

func TestStatusIsTheSnapshotWithTheProcess(t *testing.T) {
	var got struct {
		Version  string
		PID      int
		Ready    bool
		RSSBytes int64
		Gateway  struct {
			Engine string
			Loops  []struct {
				Sessions int
				Reasons  map[string]uint64
				TurnTime struct{ Count uint64 }
			}
			Hubs    []struct{ Name string }
			Classes []struct {
				Hub, Class, Policy string
				Dropped            uint64
			}
		}
	}
	answer := get(t, busy(), "/status")
	if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Version != "v1.2.3" || got.PID != os.Getpid() || !got.Ready || got.Gateway.Engine != "epoll" ||
		len(got.Gateway.Loops) != 2 || got.Gateway.Loops[0].Sessions != 10 {
		t.Errorf("status %+v", got)
	}
	if classes := got.Gateway.Classes; len(got.Gateway.Hubs) != 2 || len(classes) != 4 || classes[2].Policy != "conflate" || classes[2].Dropped != 30 {
		t.Errorf("hubs and classes are not in %s", answer.Body)
	}
	if n := got.Gateway.Loops[0].TurnTime.Count; n != 3 {
		t.Errorf("%d turns in the histogram, want 3, in %s", n, answer.Body)
	}
	if n := got.Gateway.Loops[0].Reasons["pong_timeout"]; n != 4 {
		t.Errorf("pong_timeout is %d, want 4, in %s", n, answer.Body)
	}
}

func TestServerServesUntilClosed(t *testing.T) {
	server, err := Listen("127.0.0.1:0", Handler(busy(), ""), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + server.Addr().String() + "/readyz"
	answer, err := http.Get(url)
	if err != nil || answer.StatusCode != 200 {
		t.Fatalf("GET: %v, %v", answer, err)
	}
	answer.Body.Close()
	if _, err := Listen(server.Addr().String(), nil, nil); err == nil {
		t.Error("a second Listen on the same address did not fail")
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := http.Get(url); err == nil {
		t.Error("still serving after Close")
	}
}

func TestANilServerServesNothing(t *testing.T) {
	var server *Server
	if server.Addr() != nil || server.Close() != nil {
		t.Error("a nil Server has an address or fails to close")
	}
}

// crowded is a listener for which there is no descriptor at first.
type crowded struct {
	net.Listener
	refused bool
}

func (c *crowded) Accept() (net.Conn, error) {
	if !c.refused {
		c.refused = true
		return nil, syscall.EMFILE
	}
	return c.Listener.Accept()
}

// What the server has to say goes where everything is logged, in its form.
func TestTheServerLogsWhereItIsTold(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	server := Serve(&crowded{Listener: listener}, Handler(busy(), ""), slog.New(slog.NewTextHandler(&log, nil)))
	answer, err := http.Get("http://" + listener.Addr().String() + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), `level=WARN msg="http: Accept error: too many open files`) {
		t.Errorf("the log has %q", log.String())
	}
}
