package main

import (
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// eventually polls condition until it holds.
func eventually(t *testing.T, condition func() bool, what string) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(10 * time.Second); !condition(); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited 10 s for %s", what)
		}
	}
}

func TestDrainOverHTTP(t *testing.T) {
	s := serve(t, "--listen=127.0.0.1:0", "--admin=127.0.0.1:0", "--drain-grace=200ms", "--drain-code=1012", "--drain-reason=moving")
	address := s.line(`listening on (\S+)$`)
	admin := s.line(`^  admin +(http://\S+)$`)
	conn, _, _, err := ws.Dial(t.Context(), "ws://"+address+"/client/hubs/chat")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if code, body := post(t, admin+"drain"); code != http.StatusAccepted {
		t.Fatalf("drain: %d %s", code, body)
	}
	eventually(t, func() bool { code, _ := get(t, admin+"readyz"); return code == http.StatusServiceUnavailable }, "unready")
	if _, body := get(t, admin+"status"); !strings.Contains(body, `"left": 1`) {
		t.Errorf("status tells nothing of the session that is left: %s", body)
	}
	if _, body := get(t, admin+"metrics"); !strings.Contains(body, "\nsluice_draining 1\n") || !strings.Contains(body, "\nsluice_drain_sessions_left 1\n") {
		t.Error("metrics tell nothing of the drain")
	}
	f, err := ws.ReadFrame(conn)
	if err != nil {
		t.Fatal(err)
	}
	if code, reason := ws.ParseCloseFrameData(f.Payload); f.Header.OpCode != ws.OpClose || code != 1012 || reason != "moving" {
		t.Errorf("closed with opcode %d, code %d %q; want 1012 and the configured reason", f.Header.OpCode, code, reason)
	}
	conn.Close()
	if code := s.exit(); code != exitClean {
		t.Errorf("exit code %d; stderr %s", code, s.stderr)
	}
}

// A signal to end that follows a drain, as the end of a container follows its
// preStop hook, lets the drain go on; a second one does not.
func TestASignalLetsADrainGoOn(t *testing.T) {
	for _, tc := range []struct {
		name    string
		signals int
		code    int
	}{{"one", 1, exitClean}, {"two", 2, exitFailed}} {
		t.Run(tc.name, func(t *testing.T) {
			s := serve(t, "--listen=127.0.0.1:0", "--admin=127.0.0.1:0", "--shutdown-timeout=1h", "--close-timeout=1h")
			address, admin := s.line(`listening on (\S+)$`), s.line(`^  admin +(http://\S+)$`)
			conn, _, _, err := ws.Dial(t.Context(), "ws://"+address+"/client/hubs/chat")
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			post(t, admin+"drain")
			s.line(`^(stopping within)`)
			for range tc.signals {
				s.signals <- syscall.SIGTERM
			}
			eventually(t, func() bool { return len(s.signals) == 0 }, "the signals to be heard")
			if tc.code == exitClean {
				if f, err := ws.ReadFrame(conn); err != nil || f.Header.OpCode != ws.OpClose {
					t.Errorf("the drain does not go on: opcode %d, %v", f.Header.OpCode, err)
				}
				conn.Close()
			}
			if code := s.exit(); code != tc.code {
				t.Errorf("exit code %d, want %d; stderr %s", code, tc.code, s.stderr)
			}
		})
	}
}

func TestReloadOverHTTPAndBySignal(t *testing.T) {
	file := write(t, "sluice.yaml", "hubs:\n  chat: {sessions: 1}\n")
	s := serve(t, "--listen=127.0.0.1:0", "--admin=127.0.0.1:0", file)
	url := "ws://" + s.line(`listening on (\S+)$`) + "/client/hubs/chat"
	admin := s.line(`^  admin +(http://\S+)$`)
	connects := func() bool {
		conn, _, _, err := ws.Dial(t.Context(), url)
		if err == nil {
			t.Cleanup(func() { conn.Close() })
		}
		return err == nil
	}
	rewrite := func(content string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if !connects() || connects() {
		t.Fatal("the hub takes not exactly one session")
	}

	rewrite("hubs:\n  chat: {sessions: many}\n")
	if code, body := post(t, admin+"reload"); code != http.StatusUnprocessableEntity || !strings.Contains(body, "sluice.yaml:2:20: hubs.chat.sessions") {
		t.Errorf("reload of a faulty file: %d %s", code, body)
	}
	if connects() {
		t.Error("a faulty file has changed the limit")
	}

	rewrite("workers: 3\nhubs:\n  chat: {sessions: 2}\n")
	if code, body := post(t, admin+"reload"); code != http.StatusOK || !strings.Contains(body, `"workers"`) {
		t.Errorf("reload: %d %s, want to hear that workers need a restart", code, body)
	}
	if !connects() || connects() {
		t.Error("after the reload the hub takes not exactly two sessions")
	}

	rewrite("log: {level: error}\nhubs:\n  chat: {sessions: 3}\n")
	s.reloads <- syscall.SIGHUP
	eventually(t, connects, "a third session, once the signal is followed")
	if code, body := post(t, admin+"reload"); code != http.StatusOK { // after the one of the signal
		t.Errorf("reload: %d %s", code, body)
	}

	s.signals <- syscall.SIGTERM
	s.signals <- syscall.SIGTERM // for nobody answers the close frames
	s.exit()
	logged := s.stderr.String()
	for message, want := range map[string]int{
		"configuration not reloaded": 1,
		"configuration reloaded":     1,
		"draining":                   0, // below the level that the last reload set
	} {
		if got := strings.Count(logged, message); got != want {
			t.Errorf("%q is logged %d times, want %d, in\n%s", message, got, want, logged)
		}
	}
}

// A drain that turns out to be too slow is made faster.
func TestADrainFollowsTheConfiguration(t *testing.T) {
	file := write(t, "sluice.yaml", "drain: {rate: 1}\nhubs:\n  chat: {}\n")
	s := serve(t, "--listen=127.0.0.1:0", "--admin=", "--shutdown-timeout=1h", file)
	url := "ws://" + s.line(`listening on (\S+)$`) + "/client/hubs/chat"
	for range 60 { // at that rate they take a minute
		conn, _, _, err := ws.Dial(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			ws.ReadFrame(conn)
			conn.Close()
		}()
	}
	s.signals <- syscall.SIGTERM
	s.line(`^(stopping within)`)
	if err := os.WriteFile(file, []byte("hubs:\n  chat: {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.reloads <- syscall.SIGHUP
	if code := s.exit(); code != exitClean {
		t.Errorf("exit code %d; stderr %s", code, s.stderr)
	}
}
